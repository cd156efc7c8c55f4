#pragma once

// The findings of `meterseal tls check`, each from what was observed: pure functions, so that every verdict is tested
// without a network. Ids are stable: scripts and the web page name them (docs/toolbox.md lists all).
// Thread: any (pure).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/toolbox/tls_look.hpp"
#include "core/host/system_clock.hpp"
#include "trust/facts.hpp"
#include "trust/lineage.hpp"
#include "trust/policy.hpp"
#include "trust/verdict.hpp"

namespace meterseal::app {

enum class CheckVerdict : std::uint8_t {
  good,
  warning,
  bad,
  skipped  ///< could not be looked at, or does not concern this host; the evidence says why
};
[[nodiscard]] std::string_view name_of(CheckVerdict verdict);

struct Check {
  std::string id;
  CheckVerdict verdict = CheckVerdict::skipped;
  std::string evidence;
  std::string remedy;  ///< empty where there is nothing to do
};

[[nodiscard]] Check check_dns(const WalkResult& way);
[[nodiscard]] Check check_tcp(const HostPort& to, const WalkResult& way);

/// What was tried on the port to find out what it speaks.
struct Spoken {
  Look modern;                 ///< TLS 1.2 and 1.3
  std::optional<Look> legacy;  ///< TLS 1.0 and 1.1; not tried: nullopt
  bool plain_mqtt = false;     ///< answered CONNECT in clear with CONNACK
};
[[nodiscard]] Check check_tls(const HostPort& to, const Spoken& spoken);
[[nodiscard]] Check check_versions(const Spoken& spoken);
[[nodiscard]] Check check_key(const HostPort& to, const trust::host::ProbeReport& report);

/// What the trust engine found with the anchors of this device, and what weighs here.
struct Judged {
  trust::Facts facts;
  std::string anchors;  ///< which ones: "/etc/ssl/certs"
  bool matters = true;  ///< this device's policy for the host rests on chain and name, or there is no policy
};
[[nodiscard]] Check check_strength(const Judged& judged);
[[nodiscard]] Check check_chain(const Judged& judged);
[[nodiscard]] Check check_name(const HostPort& to, const Judged& judged);
[[nodiscard]] Check check_dates(const Judged& judged, const trust::host::CertificateReport& leaf, UtcTime machine_time);
[[nodiscard]] Check check_staple(const Judged& judged);

/// This device's side of the matter.
struct OwnTrust {
  trust::Policy policy;
  trust::Lineage lineage;
};
[[nodiscard]] Check check_policy(const OwnTrust& own, const trust::Facts& facts, const trust::Verdict& verdict);
/// What the next renewal will do to this device, and how to prepare. @param own  nullopt: no such broker here
[[nodiscard]] Check check_renewal(const std::optional<OwnTrust>& own, const trust::Facts& facts);

/// Would renewal = "same-ca" follow what the present rule would refuse?
[[nodiscard]] bool proposes_same_ca(const OwnTrust& own, const trust::Facts& facts);

struct ClockState {
  host::ClockSource source = host::ClockSource::none;
  UtcTime machine_time;
  UtcTime floor;  ///< not before it
  UtcTime built;  ///< the day of the build; a later floor is what this device has seen proved since
};
/// @param facts  nullopt: no certificate to compare with @param needed  the policy cannot do without a clock
[[nodiscard]] Check check_clock(const ClockState& clock, const std::optional<trust::Facts>& facts, bool needed);

struct MemoryState {
  std::uint64_t resident_kb = 0;    ///< of this process, now
  std::uint64_t trust_peak_kb = 0;  ///< by how much the handshake of the trust mode raised the peak
  std::uint64_t limit_kb = 0;       ///< of the control group; 0: none
  std::uint64_t available_kb = 0;   ///< of the machine
  std::string trust_mode;           ///< "ca with /etc/ssl/certs"
};
[[nodiscard]] Check check_memory(const MemoryState& memory);

[[nodiscard]] CheckVerdict worst(const std::vector<Check>& checks);

}  // namespace meterseal::app
