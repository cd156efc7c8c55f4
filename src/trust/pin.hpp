#pragma once

// A pin: the fingerprint by which a broker is known. Text forms are recognised by themselves; anything that is not a
// whole fingerprint is an error and changes nothing.
// Thread: values, any.

#include <array>
#include <cstdint>
#include <string_view>

#include "core/result.hpp"
#include "core/text.hpp"

namespace meterseal::trust {

/// What a pin's 32 bytes are compared with. Bare hex does not say which, so it is compared with both.
enum class PinKind : std::uint8_t {
  certificate_or_key,
  key
};

struct Pin {
  PinKind kind = PinKind::certificate_or_key;
  std::array<std::uint8_t, 32> sha256{};

  friend bool operator==(const Pin&, const Pin&) = default;
};

/// Reads one fingerprint: 64 hex digits with colons, spaces or nothing between the pairs, in either case; the line that
/// `openssl x509 -fingerprint -sha256` prints; or `sha256//BASE64` (always a key).
/// @return trust::pin_malformed with what is wrong: too short, too long, mixed separators, not hex, all 00, all FF,
///         a SHA-1 fingerprint
[[nodiscard]] Result<Pin> parse_pin(std::string_view text);

/// "AA:BB:...": upper case, colons, 32 bytes, as the openssl command shows it.
[[nodiscard]] Text<95> format_sha256(const std::array<std::uint8_t, 32>& digest);

}  // namespace meterseal::trust
