#!/usr/bin/env bash
# Every figure that the documents claim, measured now: on this machine, with the release build. `./dev bench [NAME...]`
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

build=${BENCH_BUILD:-build/release}
all=(bus bus_cpu latency agent mqtt handshake trust_memory wear)

run() {
  local name=$1
  shift
  if [[ -x $build/bench/bench_$name ]]; then
    "$build/bench/bench_$name" "$@"
  else
    METERSEAL_BINARY=$PWD/$build/meterseal PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 scripts/bench_site.py "$name"
  fi
}

for name in "${@:-${all[@]}}"; do
  name=${name//-/_}
  if [[ ! -x $build/bench/bench_$name && ! $name =~ ^(latency|agent)$ ]]; then
    printf 'dev bench: error: no bench is called "%s"; there are: latency agent %s\n' "$name" \
      "$(cd "$build/bench" && printf '%s ' bench_* | sed 's/bench_//g')" >&2
    exit 2
  fi
  say "bench $name"
  run "$name"
done
