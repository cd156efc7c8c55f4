#include "app/face/renewal_view.hpp"

namespace meterseal::app {

web::RenewalView renewal_view(const OwnTrust& own, const console::FixedByFile& fixed, trust::Facts facts) {
  // A certificate that waits for its confirmation is refused before its OCSP answer can come.
  if (facts.staple == trust::StapleState::pending) facts.staple = trust::StapleState::absent;
  const Check check = check_renewal(own, facts);
  if (check.verdict == CheckVerdict::skipped) return {};
  if (check.verdict == CheckVerdict::warning && proposes_same_ca(own, facts) && !fixed.renewal) {
    return {check.evidence,
            "follow every renewal by this CA for this name, with any key: the next one then needs nobody",
            "TlsRenewal same-ca"};
  }
  return {check.evidence, check.remedy, {}};
}

}  // namespace meterseal::app
