#!/usr/bin/env bash
# The bare gate: every file of the bare rooms must compile for a 32-bit RISC-V controller (rv32imc, ESP32-C3 class)
# without exceptions, RTTI, threads, locale or operating system. Prints the size of each object, so that growth is seen.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/bare
mkdir -p "$out/include"
ln -sfn /usr/include/tl "$out/include/tl"   # the one third-party header that pure code may use

flags=(--target=riscv32-unknown-elf -march=rv32imc -mabi=ilp32 -std=c++20 -Os -nostdinc++ -nostdlibinc
       -isystem scripts/bare -isystem /usr/lib/llvm-19/include/c++/v1
       -isystem /usr/lib/picolibc/riscv64-unknown-elf/include -isystem "$out/include"
       -Isrc -fno-exceptions -fno-rtti -fno-threadsafe-statics -ffunction-sections -fdata-sections
       -Wall -Wextra -Wconversion -Wswitch-enum -Werror)

mapfile -t files < <(ls src/{core,meter,ledger,trust,mqtt}/*.cpp | grep -v '_test\.cpp$')
export out
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I{} sh -c '
  object="$out/$(echo {} | tr / _).o"
  if [ "$object" -nt {} ] && [ "$object" -nt "$out/stamp" ]; then exit 0; fi
  clang++-19 "$@" -c {} -o "$object"' sh "${flags[@]}"

printf '%8s %8s %8s  %s\n' text data bss file
llvm-size-19 "$out"/src_*.o | awk 'NR > 1 { t += $1; d += $2; b += $3; sub(".*/src_", "", $6); printf "%8d %8d %8d  %s\n", $1, $2, $3, $6 }
  END { printf "%8d %8d %8d  total\n", t, d, b }'
echo "bare gate: ${#files[@]} files compile for rv32imc"
