#include "trust/host/tls_server.hpp"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>

#include "trust/errors.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

namespace {

constexpr int kX509V3 = 2;
constexpr std::int64_t kGoodFor_s = std::int64_t{3653} * 86'400;

bool is_ip(const std::string& text) {
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate) {
  // 127 random bits, positive. @source RFC 5280, 4.1.2.2; CA/Browser baseline: at least 64 bits of randomness
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
  random[0] &= 0x7F;
  BIGNUM* number = BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

bool set_times(X509* certificate, UtcTime not_before) {
  const std::int64_t start = std::chrono::duration_cast<seconds>(not_before.time_since_epoch()).count();
  return ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(start)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(start + kGoodFor_s)) != nullptr;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    // Anything else would be syntax of the extension's text form.
    if (name.find_first_of(",;@\n") != std::string::npos || name.empty()) continue;
    text += (text.empty() ? "" : ",") + std::string(is_ip(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

Certificate make_certificate(EVP_PKEY* key, const std::vector<std::string>& names, UtcTime not_before) {
  Certificate certificate(X509_new());
  if (!certificate) return {};
  X509* x = certificate.get();
  const std::string san = alternative_names(names);
  X509_NAME* subject = X509_get_subject_name(x);
  const auto* common_name = reinterpret_cast<const unsigned char*>("Meterseal");
  const bool made = X509_set_version(x, kX509V3) == 1 && set_serial(x) && set_times(x, not_before) &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1 &&
                    add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(x, NID_ext_key_usage, "serverAuth") &&
                    (san.empty() || add_extension(x, NID_subject_alt_name, san)) && X509_sign(x, key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : Certificate();
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<ServerIdentity> make_server_identity(const std::vector<std::string>& names, UtcTime not_before) {
  const auto failed = [] { return fail(own_certificate_failed, "web", "OpenSSL: " + take_openssl_error()); };
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed();
  const Certificate certificate = make_certificate(key.get(), names, not_before);
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (!certificate || !certificate_text || !key_text) return failed();
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed();
  return ServerIdentity{text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace meterseal::trust::host
