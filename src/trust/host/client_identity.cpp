#include "trust/host/client_identity.hpp"

#include <openssl/pem.h>

#include "trust/host/certificate_facts.hpp"
#include "trust/host/errors.hpp"
#include "trust/host/private_text.hpp"

namespace meterseal::trust::host {

namespace {

int no_passphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

Result<Key> read_client_key(const std::string& file) {
  const auto text = read_private(file, client_key_unreadable);
  if (!text) return tl::unexpected(text.error());
  const Bio in(BIO_new_mem_buf((*text)->view().data(), static_cast<int>((*text)->view().size())));
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return fail(client_key_unreadable, file, "holds no private key in PEM, or one with a passphrase");
  return key;
}

Result<UtcTime> use_client_identity(SSL_CTX* context, const std::string& certificate_file, EVP_PKEY* key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(client_certificate_unreadable, certificate_file, take_openssl_error());
  }
  const auto until = time_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
  if (!until) return fail(client_certificate_unreadable, certificate_file, "its dates cannot be read");
  if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(client_key_mismatch, certificate_file, "the key belongs to another certificate");
  }
  return *until;
}

}  // namespace meterseal::trust::host
