#pragma once

// A private key in a PKCS#11 token (smart card, TPM, HSM): it never leaves it, the token signs. Signing blocks for as
// long as the token takes.
//
// Ownership: whatever uses the key must be gone before this object. Thread: one at a time.
// @source RFC 7512 (addresses), PKCS#11 2.40

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

/// Which key of which token. Empty: any.
struct TokenAddress {
  std::string token;   ///< label of the token
  std::string serial;  ///< of the token
  std::string object;  ///< label of the key
  std::string id;      ///< of the key, bytes
};
/// "pkcs11:token=agent;object=mqtt". @return nullopt: no such address, or an attribute that is not understood
[[nodiscard]] std::optional<TokenAddress> parse_token_address(std::string_view uri);

class TokenKey {
 public:
  /// @param module    the token's driver, a shared library
  /// @param pin_file  readable by its owner alone, the PIN in its first line; empty: the token needs none
  /// @return trust::token_unusable, client_key_exposed
  [[nodiscard]] static Result<std::unique_ptr<TokenKey>> open(const std::string& module, const std::string& uri,
                                                              const std::string& pin_file);
  virtual ~TokenKey() = default;
  [[nodiscard]] virtual EVP_PKEY* key() const = 0;
};

}  // namespace meterseal::trust::host
