#pragma once

// The closed answer to 'may we talk to this peer?'. There is no boolean and no way round it: a Trusted can be made by
// judge() only, and what sends credentials takes a Trusted.
// Thread: values, any.

#include <cstdint>
#include <string_view>
#include <variant>

#include "core/result.hpp"
#include "trust/facts.hpp"
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
  expired,
  not_yet_valid,
  self_signed,
  unknown_issuer,
  missing_intermediate,
  bad_chain,
  revoked,
  wrong_purpose,
  name_mismatch,
};

enum class TrustedBy : std::uint8_t {
  pin_certificate,
  pin_key,
  ca,
  ca_and_pin
};

class Trusted {
 public:
  [[nodiscard]] TrustedBy by() const { return by_; }
  [[nodiscard]] std::uint8_t slot() const { return slot_; }            ///< 1 or 2; 0 when no pin took part
  [[nodiscard]] bool outside_dates() const { return outside_dates_; }  ///< matched a pin although outside its dates

 private:
  friend std::variant<Trusted, struct Refused, struct ClockUnknown> judge(const Policy&, const Facts&);
  Trusted(TrustedBy by, std::uint8_t slot, bool outside_dates) : by_(by), slot_(slot), outside_dates_(outside_dates) {}
  TrustedBy by_;
  std::uint8_t slot_;
  bool outside_dates_;
};

struct Refused {
  Reason reason;
};

/// The mode needs dates and the clock is not known: never send CONNECT, try again, say how to get a clock.
struct ClockUnknown {};

using Verdict = std::variant<Trusted, Refused, ClockUnknown>;

/// Pure: the same facts and policy give the same verdict. Called inside the handshake, before the peer has proved that
/// it owns the key, so the answer only decides whether to go on.
[[nodiscard]] Verdict judge(const Policy& policy, const Facts& facts);

/// The row of docs/errors.md of a refusal, and its text for people.
[[nodiscard]] const Code& code_of(Reason reason);

}  // namespace meterseal::trust
