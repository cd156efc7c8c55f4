# Which Debian packages each job needs, and how they are installed. Sourced by ./dev.
# Why each one: docs/dependencies.md.

packages_build=(g++ cmake ninja-build ccache git ca-certificates tzdata pkg-config gzip nodejs npm
  libssl-dev libp11-dev libsqlite3-dev libsodium-dev libpq-dev libsystemd-dev libboost1.81-dev libexpected-dev libtomlplusplus-dev libcli11-dev libedit-dev nlohmann-json3-dev libspdlog-dev libfmt-dev)
packages_demo=(mosquitto mosquitto-clients openssl)
packages_test=(libgtest-dev libgmock-dev libmosquitto-dev libmodbus-dev softhsm2 rabbitmq-server postgresql
  python3 python3-pytest python3-pymodbus python3-serial-asyncio python3-paho-mqtt dbus-daemon python3-dbus python3-gi gcc procps chromium)
packages_check=(clang-19 clang-tidy-19 clang-format-19 llvm-19 libclang-rt-19-dev libc++-19-dev
  picolibc-riscv64-unknown-elf python3)
packages_cov=(gcovr)
packages_peers=(collectd-core libmodbus5 libmosquitto1)
npm_peers=(node-red@4.1.8 node-red-contrib-modbus@5.23.3)

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
log_file() { mkdir -p build/log && printf 'build/log/%s.log' "$1"; }

is_installed() {
  # Node may come from elsewhere, with npm inside: Debian's npm would then remove it.
  case "$1" in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm) command -v npm >/dev/null && return 0 ;;
  esac
  dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# need GROUP...: installs what is missing of these groups. Starts no service: the packages of the brokers would.
need() {
  local group package missing=()
  for group in "$@"; do
    local -n list=packages_$group
    for package in "${list[@]}"; do is_installed "$package" || missing+=("$package"); done
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  if ! command -v apt-get >/dev/null; then
    printf 'dev: error: these Debian packages are missing: %s\n' "${missing[*]}" >&2
    printf 'dev: hint: this project builds on Debian 12 (or a system with apt-get)\n' >&2
    exit 2
  fi
  local root=()
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      printf 'dev: error: these packages are missing and neither root nor sudo is at hand: %s\n' "${missing[*]}" >&2
      printf 'dev: hint: as root: apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
      exit 2
    fi
    root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  install_packages "${missing[@]}"
}

install_packages() {
  local log policy=/usr/sbin/policy-rc.d made_policy=no ok=no
  log=$(log_file apt)
  # Debian's own switch against starting services at installation; only if the machine has none of its own.
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null && "${root[@]}" chmod 755 "$policy" && made_policy=yes
  fi
  local install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends)
  if { "${root[@]}" apt-get update && "${install[@]}" "$@"; } >"$log" 2>&1; then ok=yes; fi
  [[ $made_policy == no ]] || "${root[@]}" rm -f "$policy"
  [[ $ok == yes ]] && return 0
  tail -n 15 "$log" >&2
  printf 'dev: error: apt-get could not install: %s\n' "$*" >&2
  printf 'dev: hint: is a Debian 12 package mirror reachable? (full log: %s)\n' "$log" >&2
  exit 2
}
