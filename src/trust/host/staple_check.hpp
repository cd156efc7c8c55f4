#pragma once

// What an OCSP answer says about one certificate, once its signature, its times and the certificate that it is about
// have been checked. It must be signed by the issuer itself or by a delegate whom the issuer certified for just that.
// @source RFC 6960, 3.2 and 4.2.2.2. Thread: any.

#include <optional>

#include "core/bytes.hpp"
#include "trust/facts.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

struct StapleFinding {
  StapleState state = StapleState::absent;
  std::optional<UtcTime> until;  ///< nextUpdate, or a day after thisUpdate where it names none
  std::optional<UtcTime> from;   ///< thisUpdate; only with good
};

/// @param issuer  from a verified chain; nullptr: there is none
/// @param now     nullopt: times are not checked
[[nodiscard]] StapleFinding check_staple(Bytes der, X509* leaf, X509* issuer, std::optional<UtcTime> now);

}  // namespace meterseal::trust::host
