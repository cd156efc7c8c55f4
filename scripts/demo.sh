#!/usr/bin/env bash
# The main job on this machine: simulated meters on a serial line -> meterseal -> MQTT over verified TLS -> subscriber.
# Everything lives in one temporary folder and on loopback; ending it in any way leaves nothing behind.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

mode=fingerprint
renew=
seconds=0
outage=0
meterseal=$PWD/build/release/meterseal

usage() {
  cat <<'TEXT'
usage: ./dev demo [--mode fingerprint|ca|learn] [--renew same-key|new-key|other-ca] [--seconds N] [--outage N]

  --mode fingerprint  know the broker by the SHA-256 of its certificate (default)
  --mode ca           know the broker by a private CA and its host name
  --mode learn        learn the broker's fingerprint, send nothing until it is confirmed, then confirm it
  --renew KIND        after the first readings give the broker a new certificate:
                      same-key  with the key that it has: the pin follows
                      new-key   with another key by the same CA: followed, with renewal = "same-ca"
                      other-ca  with another key by another CA: refused, readings kept, mended with one setting
  --seconds N         end after N seconds: exit 0 if sealed readings arrived, 1 if not
  --outage N          after the first readings take the broker away for N seconds, then show that nothing was lost
TEXT
}
fail_usage() {
  usage >&2
  printf 'dev demo: error: %s\n' "$1" >&2
  exit 2
}
is_number() { [[ $1 =~ ^[0-9]{1,6}$ ]]; }

while [[ $# -gt 0 ]]; do
  case $1 in
    --mode) mode=${2:-} && shift 2 || fail_usage "--mode needs a value" ;;
    --renew) renew=${2:-} && shift 2 || fail_usage "--renew needs a value" ;;
    --seconds) seconds=${2:-} && shift 2 || fail_usage "--seconds needs a value" ;;
    --outage) outage=${2:-} && shift 2 || fail_usage "--outage needs a value" ;;
    -h | --help) usage && exit 0 ;;
    *) fail_usage "unknown option \"$1\"" ;;
  esac
done
[[ $mode =~ ^(fingerprint|ca|learn)$ ]] || fail_usage "--mode is fingerprint, ca or learn, not \"$mode\""
[[ $renew =~ ^(|same-key|new-key|other-ca)$ ]] || fail_usage "--renew is same-key, new-key or other-ca, not \"$renew\""
[[ -z $renew || $outage == 0 ]] || fail_usage "--renew has an outage of its own: leave --outage out"
is_number "$seconds" || fail_usage "--seconds takes a whole number, not \"$seconds\""
is_number "$outage" || fail_usage "--outage takes a whole number, not \"$outage\""

bold() { printf '\033[1m%s\033[0m\n' "$*"; }
die() {
  printf 'dev demo: error: %s\n' "$1" >&2
  exit 1
}

umask 077
work=$(mktemp -d "${TMPDIR:-/tmp}/meterseal-demo.XXXXXX")
pids=()
cleanup() {
  trap - EXIT INT TERM HUP
  local pid
  # Last started first ended, so that the agent can say good-bye to its broker.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    pid=${pids[i]}
    kill "$pid" 2>/dev/null || continue
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'printf "\n"; exit 130' INT
trap 'exit 143' TERM HUP

# wait_for SECONDS WHAT COMMAND...: polls until the command succeeds.
wait_for() {
  local limit=$(($1 * 10)) what=$2 i
  shift 2
  for ((i = 0; i < limit; i++)); do
    "$@" 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}

subject="/O=Meterseal demo (simulated site)"
make_ca() {  # make_ca NAME
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -x509 -new -key "$1.key" -sha256 -days 90 -subj "$subject/CN=Demo private $1" -out "$1.crt" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
}
make_key() { openssl ecparam -name prime256v1 -genkey -noout -out broker.key; }
issue() {  # issue CA: a certificate for broker.key
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n' >broker.ext
  openssl req -new -key broker.key -subj "$subject/CN=localhost" -out broker.csr
  openssl x509 -req -in broker.csr -CA "$1.crt" -CAkey "$1.key" -CAcreateserial -sha256 -days 90 -extfile broker.ext -out broker.crt
}
make_certificates() {
  make_ca ca && make_ca other-ca && cat ca.crt other-ca.crt >both.crt
  make_key && issue ca
}
fingerprint_of() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'; }

broker_listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

start_broker() {
  mosquitto -c mosquitto.conf >>mosquitto.log 2>&1 &
  broker_pid=$!
  wait_for 5 broker broker_listens && kill -0 "$broker_pid" 2>/dev/null
}

cd "$work"
bold "1. a private CA and a broker certificate, made just now"
make_certificates >openssl.log 2>&1 || { cat openssl.log >&2; die "openssl could not make the certificates"; }
fingerprint=$(fingerprint_of broker.crt)
echo "   broker's certificate, SHA-256: $fingerprint"

bold "2. mosquitto with TLS and a password"
password=$(openssl rand -hex 16)
printf '%s\n' "$password" >mqtt.password
printf 'demo_meter:%s\n' "$password" >users
mosquitto_passwd -U users
for attempt in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 20000))
  {
    # The subscriber's session must outlive the broker's restart in --outage: persistence, and no limit of its queue.
    printf 'per_listener_settings true\nset_tcp_nodelay true\nmax_queued_messages 0\n'
    printf 'persistence true\npersistence_location %s/\n' "$work"
    [[ $(id -u) -ne 0 ]] || printf 'user root\n'
    printf 'listener %s 127.0.0.1\ncertfile %s\nkeyfile %s\ntls_version tlsv1.2\n' "$port" "$work/broker.crt" "$work/broker.key"
    printf 'allow_anonymous false\npassword_file %s\n' "$work/users"
  } >mosquitto.conf
  start_broker && break
  [[ $attempt -lt 5 ]] || { cat mosquitto.log >&2; die "mosquitto does not start"; }
done
pids+=("$broker_pid")
echo "   localhost:$port (TLS 1.2 and up, user demo_meter)"

bold "3. two SIMULATED meters, an SDM630 and an SDM120, on a serial line of 9600 baud"
"$meterseal" sim --link "$work/bus" --baud 9600 --meter sdm630:1 --meter sdm120:2 >sim.log 2>&1 &
pids+=($!)
wait_for 5 bus test -e "$work/bus" || { cat sim.log >&2; die "the simulator does not start"; }
sed 's/^/   /' sim.log

tls_table() {  # tls_table FINGERPRINT CA: how the device knows its broker
  local renewal=
  [[ $renew != new-key ]] || renewal='renewal = "same-ca"\n'
  case $mode in
    fingerprint) printf 'mode = "fingerprint"\nfingerprint = ["%s"]\n' "$1" ;;
    ca) printf 'mode = "ca"\nca_file = "%s"\n' "$2" && return ;;
    learn) printf 'mode = "fingerprint"\nlearn = "confirm"\n' ;;
  esac
  [[ -z $renewal && $mode != learn ]] || printf "${renewal}ca_file = \"%s\"\n" "$2"
}
write_config() {  # write_config TLS_TABLE
  printf '[device]\ntopic = "demo"\nname = "Demo (simulated)"\ntele_period = 2\nclock = "trusted"\n'
  printf '[mqtt]\nhosts = ["localhost:%s"]\nuser = "demo_meter"\npassword_file = "mqtt.password"\n[mqtt.tls]\n' "$port"
  printf '%s\n' "$1"
  printf '[alarm]\ncommand = ["%s/notify", "%s"]\n' "$work" "$work"
  printf '[[bus]]\ndevice = "bus"\nbaud = 9600\nparity = "none"\nstop_bits = 1\n'
  printf '[[bus.meter]]\naddress = 1\nprofile = "sdm630"\nname = "main"\nprimary = true\n'
  printf '[[bus.meter]]\naddress = 2\nprofile = "sdm120"\nname = "heatpump"\n'
}

bold "4. meterseal run"
printf '#!/bin/sh\ncat >>"$1/alarms"\n' >notify
chmod 700 notify
write_config "$(tls_table "$fingerprint" ca.crt)" >meterseal.toml
sed -n '/^\[mqtt.tls\]/,/^\[alarm\]/{/^\[/d;s/^/   /;p}' meterseal.toml

# The password reaches the subscriber by its option file: a command line is readable by everybody on the machine.
printf -- '-u demo_meter\n-P %s\n' "$password" >mosquitto_sub
XDG_CONFIG_HOME=$work mosquitto_sub -h localhost -p "$port" --cafile both.crt -i demo_subscriber -q 1 -c -v \
  -t 'tele/demo/#' >received.log 2>subscriber.log &
pids+=($!)
"$meterseal" run --config meterseal.toml --state "$work/state" >agent.log 2>&1 &
pids+=($!)
agent_pid=$!
if [[ $mode == learn ]]; then
  wait_for 15 learning grep -q 'TLS: learned' agent.log || { cat agent.log >&2; die "nothing was learned"; }
  sed 's/^/   /' agent.log
  bold "-- learned, and not one byte of MQTT sent: a person must compare --"
  "$meterseal" tls confirm --config meterseal.toml --state "$work/state" </dev/null | sed 's/^/   /' || true
  echo "   on the broker:  $fingerprint"
  [[ $(grep -c 'as meterseal' mosquitto.log || true) == 0 ]] || die "the agent has logged in before it was confirmed"
  bold "-- they are the same: meterseal tls confirm --yes ${fingerprint:0:11}... --"
  "$meterseal" tls confirm --config meterseal.toml --state "$work/state" --yes "$fingerprint" | tail -n 1 | sed 's/^/   /'
fi
shown=0
[[ $mode != learn ]] || shown=$(grep -n 'TLS: confirmed' agent.log | head -n 1 | cut -d: -f1)
wait_for 15 connection grep -q 'MQTT: Connected to' agent.log || { cat agent.log >&2; die "the agent did not connect"; }
tail -n "+$((shown))" agent.log | sed 's/^/   /'

bold "5. what a subscriber of the broker receives (readings are SIMULATED, the seal is real)"
tail -n +1 -F received.log --pid "$agent_pid" 2>/dev/null &
pids+=($!)

started=$SECONDS
if [[ $outage -gt 0 ]]; then
  wait_for 20 readings grep -q 'demo/SENSOR' received.log || die "no reading arrived within 20 s"
  bold "-- the broker goes away for $outage s --"
  kill "$broker_pid" && wait "$broker_pid" 2>/dev/null || true
  sleep "$outage"
  start_broker || die "mosquitto does not start again"
  pids+=("$broker_pid")
  bold "-- the broker is back: what waited comes on tele/demo/HISTORY --"
  wait_for $((30 + outage)) backlog grep -q 'demo/HISTORY' received.log || die "nothing was replayed"
fi

# Sequence numbers that have arrived, live or replayed, in order and each once.
arrived_numbers() { grep -o '"Seq":[0-9]*' received.log | cut -d: -f2 | sort -n | uniq; }
has_no_gap() { arrived_numbers | awk 'NR == 1 { next_one = $1 } $1 != next_one++ { exit 1 } END { exit NR < 3 }'; }
last_number() { arrived_numbers | tail -n 1; }
goes_on_from() { [[ $(last_number) -gt $1 ]] && has_no_gap; }

was_refused_after() { tail -n "+$(($1 + 1))" agent.log | grep -q '(trust_\(pin_mismatch\|unknown_issuer\|missing_intermediate\))'; }

renew_certificate() {
  local before lines
  wait_for 20 readings grep -q 'demo/SENSOR' received.log || die "no reading arrived within 20 s"
  before=$(last_number) lines=$(wc -l <agent.log)
  kill "$broker_pid" && wait "$broker_pid" 2>/dev/null || true
  case $renew in
    same-key) issue ca ;;
    new-key) make_key && issue ca ;;
    other-ca) make_key && issue other-ca ;;
  esac >>openssl.log 2>&1 || { cat openssl.log >&2; die "openssl could not renew the certificate"; }
  renewed=$(fingerprint_of broker.crt)
  bold "-- the broker's certificate is renewed: $renew, SHA-256 $renewed --"
  start_broker || die "mosquitto does not start again"
  pids+=("$broker_pid")
  if [[ $renew == other-ca ]]; then
    wait_for 30 refusal was_refused_after "$lines" || die "the agent did not refuse the other CA"
    wait_for 10 alarm grep -q security_refusal alarms || die "the alarm command was not run"
    tail -n "+$((lines + 1))" agent.log | sed 's/^/   /'
    bold "-- refused, nothing sent, readings kept, and the alarm command was run with --"
    grep security_refusal alarms | sed 's/^/   /'
    sleep 4
    bold "-- compared on the broker, it is right: one setting is changed --"
    [[ $mode == ca ]] || mode=fingerprint
    write_config "$(tls_table "$renewed" other-ca.crt)" >meterseal.toml
    sed -n '/^\[mqtt.tls\]/,/^\[alarm\]/{/^\[/d;s/^/   /;p}' meterseal.toml
    kill -HUP "$agent_pid"
  fi
  wait_for 60 readings goes_on_from "$((before + 2))" || { tail -n 20 agent.log >&2; die "readings are missing"; }
  bold "-- $(last_number) messages numbered without a gap: nothing was lost --"
}
if [[ -n $renew ]]; then
  renew_certificate
  [[ $renew == other-ca ]] || grep 'TLS: renewed\|TLS: successor' agent.log | sed 's/^/   /' || true
fi
if [[ $seconds -gt 0 ]]; then
  while ((SECONDS - started < seconds)); do
    kill -0 "$agent_pid" 2>/dev/null || { tail -n 5 agent.log >&2; die "the agent ended"; }
    sleep 0.2
  done
else
  echo "   (Ctrl-C ends everything)"
  wait "$agent_pid" || true
  tail -n 5 agent.log >&2
  die "the agent ended"
fi

arrived=$(grep -c 'demo/\(SENSOR\|HISTORY\) {' received.log || true)
sealed=$(grep -c 'MQTT: Connected to localhost:.* (TLS)' agent.log || true)
bold "$arrived sealed messages of simulated meters in $((SECONDS - started)) s, broker ${renewed:-$fingerprint}"
[[ $arrived -gt 0 && $sealed -gt 0 ]]
