#pragma once

// The closed answer to 'may we talk to this peer?'. There is no boolean and no way round it: a Trusted can be made by
// judge() only, and what sends credentials takes a Trusted.
// Thread: values, any.

#include <cstdint>
#include <string_view>
#include <variant>

#include "core/result.hpp"
#include "trust/facts.hpp"
#include "trust/lineage.hpp"
#include "trust/policy.hpp"

namespace meterseal::trust {

/// Why a peer is refused. Declared in order of precedence: a certificate with several faults has one reason, the first.
enum class Reason : std::uint8_t {
  certificate_malformed,
  chain_too_large,
  weak_key,
  weak_signature,
  pin_mismatch,
  no_pin_set,
  unconfirmed,  ///< a fingerprint was learned and no person has confirmed it
  learn_conflict,
  expired,
  not_yet_valid,
  self_signed,
  unknown_issuer,
  missing_intermediate,
  bad_chain,
  revoked,
  crl_missing,
  wrong_purpose,
  name_mismatch,
  staple_missing,  ///< the certificate demands one
  staple_bad,      ///< stale, foreign, badly signed, malformed
};

enum class TrustedBy : std::uint8_t {
  pin_certificate,
  pin_key,
  pin_tasmota_key,
  same_key,  ///< renewal followed
  same_ca,   ///< renewal followed
  learned,   ///< confirmed, or Learn::automatic
  ca,
  ca_and_pin
};

class Trusted;
struct Refused {
  Reason reason;
};
/// The mode needs dates and the clock is not known: never send CONNECT, try again, say how to get a clock.
struct ClockUnknown {};
/// Learning is armed and no pin is set: finish the handshake, remember the fingerprint, close without a byte of MQTT.
struct Learnable {};
/// The certificate is acceptable; whether the peer is, the staple and the proof of its key will tell.
struct Acceptable {};

using Verdict = std::variant<Trusted, Learnable, Refused, ClockUnknown>;
using CertificateVerdict = std::variant<Acceptable, Learnable, Refused, ClockUnknown>;

/// First step, inside the handshake, before the peer has proved that it owns the key: decides only whether to go on.
[[nodiscard]] CertificateVerdict judge_certificate(const Policy& policy, const Lineage& lineage, const Facts& facts);
/// Second step, after the handshake has finished: both steps over all facts. A staple that is still pending is refused.
[[nodiscard]] Verdict judge(const Policy& policy, const Lineage& lineage, const Facts& facts);

class Trusted {
 public:
  [[nodiscard]] TrustedBy by() const { return by_; }
  [[nodiscard]] std::uint8_t slot() const { return slot_; }            ///< 1 or 2; 0 when no pin took part
  [[nodiscard]] bool outside_dates() const { return outside_dates_; }  ///< matched a pin although outside its dates

 private:
  friend Verdict judge(const Policy&, const Lineage&, const Facts&);
  Trusted(TrustedBy by, std::uint8_t slot, bool outside_dates) : by_(by), slot_(slot), outside_dates_(outside_dates) {}
  TrustedBy by_;
  std::uint8_t slot_;
  bool outside_dates_;
};

/// The row of docs/errors.md of a refusal, and its text for people.
[[nodiscard]] const Code& code_of(Reason reason);

}  // namespace meterseal::trust
