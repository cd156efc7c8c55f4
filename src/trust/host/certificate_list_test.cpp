#include <gtest/gtest.h>

#include "support/test_pki.hpp"
#include "trust/errors.hpp"
#include "trust/host/certificate_report.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {
namespace {

void expect_refused(const std::string& pem, std::string_view why) {
  const auto list = read_certificates(pem, "upload");
  ASSERT_FALSE(list) << why;
  EXPECT_EQ(list.error().code.name, certificate_unreadable.name);
  EXPECT_NE(list.error().detail.view().find(why), std::string_view::npos) << list.error().detail.view();
}

TEST(CertificateList, HoldsCertificatesAndNothingElse) {
  const std::string one = test::issue(test::root_request()).pem();
  expect_refused("", "no certificate");
  expect_refused("text\n", "no certificate");
  expect_refused(one + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "never give a private key");
  expect_refused("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n" + one, "private key");
  expect_refused(one + one.substr(0, one.size() / 2), "damaged");
  expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + one, "");
  expect_refused(std::string(64 * 1024 + 1, ' '), "larger than 64 KiB");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "-----BEGIN CERTIFICATE-----\n";
  expect_refused(many, "more than 64");
}

TEST(CertificateList, KeepsTheirOrderAndSaysWhoTheyAre) {
  const auto root = test::issue(test::root_request());
  const auto list = read_certificates("a comment\n" + root.pem() + "\n" + root.pem(), "upload");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_FALSE((*list)[0].subject.empty());
  EXPECT_EQ((*list)[0].certificate, (*list)[1].certificate);
}

}  // namespace
}  // namespace meterseal::trust::host
