#pragma once

// What the page says about the next renewal of the broker's certificate: the finding of the doctor (check_renewal), and
// where the same CA could be followed, the console line that does so. Thread: any (pure).

#include "app/toolbox/doctor_checks.hpp"
#include "console/trust_control.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

/// @param facts  of the certificate that the broker served last
[[nodiscard]] web::RenewalView renewal_view(const OwnTrust& own, const console::FixedByFile& fixed, trust::Facts facts);

}  // namespace meterseal::app
