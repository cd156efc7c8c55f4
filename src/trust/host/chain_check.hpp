#pragma once

// Finds a chain from a certificate to an anchor and says why there is none. Every chain that names and key identifiers
// allow is tried, within a bound; OpenSSL judges each (signatures, CA, path length, constraints, policies, CRLs), then
// the rules that it lacks (certificate_rules.hpp). Both must agree.
//
// Dates are compared here: OpenSSL ends a certificate one second too early, and its time_t has 32 bits on 32-bit ARM.
// Not looked at: dates, purpose, name, key and signature strength of the leaf: they are facts of their own, for
// judge(). Bounds: depth 8 above the leaf, 64 chains. Thread: one at a time.

#include <optional>

#include "trust/facts.hpp"
#include "trust/host/anchors.hpp"
#include "trust/host/crl_list.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

struct ChainFinding {
  ChainState state = ChainState::unchecked;
  Text<96> detail;                  ///< which certificate and what about it
  std::optional<Sha256> anchor;     ///< key of the anchor; only with good
  std::optional<UtcTime> crl_from;  ///< thisUpdate of the issuer's CRL; only with good, where CRLs are checked
  Certificate issuer;               ///< of the leaf, against which its staple is checked; only with good
};

/// @param sent  what the peer sent, the leaf among it or not, in any order; may be nullptr
/// @param now   nullopt: no dates are checked
/// @return unchecked where there are no anchors
[[nodiscard]] ChainFinding check_chain(X509* leaf, STACK_OF(X509) * sent, const Anchors& anchors, const CrlList& crls,
                                       std::optional<UtcTime> now);

}  // namespace meterseal::trust::host
