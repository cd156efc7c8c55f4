#pragma once

// What this device has decided about its broker: how to know it. Plain data, made from the configuration and what was
// set at run time, read by judge(). What the device has *seen* of the broker stands in lineage.hpp.
// Thread: values, any.

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

/// How a pin follows a renewed certificate that it does not match itself.
enum class Renewal : std::uint8_t {
  manual,    ///< it does not
  same_key,  ///< the public key is the one recorded with the pin
  same_ca,   ///< the chain ends in the anchor key recorded with the pin, and name, dates and purpose are right
};

/// What to do when no pin is set in fingerprint mode (SetOption132).
enum class Learn : std::uint8_t {
  off,
  confirm,    ///< remember the first fingerprint as unconfirmed and send nothing until a person confirms it
  automatic,  ///< trust the first one (home use)
};

struct Policy {
  Mode mode = Mode::ca;
  std::array<std::optional<Pin>, 2> pins;  ///< slot 1 and slot 2, as declared
  ExpiredRule expired = ExpiredRule::warn;
  Renewal renewal = Renewal::same_key;
  Learn learn = Learn::off;
  bool are_pins_declared = false;  ///< in the configuration file: no command changes them. Only a remedy looks at it
};

}  // namespace meterseal::trust
