#pragma once

// The certificate and key with which this device shows who it is. The key file must be readable by its owner alone.
// Thread: one at a time; reads files.

#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

/// Puts both into `context`. @return the certificate's notAfter; trust::client_certificate_unreadable,
/// client_key_unreadable, client_key_exposed, client_key_mismatch
[[nodiscard]] Result<UtcTime> use_client_identity(SSL_CTX* context, const std::string& certificate_file,
                                                  const std::string& key_file);

}  // namespace meterseal::trust::host
