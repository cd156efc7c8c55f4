#include "trust/host/certificate_report.hpp"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "trust/errors.hpp"
#include "trust/host/certificate_facts.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/report_on.hpp"
#include "trust/host/tasmota_key.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;

Bio memory() {
  return Bio(BIO_new(BIO_s_mem()));
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const Bio out = memory();
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE);
  return content_of(out.get());
}

std::string time_text(const ASN1_TIME* time) {
  const Bio out = memory();
  ASN1_TIME_print(out.get(), time);
  return content_of(out.get());
}

std::string serial_text(const ASN1_INTEGER* serial) {
  const Bio out = memory();
  i2a_ASN1_INTEGER(out.get(), serial);
  return content_of(out.get());
}

/// A name may hold anything, a comma or a NUL as well.
std::string escaped(const ASN1_STRING* text) {
  std::string out;
  const unsigned char* bytes = ASN1_STRING_get0_data(text);
  for (int i = 0; i < ASN1_STRING_length(text); ++i) {
    const unsigned char byte = bytes[i];
    if (byte > ' ' && byte < 0x7f && byte != '\\' && byte != ',' && byte != '"') {
      out += static_cast<char>(byte);
    } else {
      Text<4> hex("\\x");
      hex.add_hex(byte, 2);
      out += hex.view();
    }
  }
  return out;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const int size = ASN1_STRING_length(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = size == 4 ? AF_INET : AF_INET6;
  if ((size != 4 && size != 16) ||
      inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr) {
    return "(" + std::to_string(size) + " bytes)";
  }
  return text.data();
}

std::string general_name_text(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS: return "DNS:" + escaped(name->d.dNSName);
    case GEN_IPADD: return "IP:" + address_text(name->d.iPAddress);
    case GEN_URI: return "URI:" + escaped(name->d.uniformResourceIdentifier);
    case GEN_EMAIL: return "email:" + escaped(name->d.rfc822Name);
    default: return "(another kind of name)";
  }
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> list(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    names.push_back(general_name_text(sk_GENERAL_NAME_value(list.get(), i)));
  }
  return names;
}

std::string key_kind_of(EVP_PKEY* key) {
  if (key == nullptr) return "unreadable";
  std::array<char, 64> group{};
  std::size_t size = 0;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC: {
      if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) return "EC";
      const std::string name(group.data(), size);
      const char* nist = EC_curve_nid2nist(OBJ_sn2nid(name.c_str()));
      return "EC " + (nist != nullptr ? std::string(nist) : name);
    }
    case EVP_PKEY_ED25519: return "Ed25519";
    case EVP_PKEY_ED448: return "Ed448";
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return std::string(name != nullptr ? name : "unknown") + " " + std::to_string(EVP_PKEY_get_bits(key));
    }
  }
}

std::string signature_of(const X509* certificate) {
  const char* name = OBJ_nid2ln(X509_get_signature_nid(certificate));
  return name != nullptr ? name : "unknown";
}

std::string pem_of(X509* certificate) {
  const Bio out = memory();
  PEM_write_bio_X509(out.get(), certificate);
  return content_of(out.get());
}

Certificate parse(Bytes file) {
  const Bio in(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  // As `openssl x509` does: a trusted certificate's additions are read and left out.
  Certificate certificate(PEM_read_bio_X509_AUX(in.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  if (!certificate) {
    const unsigned char* at = file.data();
    certificate.reset(d2i_X509(nullptr, &at, static_cast<long>(file.size())));
  }
  ERR_clear_error();
  return certificate;
}

}  // namespace

CertificateReport report_on(X509* certificate) {
  CertificateReport report;
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), report.certificate.data(), &size);
  report.key = key_digest(certificate);
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  report.tasmota_key = tasmota_key_digest(key);
  report.subject = name_text(X509_get_subject_name(certificate));
  report.issuer = name_text(X509_get_issuer_name(certificate));
  report.serial = serial_text(X509_get0_serialNumber(certificate));
  report.names = names_of(certificate);
  report.not_before = time_text(X509_get0_notBefore(certificate));
  report.not_after = time_text(X509_get0_notAfter(certificate));
  report.starts = time_of(X509_get0_notBefore(certificate));
  report.ends = time_of(X509_get0_notAfter(certificate));
  report.key_kind = key_kind_of(key);
  report.signature = signature_of(certificate);
  report.is_self_issued = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  report.pem = pem_of(certificate);
  ERR_clear_error();
  return report;
}

Result<CertificateReport> read_certificate(Bytes file, std::string_view where) {
  if (file.size() > kMaxFile) return fail(certificate_unreadable, where, "is larger than 1 MiB");
  const Certificate certificate = parse(file);
  if (!certificate) return fail(certificate_unreadable, where, "holds no certificate");
  return report_on(certificate.get());
}

Result<std::vector<CertificateReport>> read_certificates(std::string_view pem, std::string_view where) {
  constexpr std::size_t kMostText = std::size_t{64} * 1024;
  constexpr std::size_t kMostCertificates = 64;
  if (pem.size() > kMostText) return fail(certificate_unreadable, where, "is larger than 64 KiB");
  std::size_t blocks = 0;
  for (std::size_t at = pem.find("-----BEGIN "); at != std::string_view::npos; at = pem.find("-----BEGIN ", at + 1)) {
    if (!pem.substr(at).starts_with("-----BEGIN CERTIFICATE-----"))
      return fail(certificate_unreadable, where, "holds something else than certificates: never give a private key");
    if (++blocks > kMostCertificates) return fail(certificate_unreadable, where, "holds more than 64 certificates");
  }
  std::vector<CertificateReport> reports;
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (const Certificate certificate{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    reports.push_back(report_on(certificate.get()));
  }
  ERR_clear_error();
  if (reports.empty()) return fail(certificate_unreadable, where, "holds no certificate in PEM");
  if (reports.size() != blocks) return fail(certificate_unreadable, where, "holds a damaged certificate");
  return reports;
}

}  // namespace meterseal::trust::host
