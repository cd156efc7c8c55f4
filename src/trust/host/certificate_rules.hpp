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

/// A wildcard of `leaf` that could stand for a name which `issuer` excludes. OpenSSL compares only the wildcard's text.
[[nodiscard]] std::optional<RuleFault> wildcard_fault(X509* leaf, X509* issuer);

}  // namespace meterseal::trust::host
