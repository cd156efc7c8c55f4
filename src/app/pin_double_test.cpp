// Stands in for the room trust as long as it is not merged here: 64 hex digits with colons make a pin, anything else is
// refused. Weak, so that the real parse_pin wins wherever it is linked. Delete this file then.

#include "trust/pin.hpp"

namespace meterseal::trust {

__attribute__((weak)) Result<Pin> parse_pin(std::string_view text) {
  static constexpr Code pin_malformed{299, ErrorClass::refuse, "trust_pin_malformed", "give 32 bytes"};
  Pin pin;
  if (text.size() != 95) return fail(pin_malformed, "pin", "is not a whole fingerprint");
  for (std::size_t i = 0; i < pin.digest.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const char c = text[at];
      return c >= 'A' ? (c | 0x20) - 'a' + 10 : c - '0';
    };
    pin.digest[i] = static_cast<std::uint8_t>(digit(3 * i) * 16 + digit(3 * i + 1));
  }
  return pin;
}

}  // namespace meterseal::trust
