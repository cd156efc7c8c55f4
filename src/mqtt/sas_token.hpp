#pragma once

// The password of Azure IoT Hub: a shared access signature, made from the device's key, that ends by itself. Pure: the
// HMAC is computed by whoever holds the key (secrets/host).
// Thread: any. @source Microsoft, "Control access to IoT Hub with shared access signatures"

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/time.hpp"

namespace meterseal::mqtt {

/// How long a token is valid, and how long before its end the connection is made anew with the next one. The hub closes
/// the connection when its token ends.
inline constexpr seconds kSasLifetime{3600};
inline constexpr seconds kSasRenewBefore{300};

struct SasClaim {
  std::string resource;     ///< "<hub>/devices/<device>", percent-encoded
  std::int64_t expiry = 0;  ///< Unix seconds

  [[nodiscard]] static SasClaim of(std::string_view hub, std::string_view device, UtcTime now);
  /// What is signed with HMAC-SHA256 under the decoded device key.
  [[nodiscard]] std::string text_to_sign() const;
  /// @param signature_base64  of the 32 bytes of the HMAC
  [[nodiscard]] std::string token(std::string_view signature_base64) const;
};

/// "<hub>/<device>/?api-version=2021-04-12"
[[nodiscard]] std::string azure_user_name(std::string_view hub, std::string_view device);

}  // namespace meterseal::mqtt
