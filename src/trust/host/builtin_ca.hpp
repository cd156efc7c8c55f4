#pragma once

// The CA chain that this binary was built with (docs/custom-build.md). Thread: any; constant data.

#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "trust/host/certificate_report.hpp"

namespace meterseal::trust::host {

/// PEM, as the file was; empty: this build has none.
[[nodiscard]] std::string_view builtin_ca_pem();
/// Its certificates for people. @return trust::certificate_unreadable
[[nodiscard]] Result<std::vector<CertificateReport>> builtin_ca_report();

}  // namespace meterseal::trust::host
