#pragma once

// What one certificate says about itself, as facts for judge(). The chain above it: chain_verifier.hpp.
// Thread: any.

#include <openssl/x509.h>

#include <optional>

#include "trust/facts.hpp"
#include "trust/host/peer_name.hpp"

namespace meterseal::trust::host {

/// Everything in Facts but chain, staple and clock.
[[nodiscard]] Facts facts_of(X509* leaf, const PeerName& name);

/// SHA-256 of the SubjectPublicKeyInfo, as it stands in the certificate.
[[nodiscard]] Sha256 key_digest(const X509* certificate);

struct KeyStrength {
  KeyType type = KeyType::other;  ///< also where the curve is spelt out instead of named: nobody has vetted it
  std::uint32_t bits = 0;
};
[[nodiscard]] KeyStrength key_of(const X509* certificate);
[[nodiscard]] Digest signature_digest_of(X509* certificate);

/// nullopt: not encoded as RFC 5280, 4.1.2.5 demands.
[[nodiscard]] std::optional<UtcTime> time_of(const ASN1_TIME* time);

}  // namespace meterseal::trust::host
