#pragma once

// Owners of OpenSSL's objects and the text of its last error, for this room alone.
// Thread: values; OpenSSL's error queue belongs to the calling thread.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <new>
#include <string>

namespace meterseal::trust::host {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Certificate = std::unique_ptr<X509, FreedBy<&X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, FreedBy<&X509_CRL_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<&EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, FreedBy<&BIO_free_all>>;

/// Lists that do not own what is in them.
struct StackFree {
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
  void operator()(STACK_OF(X509_CRL) * list) const { sk_X509_CRL_free(list); }
};
using CertificateStack = std::unique_ptr<STACK_OF(X509), StackFree>;
using CrlStack = std::unique_ptr<STACK_OF(X509_CRL), StackFree>;

/// Another owner of the same certificate.
[[nodiscard]] inline Certificate shared(X509* certificate) {
  X509_up_ref(certificate);
  return Certificate(certificate);
}

/// Forgets what OpenSSL complained of. Where it lacked memory, what it said before is worth nothing: std::bad_alloc,
/// which every entry of this room turns into trust::out_of_memory.
inline void forget_openssl_errors() {
  bool lacked_memory = false;
  while (const unsigned long code = ERR_get_error()) {
    lacked_memory = lacked_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
  }
  if (lacked_memory) throw std::bad_alloc();
}

/// Takes what OpenSSL complained of last and forgets the rest. Empty: nothing.
[[nodiscard]] inline std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "";
}

}  // namespace meterseal::trust::host
