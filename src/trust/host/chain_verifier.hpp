#pragma once

// The verdict of this program over a chain of certificates, offline: the engine of the handshake without a handshake.
// For `meterseal tls verify` and for whoever wants to know what would happen. Possession of the key is not proved here.
// Thread: any. @source RFC 5280, RFC 9525, RFC 6960; what is tolerated on purpose: docs/deviations.md

#include <optional>
#include <string>

#include "core/result.hpp"
#include "trust/facts.hpp"
#include "trust/verdict.hpp"

namespace meterseal::trust::host {

struct ChainQuestion {
  std::string chain;  ///< PEM: the peer's certificate first, then what it sends along, in any order
  std::string ca;     ///< PEM: the anchors
  std::string host;   ///< DNS name or address
  UtcTime time;
  /// PEM, one or many, or DER; empty: no revocation is checked
  std::string crl = {};  // NOLINT(readability-redundant-member-init)
  /// an OCSP answer in DER, as it would be stapled; empty: none
  std::string ocsp = {};  // NOLINT(readability-redundant-member-init)
};

struct ChainAnswer {
  Verdict verdict;
  Facts facts;
  std::optional<Error> refusal;  ///< with reason, detail and remedy; nullopt: Trusted
};

/// @return what cannot be asked at all: trust::certificate_unreadable, ca_unreadable, no_anchor, crl_unreadable,
/// host_unusable
[[nodiscard]] Result<ChainAnswer> verify_chain(const ChainQuestion& question);

}  // namespace meterseal::trust::host
