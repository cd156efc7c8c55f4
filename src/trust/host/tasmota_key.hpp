#pragma once

// Tasmota's 20-byte fingerprint: SHA-1 over its own serialisation of the public key, big-endian lengths before each
// part, numbers without leading zero bytes. RSA: "ssh-rsa", e, n. EC on P-256: "ecdsa", the curve's number 23, the
// uncompressed point. Other keys have none.
// @source Tasmota, tls_mini / WiFiClientSecureLightBearSSL.cpp, "fingerprint v2" (8.4.0 RSA, 14.4.0.1 EC)
// Thread: any.

#include <openssl/evp.h>

#include <optional>

#include "trust/facts.hpp"

namespace meterseal::trust::host {

[[nodiscard]] std::optional<Sha1> tasmota_key_digest(const EVP_PKEY* key);

}  // namespace meterseal::trust::host
