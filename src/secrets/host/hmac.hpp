#pragma once

// The signature of an access token. Thread: any. @source RFC 2104; FIPS 198-1

#include <string>
#include <string_view>

namespace meterseal::secrets::host {

/// HMAC-SHA256 of `text` under `key`, in base64 with padding.
[[nodiscard]] std::string hmac_sha256_base64(std::string_view key, std::string_view text);

}  // namespace meterseal::secrets::host
