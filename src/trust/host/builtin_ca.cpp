#include "trust/host/builtin_ca.hpp"

#include <openssl/pem.h>

#include "trust/errors.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/report_on.hpp"

#ifdef USE_MQTT_TLS_CA_CERT
// Defined in builtin_ca.S.
extern "C" const char meterseal_ca_chain[];
extern "C" const char meterseal_ca_chain_end[];
#endif

namespace meterseal::trust::host {

std::string_view builtin_ca_pem() {
#ifdef USE_MQTT_TLS_CA_CERT
  return {meterseal_ca_chain, static_cast<std::size_t>(meterseal_ca_chain_end - meterseal_ca_chain)};
#else
  return {};
#endif
}

Result<std::vector<CertificateReport>> builtin_ca_report() {
  const std::string_view pem = builtin_ca_pem();
  std::vector<CertificateReport> reports;
  if (pem.empty()) return reports;
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (const Certificate certificate{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    reports.push_back(report_on(certificate.get()));
  }
  ERR_clear_error();
  if (reports.empty()) return fail(certificate_unreadable, "the CA chain of this build", "holds no certificate in PEM");
  return reports;
}

}  // namespace meterseal::trust::host
