#!/usr/bin/env bash
# Everything about the code that a machine can judge without running it.
# clang-tidy costs seconds per file, so it looks at what changed: against the branch point of origin/main where there is
# one, else against the last commit's parent; --all looks at every file.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

say "format"
mapfile -t sources < <(git ls-files -co --exclude-standard '*.cpp' '*.hpp')
clang-format-19 --dry-run --Werror "${sources[@]}"

say "include rules"
python3 scripts/check_includes.py

say "error table"
python3 scripts/check_errors.py

say "no path of this machine, no address of a package registry in the tree"
places=(-e "$PWD/")
[[ ${HOME:-/} == / ]] || places+=(-e "$HOME/")
if git grep -nIF "${places[@]}" -- . || git grep -nIE '"resolved": *"http' -- '*package-lock.json'; then
  echo "error: the lines above tie the tree to one machine" >&2
  exit 1
fi

say "bare gate: the pure rooms compile for a 32-bit controller"
scripts/check_bare.sh

changed_files() {
  local base
  if [[ ${1:-} == --all ]]; then
    git ls-files 'src/*.cpp' 'tests/*.cpp' 'bench/*.cpp'
    return
  fi
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == $(git rev-parse HEAD) ]]; then base=$(git rev-parse -q --verify HEAD~1 || true); fi
  if [[ -z $base ]]; then return; fi
  git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'tests/*.cpp' 'bench/*.cpp'
}
mapfile -t changed < <(changed_files "$@")
if [[ ${#changed[@]} -gt 0 ]]; then
  [[ -f build/release/compile_commands.json ]] || cmake --preset release >"$(log_file configure-release)"
  # Tests and benches can be looked at only where the build knows them (./dev test configures them).
  known=()
  for file in "${changed[@]}"; do
    if grep -qF "\"$PWD/$file\"" build/release/compile_commands.json; then known+=("$file"); fi
  done
  changed=("${known[@]}")
fi
say "clang-tidy on ${#changed[@]} changed files that the build knows"
if [[ ${#changed[@]} -gt 0 ]]; then
  printf '%s\n' "${changed[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/release --quiet 2> >(grep -v 'warnings generated' >&2)
fi
say "check: all good"
