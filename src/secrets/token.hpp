#pragma once

// Random texts: tokens for machines, codes that a person copies by hand. Thread: any (pure).

#include <optional>
#include <string>
#include <string_view>

#include "secrets/cryptography.hpp"

namespace meterseal::secrets {

/// 256 random bits as 43 characters of base64url.
[[nodiscard]] std::string make_token(Cryptography& cryptography);

/// 100 random bits for a person: "7QK3M-0ZT9X-..." in Crockford's base 32, which has no I, L, O and U.
[[nodiscard]] std::string make_code(Cryptography& cryptography);
/// What a person typed as the code that was meant: any case, O for 0, I and L for 1, with or without dashes and blanks.
/// @return nullopt: cannot be a code
[[nodiscard]] std::optional<std::string> read_code(std::string_view typed);

/// A password for a machine account: 120 random bits as 24 characters of the code's alphabet, lower case.
[[nodiscard]] std::string make_password(Cryptography& cryptography);

[[nodiscard]] std::string to_hex(Bytes bytes);  ///< lower case
/// @return nullopt: not twice 32 hex digits
[[nodiscard]] std::optional<Digest> digest_from_hex(std::string_view hex);

}  // namespace meterseal::secrets
