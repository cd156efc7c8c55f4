#include "trust/host/tls_failure.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

namespace meterseal::trust::host {
namespace {

enum class Device {
  not_asked,
  has_none,
  has_one
};

std::string name_of(int alert, Device device) {
  return std::string(failure_of({"broker", alert, device != Device::not_asked, device == Device::has_one}).code.name);
}

TEST(TlsFailure, NamesWhatThePeersAlertMeans) {
  struct Row {
    int alert;
    Device device;
    const char* name;
  };
  const Row rows[] = {
      {SSL_AD_PROTOCOL_VERSION, Device::not_asked, "trust_tls_version"},
      {SSL_AD_HANDSHAKE_FAILURE, Device::not_asked, "trust_no_common_suite"},
      {SSL_AD_HANDSHAKE_FAILURE, Device::has_none, "trust_client_certificate_refused"},
      {SSL_AD_INSUFFICIENT_SECURITY, Device::has_one, "trust_no_common_suite"},
      {SSL_AD_UNKNOWN_CA, Device::has_one, "trust_client_certificate_refused"},
      {SSL_AD_UNKNOWN_CA, Device::not_asked, "trust_tls_failed"},
      {SSL_AD_CERTIFICATE_REQUIRED, Device::has_none, "trust_client_certificate_refused"},
      {SSL_AD_DECRYPT_ERROR, Device::has_one, "trust_client_certificate_refused"},
      {SSL_AD_DECRYPT_ERROR, Device::has_none, "trust_tls_failed"},
      {SSL_AD_DECRYPT_ERROR, Device::not_asked, "trust_tls_failed"},
      {SSL_AD_INTERNAL_ERROR, Device::has_one, "trust_tls_failed"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(name_of(row.alert, row.device), row.name)
        << alert_text(row.alert) << ", " << static_cast<int>(row.device);
  }
}

}  // namespace
}  // namespace meterseal::trust::host
