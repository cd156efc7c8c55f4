#pragma once

// What this device has decided about its broker: how to know it. Plain data, made from the configuration and the state
// directory, read by judge.hpp. Thread: values, any.

#include <array>
#include <cstdint>
#include <optional>

#include "trust/pin.hpp"

namespace meterseal::trust {

enum class Mode : std::uint8_t {
  fingerprint,     ///< the served certificate or its key is one of the pins; chain and name are not looked at
  ca,              ///< the chain ends in a configured anchor, and name, dates and purpose are right
  ca_fingerprint,  ///< both
  off,             ///< plaintext, only with allow_plaintext; nothing is judged because nothing is known
};

/// What to do with a certificate that is outside its dates but matches a pin directly.
enum class ExpiredRule : std::uint8_t {
  warn,
  refuse
};

struct Policy {
  Mode mode = Mode::ca;
  std::array<std::optional<Pin>, 2> pins;  ///< slot 1 and slot 2
  ExpiredRule expired = ExpiredRule::warn;
};

}  // namespace meterseal::trust
