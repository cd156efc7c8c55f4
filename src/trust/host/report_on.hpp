#pragma once

// The door from OpenSSL's certificate to its report, for this room alone.

#include <openssl/x509.h>

#include "trust/host/certificate_report.hpp"

namespace meterseal::trust::host {

[[nodiscard]] CertificateReport report_on(X509* certificate);

}  // namespace meterseal::trust::host
