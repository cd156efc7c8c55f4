#pragma once

// A pin: the fingerprint by which a broker is known. Text forms are recognised by themselves; anything that is not a
// whole fingerprint is an error and changes nothing.
// Thread: values, any.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "core/text.hpp"
#include "trust/facts.hpp"

namespace meterseal::trust {

/// What a pin's bytes are compared with. Bare hex of 32 bytes does not say which, so it is compared with both, and its
/// kind is recorded at the first match (Lineage).
enum class PinKind : std::uint8_t {
  certificate_or_key,
  key,          ///< SHA-256 of the SubjectPublicKeyInfo
  tasmota_key,  ///< 20 bytes, SHA-1 over Tasmota's serialisation of the key: weak, never learned
};

struct Pin {
  PinKind kind = PinKind::certificate_or_key;
  Sha256 digest{};  ///< tasmota_key: the first 20 bytes, the rest is 0

  friend bool operator==(const Pin&, const Pin&) = default;
};

/// Reads one fingerprint: 64 (or 40: Tasmota's) hex digits with colons, spaces or nothing between the pairs, in either
/// case; the line that `openssl x509 -fingerprint -sha256` prints or what a browser's certificate window shows, pasted
/// whole with its label and line breaks; or `sha256//BASE64` (always a key).
/// @return trust::pin_malformed with what is wrong: too short, too long, mixed separators, not hex, all 00, all FF,
///         a SHA-1 fingerprint
[[nodiscard]] Result<Pin> parse_pin(std::string_view text);

/// "AA:BB:...": upper case, colons, as the openssl command shows it.
[[nodiscard]] Text<95> format_digest(std::span<const std::uint8_t> digest);
[[nodiscard]] inline Text<95> format_sha256(const Sha256& digest) {
  return format_digest(digest);
}
/// As it is shown to people: 32 or 20 bytes in hex, a key pin as `sha256//BASE64`.
[[nodiscard]] Text<95> format_pin(const Pin& pin);
[[nodiscard]] Text<52> format_key_pin(const Sha256& key);  ///< `sha256//BASE64`

}  // namespace meterseal::trust
