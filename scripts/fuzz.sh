#!/usr/bin/env bash
# Every fuzz target for SECONDS each, as many at a time as there are cores. Seeds come from fuzz/corpus/NAME and are only
# read; what is learned is kept in build/fuzz/learned/NAME, what breaks a target in build/fuzz/findings.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

seconds=${1:-60}
if [[ ! $seconds =~ ^[1-9][0-9]{0,6}$ ]]; then
  printf 'dev fuzz: error: SECONDS is a whole number from 1, not "%s"\n' "$seconds" >&2
  exit 2
fi

export seconds learned=build/fuzz/learned findings=build/fuzz/findings
mkdir -p "$findings"
targets=()
for source in fuzz/*.cpp; do targets+=("$(basename "$source" .cpp)"); done

fuzz_one() {
  local name=$1 log=build/fuzz/$1.log
  local seeds=()
  [[ ! -d fuzz/corpus/$name ]] || seeds=("fuzz/corpus/$name")
  mkdir -p "$learned/$name"
  if "build/fuzz/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$findings/$name-" "$learned/$name" "${seeds[@]}" >"$log" 2>&1; then
    printf '%-20s %s\n' "$name" "$(grep -o 'Done .*' "$log" || echo 'done')"
  else
    printf '%-20s FAILED, the end of %s:\n%s\n' "$name" "$log" "$(tail -n 30 "$log")"
    return 1
  fi
}
export -f fuzz_one

printf '%s targets, %s s each; inputs that break one are kept in %s\n' "${#targets[@]}" "$seconds" "$findings"
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\0' "${targets[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'fuzz_one "$1"' fuzz {} || {
  printf 'dev fuzz: error: a target failed\n' >&2
  printf 'dev fuzz: hint: run it alone with the file: build/fuzz/fuzz/fuzz_NAME %s/NAME-...\n' "$findings" >&2
  exit 1
}
