#pragma once

// A public key infrastructure made in the test: every certificate says what is special about it and the rest is right.
// Times are fixed: everything is valid in January and February 2026, and kToday is the first of February.
// Ownership: values; keys and certificates are shared.

#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"

namespace meterseal::test {

[[nodiscard]] UtcTime day(std::int32_t year, std::uint8_t month, std::uint8_t day, std::uint8_t hour = 0);
inline const UtcTime kToday = day(2026, 2, 1);
constexpr const char* kHost = "broker.example.com";

enum class KeyKind {
  p256,
  p256_explicit,
  rsa1024,
  rsa2048,
  dsa,
  ed25519
};

struct Issued {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  [[nodiscard]] std::string pem() const;
  [[nodiscard]] std::string key_pem() const;
};

struct Extension {
  std::string name;   ///< as OpenSSL's configuration files call it: "subjectAltName"
  std::string value;  ///< likewise: "critical,CA:TRUE", "DER:0500"
};

struct Request {
  std::string common_name = "broker";
  std::string organisation = "Test site";
  const Issued* issuer = nullptr;  ///< nullptr: signs itself
  KeyKind key_kind = KeyKind::p256;
  std::shared_ptr<EVP_PKEY> key;  ///< instead of a new one
  UtcTime from = day(2026, 1, 1);
  UtcTime until = day(2026, 2, 28);
  std::vector<Extension> extensions;
  const char* digest = "SHA256";
  long version = 2;  ///< 2 is version 3
  long serial = 0;   ///< 0: the next
  bool breaks_signature = false;
};
[[nodiscard]] Issued issue(const Request& request);

/// "CN=Test root", valid for ten years.
[[nodiscard]] Request root_request(const std::string& name = "Test root");
[[nodiscard]] Request intermediate_request(const Issued& issuer, const std::string& name = "Test intermediate");
/// For kHost, for servers.
[[nodiscard]] Request leaf_request(const Issued& issuer, const std::string& names = "DNS:broker.example.com");
[[nodiscard]] Request self_signed_request(const std::string& names = "DNS:broker.example.com");

struct CrlRequest {
  std::vector<const Issued*> revoked = {};  // NOLINT(readability-redundant-member-init)
  UtcTime from = day(2026, 1, 15);
  UtcTime until = day(2026, 2, 15);
  const EVP_PKEY* signer = nullptr;  ///< nullptr: the issuer
  bool has_number = true;
};
[[nodiscard]] std::string make_crl(const Issued& issuer, const CrlRequest& request);

struct StapleRequest {
  int status = V_OCSP_CERTSTATUS_GOOD;
  UtcTime from = day(2026, 1, 31);
  std::optional<UtcTime> until = day(2026, 2, 7);
  const Issued* signer = nullptr;  ///< nullptr: the issuer
  bool sends_signer = false;
  const char* digest = "SHA256";
};
/// An OCSP answer about `subject` in DER.
[[nodiscard]] std::string make_staple(const Issued& subject, const Issued& issuer, const StapleRequest& request = {});

void write_file(const std::string& path, const std::string& text, unsigned mode = 0600);

}  // namespace meterseal::test
