#pragma once

// What trust/host observed about the peer during one handshake. Facts only, no opinion: judge() draws the verdict.
// Thread: values, any. @source RFC 5280 (certificates), RFC 6960 (OCSP), RFC 9525 (names), RFC 9325 (parameters)

#include <array>
#include <cstdint>
#include <optional>

#include "core/text.hpp"
#include "core/time.hpp"

namespace meterseal::trust {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha1 = std::array<std::uint8_t, 20>;

enum class KeyType : std::uint8_t {
  rsa,
  ec,
  ed25519,
  ed448,
  dsa,
  other
};
enum class Digest : std::uint8_t {
  none,
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  other
};  ///< none: EdDSA

/// Outcome of building and checking a chain to a known anchor. `unchecked` where the policy asks for none.
enum class ChainState : std::uint8_t {
  unchecked,
  good,
  unknown_issuer,        ///< no anchor and no further certificate: an unknown CA
  missing_intermediate,  ///< the leaf's issuer was not sent and is not known, although a CA is configured
  self_signed,           ///< the leaf signed itself and is not an anchor
  bad_signature,
  not_a_ca,  ///< an issuer in the chain is not allowed to issue
  path_too_long,
  expired_issuer,       ///< a CA certificate in the chain is outside its dates
  weak_issuer,          ///< a CA certificate in the chain has a key or signature below the level
  constraint_violated,  ///< name constraints, policy constraints
  unknown_critical_extension,
  revoked,      ///< by a CRL file
  crl_missing,  ///< CRLs are configured and none of this issuer is there, is current and is well signed
  malformed,
  too_large,  ///< more than the list size or depth allows
  other,
};

/// What the OCSP answer that the peer stapled says about its certificate.
enum class StapleState : std::uint8_t {
  pending,  ///< not received yet: the certificate is judged before it
  absent,
  good,
  revoked,
  unknown,        ///< the responder does not know this certificate
  stale,          ///< outside thisUpdate..nextUpdate
  foreign,        ///< about another certificate
  bad_signature,  ///< not signed by the issuer or its delegate
  malformed,
  unchecked,  ///< no verified chain, so no issuer to check it against
};

struct Facts {
  Sha256 certificate{};  ///< SHA-256 of the leaf's DER
  Sha1 certificate_sha1{};
  Sha256 key{};                     ///< SHA-256 of the leaf's SubjectPublicKeyInfo DER
  std::optional<Sha1> tasmota_key;  ///< Tasmota's digest of RSA and P-256 keys; nullopt: it has none for this key
  KeyType key_type = KeyType::other;
  std::uint32_t key_bits = 0;
  Digest signature_digest = Digest::other;  ///< of the leaf's own signature
  UtcTime not_before;
  UtcTime not_after;            ///< valid through this second
  bool name_matches = false;    ///< a subjectAltName equals the configured host or IP; the CN is not looked at
  bool server_purpose = false;  ///< EKU allows TLS server authentication, or there is no EKU
  bool must_staple = false;     ///< TLS feature status_request (RFC 7633)
  ChainState chain = ChainState::unchecked;
  std::optional<Sha256> anchor;  ///< SHA-256 of the anchor's SubjectPublicKeyInfo; only with chain == good
  Text<96> chain_detail;         ///< which certificate, for the log
  Text<96> names;                ///< the leaf's subjectAltNames, "DNS:a, IP:b", cut where too long; for the log
  StapleState staple = StapleState::pending;
  std::optional<UtcTime> staple_until;    ///< nextUpdate of a good staple
  std::optional<UtcTime> not_revoked_at;  ///< thisUpdate of a good staple, or of the issuer's CRL; the later of both
  std::optional<UtcTime> now;             ///< nullopt: the wall clock is unknown
};

}  // namespace meterseal::trust
