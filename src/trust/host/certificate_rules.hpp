#pragma once

// Rules of RFC 5280 that OpenSSL does not enforce, or only together with others that ordinary private CAs break. Which
// rules are left out on purpose, and why: docs/deviations.md.
// Thread: any.

#include <openssl/x509.h>

#include <optional>
#include <string_view>

#include "trust/facts.hpp"

namespace meterseal::trust::host {

struct RuleFault {
  ChainState state;
  std::string_view what;  ///< "its name constraints are empty"
};

/// What a certificate of a chain must fulfil by itself.
[[nodiscard]] std::optional<RuleFault> leaf_fault(X509* leaf);
[[nodiscard]] std::optional<RuleFault> issuer_fault(X509* issuer);
/// An anchor is trusted by itself: its signature does not count, what it says about others does.
[[nodiscard]] std::optional<RuleFault> anchor_fault(X509* anchor);

/// What the name constraints of `issuer` demand of `leaf` beyond OpenSSL's comparison of texts: a wildcard stands for
/// names, and one of them may be excluded; and what is no well-formed name lies within no name space.
[[nodiscard]] std::optional<RuleFault> constrained_names_fault(X509* leaf, X509* issuer);

}  // namespace meterseal::trust::host
