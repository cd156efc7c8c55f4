#!/usr/bin/env bash
# Every figure that the documents claim, measured now: on this machine, with the release build. `./dev bench [NAME...]`
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

build=${BENCH_BUILD:-build/release}
all=(bus bus_cpu latency agent page_load mqtt handshake trust_memory wear)  # not peers: it takes five minutes and more packages

# Programs of others for the comparison, only here. One that cannot be had is left out, which the bench says.
run_peers() {
  local modules=build/peers
  (need peers) || true
  if [[ ! -f $modules/node_modules/node-red/red.js ]] && command -v npm >/dev/null; then
    say "installing Node-RED into $modules"
    mkdir -p "$modules"
    npm install --prefix "$modules" --ignore-scripts --no-audit --no-fund --no-package-lock --silent "${npm_peers[@]}" || true
  fi
  METERSEAL_BINARY=$PWD/$build/meterseal PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 scripts/bench_peers.py --node-red "$modules"
}

run() {
  local name=$1
  shift
  if [[ $name == peers ]]; then
    run_peers
    return
  fi
  if [[ -x $build/bench/bench_$name ]]; then
    "$build/bench/bench_$name" "$@"
  else
    METERSEAL_BINARY=$PWD/$build/meterseal PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 scripts/bench_site.py "$name"
  fi
}

for name in "${@:-${all[@]}}"; do
  name=${name//-/_}
  if [[ ! -x $build/bench/bench_$name && ! $name =~ ^(latency|agent|page_load|peers)$ ]]; then
    printf 'dev bench: error: no bench is called "%s"; there are: latency agent page_load peers %s\n' "$name" \
      "$(cd "$build/bench" && printf '%s ' bench_* | sed 's/bench_//g')" >&2
    exit 2
  fi
  say "bench $name"
  run "$name"
done
