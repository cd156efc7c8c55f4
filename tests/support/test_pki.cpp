#include "support/test_pki.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

namespace meterseal::test {

namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

Bio memory() {
  return {BIO_new(BIO_s_mem()), &BIO_free_all};
}
std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  EXPECT_NE(key, nullptr);
  return {key, &EVP_PKEY_free};
}

std::shared_ptr<EVP_PKEY> generate(EVP_PKEY_CTX* context) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> owner(context, &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(EVP_PKEY_generate(context, &key), 1);
  return owned(key);
}

std::shared_ptr<EVP_PKEY> explicit_curve_key() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1);
  EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE);
  return generate(context);
}

std::shared_ptr<EVP_PKEY> dsa_key() {
  EVP_PKEY_CTX* parameters = EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr);
  EVP_PKEY_paramgen_init(parameters);
  EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters, 2048);
  const auto group = generate(parameters);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, group.get(), nullptr);
  EVP_PKEY_keygen_init(context);
  return generate(context);
}

std::shared_ptr<EVP_PKEY> new_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::p256: return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    case KeyKind::p256_explicit: return explicit_curve_key();
    case KeyKind::rsa1024: return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
    case KeyKind::rsa2048: return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    case KeyKind::dsa: return dsa_key();
    case KeyKind::ed25519: return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  return nullptr;
}

/// RSA and DSA keys take a second to make: one of each per test program.
std::shared_ptr<EVP_PKEY> key_for(const Request& request) {
  if (request.key) return request.key;
  if (request.key_kind == KeyKind::dsa) {
    static const auto dsa = new_key(KeyKind::dsa);
    return dsa;
  }
  return new_key(request.key_kind);
}

std::time_t seconds_of(UtcTime time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

void set_name(X509_NAME* name, const Request& request) {
  const auto add = [&](const char* field, const std::string& value) {
    if (value.empty()) return;
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                               -1, 0);
  };
  add("O", request.organisation);
  add("CN", request.common_name);
}

void add_extensions(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  for (const Extension& extension : extensions) {
    X509_EXTENSION* made = X509V3_EXT_conf(nullptr, &context, extension.name.c_str(), extension.value.c_str());
    ASSERT_NE(made, nullptr) << extension.name << " = " << extension.value;
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
  }
}

const EVP_MD* digest_for(const EVP_PKEY* key, const char* name) {
  return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_get_digestbyname(name);
}

void break_signature(X509* certificate) {
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate);
  signature->data[signature->length - 1] ^= 1;
}

}  // namespace

UtcTime day(std::int32_t year, std::uint8_t month, std::uint8_t day, std::uint8_t hour) {
  return utc_from_civil_utc(CivilTime{{year, month, day}, hour, 0, 0, 0, 0});
}

std::string Issued::pem() const {
  const Bio out = memory();
  PEM_write_bio_X509(out.get(), certificate.get());
  return content_of(out.get());
}

std::string Issued::key_pem() const {
  const Bio out = memory();
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return content_of(out.get());
}

Issued issue(const Request& request) {
  static long serial = 1000;
  Issued made{{X509_new(), &X509_free}, key_for(request)};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, request.version);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), request.serial != 0 ? request.serial : ++serial);
  set_name(X509_get_subject_name(certificate), request);
  X509* issuer = request.issuer != nullptr ? request.issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(request.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(request.until));
  X509_set_pubkey(certificate, made.key.get());
  add_extensions(certificate, issuer, request.extensions);
  EVP_PKEY* signer = request.issuer != nullptr ? request.issuer->key.get() : made.key.get();
  EXPECT_GT(X509_sign(certificate, signer, digest_for(signer, request.digest)), 0);
  if (request.breaks_signature) break_signature(certificate);
  // As it comes from a peer: nothing is cached from its making.
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const unsigned char* at = der;
  made.certificate.reset(d2i_X509(nullptr, &at, size), &X509_free);
  OPENSSL_free(der);
  EXPECT_NE(made.certificate, nullptr);
  return made;
}

Request root_request(const std::string& name) {
  Request request;
  request.common_name = name;
  request.from = day(2020, 1, 1);
  request.until = day(2030, 1, 1);
  request.extensions = {{"basicConstraints", "critical,CA:TRUE"},
                        {"keyUsage", "critical,keyCertSign,cRLSign"},
                        {"subjectKeyIdentifier", "hash"}};
  return request;
}

Request intermediate_request(const Issued& issuer, const std::string& name) {
  Request request = root_request(name);
  request.issuer = &issuer;
  request.extensions.push_back({"authorityKeyIdentifier", "keyid"});
  return request;
}

Request leaf_request(const Issued& issuer, const std::string& names) {
  Request request;
  request.issuer = &issuer;
  request.extensions = {{"basicConstraints", "CA:FALSE"},
                        {"keyUsage", "critical,digitalSignature"},
                        {"extendedKeyUsage", "serverAuth"},
                        {"authorityKeyIdentifier", "keyid"}};
  if (!names.empty()) request.extensions.push_back({"subjectAltName", names});
  return request;
}

Request self_signed_request(const std::string& names) {
  Request request;
  request.extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"subjectKeyIdentifier", "hash"}};
  if (!names.empty()) request.extensions.push_back({"subjectAltName", names});
  return request;
}

std::string make_crl(const Issued& issuer, const CrlRequest& request) {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> crl(X509_CRL_new(), &X509_CRL_free);
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.get()));
  const auto at = [](UtcTime time) {
    return std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)>(ASN1_TIME_set(nullptr, seconds_of(time)),
                                                                 &ASN1_TIME_free);
  };
  X509_CRL_set1_lastUpdate(crl.get(), at(request.from).get());
  X509_CRL_set1_nextUpdate(crl.get(), at(request.until).get());
  for (const Issued* revoked : request.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, at(request.from).get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  if (request.has_number) {
    const std::unique_ptr<ASN1_INTEGER, decltype(&ASN1_INTEGER_free)> number(ASN1_INTEGER_new(), &ASN1_INTEGER_free);
    ASN1_INTEGER_set(number.get(), 7);
    X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, number.get(), 0, 0);
  }
  X509_CRL_sort(crl.get());
  auto* signer = request.signer != nullptr ? const_cast<EVP_PKEY*>(request.signer) : issuer.key.get();  // NOLINT
  EXPECT_GT(X509_CRL_sign(crl.get(), signer, EVP_sha256()), 0);
  const Bio out = memory();
  PEM_write_bio_X509_CRL(out.get(), crl.get());
  return content_of(out.get());
}

std::string make_staple(const Issued& subject, const Issued& issuer, const StapleRequest& request) {
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(OCSP_BASICRESP_new(),
                                                                              &OCSP_BASICRESP_free);
  const std::unique_ptr<OCSP_CERTID, decltype(&OCSP_CERTID_free)> id(
      OCSP_cert_to_id(EVP_sha1(), subject.certificate.get(), issuer.certificate.get()), &OCSP_CERTID_free);
  const auto at = [](UtcTime time) { return ASN1_GENERALIZEDTIME_set(nullptr, seconds_of(time)); };
  ASN1_GENERALIZEDTIME* from = at(request.from);
  ASN1_GENERALIZEDTIME* until = request.until ? at(*request.until) : nullptr;
  ASN1_GENERALIZEDTIME* revoked = request.status == V_OCSP_CERTSTATUS_REVOKED ? at(request.from) : nullptr;
  OCSP_basic_add1_status(basic.get(), id.get(), request.status, 0, revoked, from, until);
  ASN1_GENERALIZEDTIME_free(from);
  ASN1_GENERALIZEDTIME_free(until);
  ASN1_GENERALIZEDTIME_free(revoked);
  const Issued& signer = request.signer != nullptr ? *request.signer : issuer;
  EXPECT_EQ(OCSP_basic_sign(basic.get(), signer.certificate.get(), signer.key.get(),
                            EVP_get_digestbyname(request.digest), nullptr, request.sends_signer ? 0 : OCSP_NOCERTS),
            1);
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()), &OCSP_RESPONSE_free);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

void write_file(const std::string& path, const std::string& text, unsigned mode) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}

}  // namespace meterseal::test
