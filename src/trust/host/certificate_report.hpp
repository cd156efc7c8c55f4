#pragma once

// One certificate as people are shown it: the texts are those of the openssl command, so that they can be compared by
// eye and by diff. Nothing here is judged. Texts come from the peer: control characters and what is no ASCII are
// escaped, so that a name cannot forge a line.
// Thread: values, any.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "trust/facts.hpp"

namespace meterseal::trust::host {

struct CertificateReport {
  Sha256 certificate{};             ///< SHA-256 of the DER
  Sha256 key{};                     ///< SHA-256 of the SubjectPublicKeyInfo
  std::optional<Sha1> tasmota_key;  ///< nullopt: Tasmota has no digest for this kind of key
  std::string subject;              ///< "CN = broker", as `openssl x509 -subject` after its label
  std::string issuer;
  std::string serial;              ///< hex, as `openssl x509 -serial` after its label
  std::vector<std::string> names;  ///< subjectAltName: "DNS:localhost", "IP:127.0.0.1"
  std::string not_before;          ///< "Nov 24 16:35:58 2026 GMT", as `openssl x509 -dates` after its label
  std::string not_after;
  std::optional<UtcTime> starts;  ///< nullopt: no readable time
  std::optional<UtcTime> ends;
  std::string key_kind;   ///< "EC P-256", "RSA 2048"
  std::string signature;  ///< "ecdsa-with-SHA256"
  bool is_self_issued = false;
  std::string pem;
};

/// The first certificate of a text in PEM, or of DER. @return trust::certificate_unreadable
[[nodiscard]] Result<CertificateReport> read_certificate(Bytes file, std::string_view where);

/// All certificates of a text in PEM, which holds nothing else: a key or a damaged block is refused.
/// @return trust::certificate_unreadable: none, more than 64, larger than 64 KiB, or something else between them
[[nodiscard]] Result<std::vector<CertificateReport>> read_certificates(std::string_view pem, std::string_view where);

}  // namespace meterseal::trust::host
