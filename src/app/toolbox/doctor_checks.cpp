#include "app/toolbox/doctor_checks.hpp"

#include <algorithm>

#include "app/certificate_text.hpp"
#include "app/errors.hpp"
#include "mqtt/time_text.hpp"
#include "trust/checks.hpp"
#include "trust/explain.hpp"

namespace meterseal::app {

namespace {

using trust::Facts;
using trust::Reason;
using trust::StapleState;

constexpr std::uint16_t kPlainPort = 1883;
constexpr std::int64_t kWarnDays = 30;
/// Below it the agent may be ended by the kernel when it replays a long outage (docs/toolbox.md).
constexpr std::uint64_t kLeastRoom_kb = std::uint64_t{16} * 1024;

Check good(std::string id, std::string evidence) {
  return {std::move(id), CheckVerdict::good, std::move(evidence), ""};
}
Check skipped(std::string id, std::string why) {
  return {std::move(id), CheckVerdict::skipped, std::move(why), ""};
}

std::string utc_text(UtcTime time) {
  return std::string(mqtt::format_time(civil_utc(time)).view()) + "Z";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string text_of(const TcpAttempt& attempt) {
  return attempt.address + (attempt.text.empty() ? "" : ": " + attempt.text);
}

/// Why this reason stands, without the fingerprint that explain() adds: the doctor has shown it.
std::string explained(const Facts& facts, Reason reason) {
  std::string text(trust::explain({}, {}, facts, reason).view());
  return text.substr(0, text.rfind("; served "));
}

Check fault(std::string id, CheckVerdict verdict, const Facts& facts, Reason reason) {
  const Code& code = trust::code_of(reason);
  return {std::move(id), verdict, explained(facts, reason) + " (" + std::string(code.name) + ")",
          std::string(code.remedy)};
}

CheckVerdict weighed(const Judged& judged) {
  return judged.matters ? CheckVerdict::bad : CheckVerdict::warning;
}

/// Everything right but what is to be looked at: trust's own rules then answer for one matter alone.
Facts spotless(const Facts& facts) {
  Facts clean = facts;
  clean.chain = trust::ChainState::good;
  clean.server_purpose = true;
  clean.name_matches = true;
  clean.must_staple = false;
  clean.staple = StapleState::absent;
  return clean;
}

std::string_view text_of(trust::TrustedBy by) {
  switch (by) {
    case trust::TrustedBy::pin_certificate: return "its certificate is pinned";
    case trust::TrustedBy::pin_key: return "its key is pinned";
    case trust::TrustedBy::pin_tasmota_key: return "Tasmota's digest of its key is pinned";
    case trust::TrustedBy::same_key: return "renewed with the key that was pinned";
    case trust::TrustedBy::same_ca: return "renewed by the CA that signed the pinned certificate";
    case trust::TrustedBy::learned: return "its fingerprint was learned and confirmed";
    case trust::TrustedBy::ca: return "its chain ends in a CA of this device and its name is right";
    case trust::TrustedBy::ca_and_pin: return "chain, name and pin are right";
  }
  return "";
}

constexpr std::string_view kPrepare =
    "before the renewal set the new certificate's fingerprint with MqttFingerprint2, or let the broker keep its key "
    "(certbot renew --reuse-key), or name its CA with ca_file and use renewal = \"same-ca\"";

}  // namespace

std::string_view name_of(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::good: return "ok";
    case CheckVerdict::warning: return "warning";
    case CheckVerdict::bad: return "bad";
    case CheckVerdict::skipped: return "skipped";
  }
  return "";
}

CheckVerdict worst(const std::vector<Check>& checks) {
  const auto has = [&](CheckVerdict verdict) {
    return std::any_of(checks.begin(), checks.end(), [&](const Check& check) { return check.verdict == verdict; });
  };
  if (has(CheckVerdict::bad)) return CheckVerdict::bad;
  return has(CheckVerdict::warning) ? CheckVerdict::warning : CheckVerdict::good;
}

Check check_dns(const WalkResult& way) {
  if (way.addresses.empty()) {
    return {"dns", CheckVerdict::bad, way.lookup_failure + " (" + std::string(server_unknown.name) + ")",
            std::string(server_unknown.remedy)};
  }
  return good("dns", joined(way.addresses) + " in " + std::to_string(way.lookup_took.count()) + " ms");
}

Check check_tcp(const HostPort& to, const WalkResult& way) {
  if (way.addresses.empty()) return skipped("tcp", "there is no address");
  if (!way.is_connected()) {
    std::string tried;
    for (const TcpAttempt& attempt : way.attempts) tried += (tried.empty() ? "" : ", ") + text_of(attempt);
    const Error failure = failure_of(to, {way, {}}).value_or(make_error(server_unreachable, "", ""));
    return {"tcp", CheckVerdict::bad, tried + " (" + std::string(failure.code.name) + ")",
            std::string(failure.remedy())};
  }
  std::string text = way.attempts.back().address + " port " + std::to_string(to.port) + " in " +
                     std::to_string(way.connect_took.count()) + " ms";
  for (std::size_t i = 0; i + 1 < way.attempts.size(); ++i) text += "; before it " + text_of(way.attempts[i]);
  return good("tcp", text);
}

Check check_tls(const HostPort& to, const Spoken& spoken) {
  if (spoken.plain_mqtt) {
    return {"tls", CheckVerdict::bad,
            "speaks MQTT in clear on port " + std::to_string(to.port) + " (" + std::string(server_not_tls.name) + ")",
            "name the broker's TLS port in mqtt.hosts, commonly 8883, or give this listener a certificate"};
  }
  const auto failure = failure_of(to, spoken.modern);
  if (!failure || (spoken.legacy && !spoken.legacy->probe.version.empty()) || spoken.modern.probe.proved_key) {
    if (to.port != kPlainPort) return good("tls", "speaks TLS");
    return {"tls", CheckVerdict::warning, "speaks TLS on port 1883, which is the one for MQTT in clear",
            "move the TLS listener to 8883: clients and firewalls take 1883 for plaintext"};
  }
  return {"tls", CheckVerdict::bad, std::string(failure->detail.view()) + " (" + std::string(failure->code.name) + ")",
          std::string(failure->remedy())};
}

Check check_versions(const Spoken& spoken) {
  const trust::host::ProbeReport& modern = spoken.modern.probe;
  const bool takes_legacy = spoken.legacy && !spoken.legacy->probe.version.empty();
  if (modern.version.empty() && takes_legacy) {
    return {"tls_version", CheckVerdict::bad,
            "takes nothing newer than " + spoken.legacy->probe.version + ", which this device never speaks",
            "update the broker or its TLS settings: TLS 1.2 and 1.3 (mosquitto: tls_version tlsv1.2)"};
  }
  if (modern.version.empty()) {
    if (!modern.proved_key) return skipped("tls_version", "no handshake to look at");
    return good("tls_version", "ended the handshake without a client certificate, in TLS 1.2");
  }
  const std::string agreed = modern.version + ", " + modern.suite;
  if (takes_legacy) {
    return {"tls_version", CheckVerdict::warning, agreed + "; takes " + spoken.legacy->probe.version + " from others",
            "switch TLS 1.0 and 1.1 off at the broker (mosquitto: tls_version tlsv1.2)"};
  }
  return good("tls_version", agreed);
}

Check check_key(const HostPort& to, const trust::host::ProbeReport& report) {
  if (report.chain.empty()) return skipped("key", "no certificate was served");
  const auto& leaf = report.chain.front();
  const std::string what =
      leaf.key_kind + ", certificate " + std::string(trust::format_sha256(leaf.certificate).view());
  if (report.proved_key) return good("key", "owns the key of its certificate: " + what);
  return {"key", CheckVerdict::bad, "did not prove that it owns the key: " + what,
          "find out who answers as " + format(to) + ": it may show somebody else's certificate"};
}

Check check_strength(const Judged& judged) {
  if (const auto reason = trust::strength_fault(judged.facts)) {
    return fault("strength", CheckVerdict::bad, judged.facts, *reason);
  }
  return good("strength", "key and signature hold");
}

Check check_chain(const Judged& judged) {
  Facts facts = spotless(judged.facts);
  facts.chain = judged.facts.chain;
  facts.server_purpose = judged.facts.server_purpose;
  if (const auto reason = trust::chain_fault(facts, trust::Step::peer)) {
    Check check = fault("chain", weighed(judged), judged.facts, *reason);
    check.evidence += ", with the anchors of " + judged.anchors;
    return check;
  }
  return good("chain", "ends in a CA of " + judged.anchors);
}

Check check_name(const HostPort& to, const Judged& judged) {
  if (judged.facts.name_matches) return good("name", "the certificate is for " + to.host);
  Check check = fault("name", weighed(judged), judged.facts, Reason::name_mismatch);
  check.evidence += ", not for " + to.host;
  return check;
}

Check check_dates(const Judged& judged, const trust::host::CertificateReport& leaf, UtcTime machine_time) {
  const std::string window = leaf.not_before + " to " + leaf.not_after;
  if (const auto reason = trust::date_fault(judged.facts, machine_time)) {
    Check check = fault("dates", weighed(judged), judged.facts, *reason);
    check.evidence += "; this machine's clock says " + utc_text(machine_time);
    return check;
  }
  const std::int64_t days = days_left(leaf, machine_time).value_or(0);
  const std::string left = window + ", " + std::to_string(days) + (days == 1 ? " day left" : " days left");
  if (days >= kWarnDays) return good("dates", left);
  return {"dates", CheckVerdict::warning, left,
          "renew the broker's certificate, or check that its automatic renewal works"};
}

Check check_staple(const Judged& judged) {
  switch (judged.facts.staple) {
    case StapleState::pending: return skipped("ocsp", "the certificate was refused before an answer could come");
    case StapleState::unchecked: return skipped("ocsp", "without a chain there is no issuer to check the answer with");
    case StapleState::absent:
      if (!judged.facts.must_staple) return good("ocsp", "nothing was stapled, and the certificate does not demand it");
      break;
    case StapleState::good:
    case StapleState::revoked:
    case StapleState::unknown:
    case StapleState::stale:
    case StapleState::foreign:
    case StapleState::bad_signature:
    case StapleState::malformed: break;
  }
  Facts facts = spotless(judged.facts);
  facts.staple = judged.facts.staple;
  facts.must_staple = judged.facts.must_staple;
  if (const auto reason = trust::chain_fault(facts, trust::Step::peer)) {
    return fault("ocsp", weighed(judged), judged.facts, *reason);
  }
  const auto until = judged.facts.staple_until;
  return good("ocsp", "the stapled answer says good" + (until ? ", until " + utc_text(*until) : std::string()));
}

Check check_policy(const OwnTrust& own, const Facts& facts, const trust::Verdict& verdict) {
  if (const auto* trusted = std::get_if<trust::Trusted>(&verdict)) {
    std::string text = "this device trusts it: " + std::string(text_of(trusted->by()));
    if (trusted->slot() != 0) text += " in slot " + std::to_string(trusted->slot());
    if (!trusted->outside_dates()) return good("policy", text);
    return {"policy", CheckVerdict::warning, text + ", although its certificate is outside its dates",
            "renew the broker's certificate"};
  }
  if (const auto* refused = std::get_if<trust::Refused>(&verdict)) {
    const Error error = trust::refusal(own.policy, own.lineage, facts, refused->reason, "");
    return {"policy", CheckVerdict::bad,
            "this device refuses it: " + std::string(error.detail.view()) + " (" + std::string(error.code.name) + ")",
            std::string(error.remedy())};
  }
  if (std::holds_alternative<trust::ClockUnknown>(verdict)) {
    const Error error = trust::clock_refusal(facts, "");
    return {"policy", CheckVerdict::bad, "this device waits: " + std::string(error.detail.view()),
            std::string(error.remedy())};
  }
  return {"policy", CheckVerdict::warning,
          "learning is on and no fingerprint is set: the agent will learn this one and wait for its confirmation",
          "compare the fingerprint with the broker's own certificate, then confirm it: meterseal tls confirm"};
}

namespace {

/// Whether same-ca can follow: the recorded anchor is the one that the chain ends in, or none is recorded yet.
bool has_its_anchor(const OwnTrust& own, const Facts& facts) {
  const auto pins = trust::pins_in_force(own.policy, own.lineage);
  return std::any_of(pins.begin(), pins.end(), [&](const trust::PinInForce& in_force) {
    const auto record = trust::record_of(own.lineage, in_force.pin);
    return !record || record->anchor == facts.anchor;
  });
}

std::string fate_of_renewals(trust::Renewal renewal) {
  switch (renewal) {
    case trust::Renewal::manual: return "renewal = \"manual\": every renewed certificate will be refused";
    case trust::Renewal::same_ca:
      return "renewal = \"same-ca\", but chain or name do not verify to a CA of this device: every renewed "
             "certificate will be refused";
    case trust::Renewal::same_key: break;
  }
  return "renewal = \"same-key\": a renewed certificate with the same key is followed, one with a new key will be "
         "refused, and certbot makes a new key each time";
}

Check check_same_ca(const OwnTrust& own, const Facts& facts) {
  if (has_its_anchor(own, facts)) {
    return good("renewal", "renewal = \"same-ca\": renewals by the same CA are followed, with any key");
  }
  return {"renewal", CheckVerdict::warning,
          "renewal = \"same-ca\", and the chain ends in another CA than this pin was recorded with: a renewed "
          "certificate will be refused",
          "compare the fingerprint with the broker's own certificate and set it anew: MqttFingerprint1"};
}

Check check_stranger(bool verifies) {
  if (verifies) {
    return good("renewal",
                "chain and name verify: mode = \"ca\" follows every renewal, and a fingerprint with renewal = "
                "\"same-ca\" those of this CA");
  }
  return {"renewal", CheckVerdict::warning,
          "chain or name do not verify here: a fingerprint follows renewals that keep the key, others need the new "
          "fingerprint in slot 2 before",
          std::string(kPrepare)};
}

}  // namespace

bool proposes_same_ca(const OwnTrust& own, const Facts& facts) {
  return own.policy.mode == trust::Mode::fingerprint && own.policy.renewal != trust::Renewal::same_ca &&
         trust::verifies_to_an_anchor(facts);
}

Check check_renewal(const std::optional<OwnTrust>& own, const Facts& facts) {
  const bool verifies = trust::verifies_to_an_anchor(facts);
  if (!own) return check_stranger(verifies);
  const trust::Policy& policy = own->policy;
  if (policy.mode == trust::Mode::ca) return good("renewal", "every renewal by a CA of this device is followed");
  if (policy.mode == trust::Mode::off) return skipped("renewal", "the connection is in clear");
  const bool may_use_ca = policy.mode == trust::Mode::fingerprint && verifies;
  if (may_use_ca && policy.renewal == trust::Renewal::same_ca) return check_same_ca(*own, facts);
  const std::string fate = fate_of_renewals(policy.renewal);
  if (trust::pins_in_force(policy, own->lineage).size() > 1) {
    return good("renewal", fate + "; a second fingerprint is set for the successor");
  }
  if (proposes_same_ca(*own, facts)) {
    return {"renewal", CheckVerdict::warning, fate + "; chain and name verify to a CA that this device knows",
            "set renewal = \"same-ca\" in [mqtt.tls]: renewals by this CA for this name are then followed with any "
            "key"};
  }
  return {"renewal", CheckVerdict::warning, fate, std::string(kPrepare)};
}

Check check_clock(const ClockState& clock, const std::optional<Facts>& facts, bool needed) {
  const std::string says = "says " + utc_text(clock.machine_time);
  constexpr std::string_view kRemedy =
      "let this machine reach a time server (timedatectl set-ntp true), give it a "
      "battery clock, or set clock = \"trusted\" in [device]";
  const std::string floor = utc_text(clock.floor);
  if (clock.machine_time < clock.floor) {
    const bool is_build = clock.floor <= clock.built;
    return {"clock", needed ? CheckVerdict::bad : CheckVerdict::warning,
            says + (is_build ? ", before this program was built (" + floor + "): it is wrong"
                             : ", but a certificate of the broker proved that it is later than " + floor),
            std::string(kRemedy) +
                (is_build ? "" : "; if the time was wrong when that was seen: ClockFloor 0 in `meterseal console`")};
  }
  if (clock.source == host::ClockSource::none) {
    std::string text = says + ", and nothing vouches for it: no time server, no battery clock";
    if (facts && trust::date_fault(*facts, clock.machine_time)) text += "; the certificate is not valid at that time";
    return {"clock", needed ? CheckVerdict::bad : CheckVerdict::warning, text, std::string(kRemedy)};
  }
  return good("clock", says + ", " + std::string(host::text_of(clock.source)) + "; it is later than " + floor +
                           (clock.floor <= clock.built ? ", when this program was built" : ", which was proved"));
}

Check check_memory(const MemoryState& memory) {
  std::string text = "this process " + std::to_string(memory.resident_kb) + " KB";
  if (!memory.trust_mode.empty()) {
    text += ", judging the broker (" + memory.trust_mode + ") at most " + std::to_string(memory.trust_peak_kb) +
            " KB of it for a moment";
  }
  text +=
      memory.limit_kb == 0 ? ", no limit of the control group" : ", limit " + std::to_string(memory.limit_kb) + " KB";
  text += ", " + std::to_string(memory.available_kb) + " KB free on the machine";
  const std::uint64_t room_kb =
      memory.limit_kb == 0
          ? memory.available_kb
          : std::min(memory.available_kb, memory.limit_kb - std::min(memory.limit_kb, memory.resident_kb));
  if (room_kb >= kLeastRoom_kb) return good("memory", text);
  return {
      "memory", CheckVerdict::warning, text,
      "raise MemoryMax of the service, raise TelePeriod, read = \"telemetry\" on meters, switch discovery off, or pin "
      "the broker (mode = \"fingerprint\"): docs/toolbox.md says what each costs"};
}

}  // namespace meterseal::app
