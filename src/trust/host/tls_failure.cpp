#include "trust/host/tls_failure.hpp"

#include <string>

#include "trust/errors.hpp"
#include "trust/host/errors.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

namespace {

struct OpenSslErrors {
  int first_reason = 0;  ///< of the SSL library, or 0
  bool lacks_memory = false;
  std::string text;
};

OpenSslErrors take_errors() {
  OpenSslErrors errors;
  while (const unsigned long code = ERR_get_error()) {
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) errors.lacks_memory = true;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && errors.first_reason == 0) errors.first_reason = ERR_GET_REASON(code);
    const char* reason = ERR_reason_error_string(code);
    if (errors.text.empty() && reason != nullptr) errors.text = reason;
  }
  return errors;
}

Error from_peer_alert(const EndOfTls& end) {
  const auto error = [&](const Code& code, std::string_view what) {
    return make_error(code, end.where, Text<224>(what).add(" (alert: ").add(alert_text(end.peer_alert)).add(")"));
  };
  switch (end.peer_alert) {
    case SSL_AD_PROTOCOL_VERSION: return error(tls_version, "the peer speaks neither TLS 1.2 nor 1.3");
    case SSL_AD_HANDSHAKE_FAILURE:
      if (!end.asked_for_client_certificate) return error(no_common_suite, "the peer takes none of the offered suites");
      [[fallthrough]];  // TLS 1.2 has no alert of its own for a missing certificate
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      if (!end.asked_for_client_certificate) break;
      return error(client_certificate_refused, end.had_client_certificate
                                                   ? "the peer refused this device's certificate"
                                                   : "the peer demands a client certificate and there is none");
    case SSL_AD_DECRYPT_ERROR:
      if (!end.had_client_certificate) break;
      return error(client_certificate_refused, "the peer could not verify this device's proof of its key");
    case SSL_AD_INSUFFICIENT_SECURITY: return error(no_common_suite, "the peer takes none of the offered suites");
    case SSL_AD_NO_APPLICATION_PROTOCOL: return error(no_alpn, "the peer does not know the protocol of mqtt.tls.alpn");
    default: break;
  }
  return error(tls_failed, "the peer ended TLS");
}

}  // namespace

Error failure_of(const EndOfTls& end) {
  const OpenSslErrors errors = take_errors();
  if (errors.lacks_memory) return make_error(out_of_memory, end.where, "no memory in the middle of TLS");
  if (end.peer_alert >= 0) return from_peer_alert(end);
  switch (errors.first_reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return make_error(tls_version, end.where, "the peer answered with a version older than TLS 1.2");
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CIPHER_RETURNED:
      return make_error(no_common_suite, end.where, "the peer chose a suite that was not offered");
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return make_error(chain_too_large, end.where, "the peer sent a handshake message of more than 64 KiB");
    case SSL_R_BAD_SIGNATURE:
      return make_error(key_not_proved, end.where, "the peer did not sign with the key of the certificate it sent");
    case 0: break;
    default: return make_error(tls_malformed, end.where, errors.text);
  }
  return make_error(tls_failed, end.where, errors.text.empty() ? "TLS ended without a reason" : errors.text);
}

std::string_view alert_text(int alert) {
  return alert < 0 ? std::string_view() : SSL_alert_desc_string_long(alert);
}

}  // namespace meterseal::trust::host
