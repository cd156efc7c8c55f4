#include "trust/host/certificate_report.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <functional>
#include <string>

#include "trust/errors.hpp"
#include "trust/host/openssl.hpp"
#include "trust/pin.hpp"

namespace meterseal::trust::host {
namespace {

using Names = std::unique_ptr<GENERAL_NAMES, FreedBy<&GENERAL_NAMES_free>>;

/// A self-signed certificate with what a test puts in.
std::string certificate(const std::function<void(X509*)>& fill) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 0x1234);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), "20260823130500Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), "20500101000000Z");
  X509_set_pubkey(made.get(), key.get());
  fill(made.get());
  X509_sign(made.get(), key.get(), EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(made.get(), &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

void set_subject(X509* certificate, std::string_view name) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1, 0);
}

void add_dns_name(GENERAL_NAMES* names, std::string_view name) {
  GENERAL_NAME* entry = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
  GENERAL_NAME_set0_value(entry, GEN_DNS, text);
  sk_GENERAL_NAME_push(names, entry);
}

CertificateReport report(const std::function<void(X509*)>& fill) {
  const auto read = read_certificate(as_bytes(certificate(fill)), "test");
  return read.value_or(CertificateReport{});
}

TEST(CertificateReport, ShowsWhatTheOpensslCommandShows) {
  const CertificateReport shown = report([](X509* made) { set_subject(made, "broker"); });
  EXPECT_EQ(shown.subject, "CN = broker");
  EXPECT_EQ(shown.serial, "1234");
  EXPECT_EQ(shown.not_before, "Aug 23 13:05:00 2026 GMT");
  EXPECT_EQ(shown.not_after, "Jan  1 00:00:00 2050 GMT");
  EXPECT_EQ(shown.ends, utc_from_civil_utc({{2050, 1, 1}, 0, 0, 0, 0, 0}));
  EXPECT_EQ(shown.key_kind, "EC P-256");
  EXPECT_EQ(shown.signature, "ecdsa-with-SHA256");
  EXPECT_TRUE(shown.names.empty());
  EXPECT_TRUE(shown.tasmota_key);
}

TEST(CertificateReport, EscapesNamesThatWouldForgeALine) {
  const CertificateReport shown = report([](X509* made) {
    set_subject(made, "broker\nissuer=CN = Real CA");
    const Names names(GENERAL_NAMES_new());
    add_dns_name(names.get(), std::string_view("good.example\0.evil.example", 26));
    add_dns_name(names.get(), "a, DNS:b");
    add_dns_name(names.get(), "x\r\ny");
    X509_add1_ext_i2d(made, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
  });
  EXPECT_EQ(shown.subject, "CN = broker\\0Aissuer=CN = Real CA");
  EXPECT_EQ(shown.names, (std::vector<std::string>{"DNS:good.example\\x00.evil.example", "DNS:a\\x2C\\x20DNS:b",
                                                   "DNS:x\\x0D\\x0Ay"}));
}

TEST(CertificateReport, ReadsAnAddressOfAnyLengthWithoutTakingItForAnother) {
  const CertificateReport shown = report([](X509* made) {
    const Names names(GENERAL_NAMES_new());
    for (const std::string_view bytes :
         {std::string_view("\xC0\x00\x02\x07", 4), std::string_view("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16),
          std::string_view("\x7f\0\0", 3), std::string_view()}) {
      GENERAL_NAME* entry = GENERAL_NAME_new();
      ASN1_OCTET_STRING* text = ASN1_OCTET_STRING_new();
      ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
      GENERAL_NAME_set0_value(entry, GEN_IPADD, text);
      sk_GENERAL_NAME_push(names.get(), entry);
    }
    X509_add1_ext_i2d(made, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
  });
  EXPECT_EQ(shown.names, (std::vector<std::string>{"IP:192.0.2.7", "IP:2001:db8::7", "IP:(3 bytes)", "IP:(0 bytes)"}));
}

TEST(CertificateReport, RefusesWhatIsNoCertificate) {
  const std::string good = certificate([](X509*) {});
  const std::string texts[] = {
      "",
      "text",
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      good.substr(0, good.size() / 2),
      std::string(std::size_t{1024} * 1024 + 1, 'x'),
  };
  for (const std::string& text : texts) {
    const auto read = read_certificate(as_bytes(text), "file");
    ASSERT_FALSE(read) << text.substr(0, 40);
    EXPECT_EQ(read.error().code, certificate_unreadable);
  }
}

}  // namespace
}  // namespace meterseal::trust::host
