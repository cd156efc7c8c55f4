#pragma once

// The certificate and key with which this device shows who it is. The key comes from a file that its owner alone can
// read, or stays in a token (token_key.hpp). Thread: one at a time; reads files.

#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

/// @return trust::client_key_unreadable, client_key_exposed
[[nodiscard]] Result<Key> read_client_key(const std::string& file);

/// Puts both into `context`. @return the certificate's notAfter; trust::client_certificate_unreadable,
/// client_key_mismatch
[[nodiscard]] Result<UtcTime> use_client_identity(SSL_CTX* context, const std::string& certificate_file, EVP_PKEY* key);

}  // namespace meterseal::trust::host
