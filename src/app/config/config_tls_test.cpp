#include <gtest/gtest.h>

#include "app/config/config.hpp"
#include "app/errors.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kPin;
using test::kSite;
using trust::Mode;

/// The small site with other lines in [mqtt.tls], which is line 5.
ConfigResult with_tls(const std::string& lines, const std::string& hosts = "\"broker.example.com:8883\"") {
  const std::string text = changed(kSite, "\"broker.example.com:8883\"", hosts);
  return parse_config(changed(text, "mode = \"ca\"\n", lines), "m.toml", test::kProfiles);
}

std::string pin(const std::string& first_byte) {
  return "fingerprint = [\"" + first_byte + kPin.substr(2) + "\"]\n";
}

/// Of the pin in one slot; -1: none.
int first_byte(const TlsConfig& tls, std::size_t slot) {
  const auto& pin = tls.policy.pins.at(slot);
  return pin ? pin->digest[0] : -1;
}

struct Row {
  const char* sentence;
  std::string lines;
  int line;
  const Code& code;
  const char* detail;
};

TEST(ConfigTls, RefusesWhatWouldBeWeakerThanItLooks) {
  const Row rows[] = {
      {"fingerprint mode without a fingerprint", "mode = \"fingerprint\"\n", 6, config_missing_key,
       "mqtt.tls.mode: \"fingerprint\" needs a fingerprint"},
      {"an empty list of them", "mode = \"fingerprint\"\nfingerprint = []\n", 7, config_bad_value,
       "mqtt.tls.fingerprint: is empty"},
      {"both modes without a fingerprint", "mode = \"ca+fingerprint\"\n", 6, config_missing_key,
       "mqtt.tls.mode: \"ca+fingerprint\" needs a fingerprint"},
      {"a fingerprint that CA mode does not look at", "mode = \"ca\"\n" + pin("AA"), 7, config_conflict,
       "mqtt.tls.fingerprint: is not looked at in mode \"ca\""},
      {"a fingerprint without a mode", pin("AA"), 6, config_conflict,
       "mqtt.tls.fingerprint: is not looked at in mode \"ca\""},
      {"plaintext that was not accepted", "mode = \"off\"\n", 6, config_conflict,
       "mqtt.tls.mode: \"off\" sends user name, password and readings in clear and is not allowed"},
      {"plaintext that was denied", "mode = \"off\"\nallow_plaintext = false\n", 6, config_conflict,
       "mqtt.tls.mode: \"off\" sends user name, password and readings in clear and is not allowed"},
      {"plaintext with a fingerprint", "mode = \"off\"\nallow_plaintext = true\n" + pin("AA"), 8, config_conflict,
       "mqtt.tls.fingerprint: is not looked at in mode \"off\""},
      {"three fingerprints", "mode = \"fingerprint\"\nfingerprint = [\"a\", \"b\", \"c\"]\n", 7, config_bad_value,
       "mqtt.tls.fingerprint: has more than 2 entries"},
      {"misspelt mode", "mode = \"fingerprnt\"\n", 6, config_bad_value,
       "mqtt.tls.mode: \"fingerprnt\" is none of: fingerprint, ca, ca+fingerprint, off; did you mean \"fingerprint\"?"},
      {"expired", "expired = \"ignore\"\n", 6, config_bad_value,
       "mqtt.tls.expired: \"ignore\" is none of: warn, refuse"},
      {"other renewal", "renewal = \"always\"\n", 6, config_bad_value,
       "mqtt.tls.renewal: \"always\" is none of: same-key, same-ca, manual"},
      {"a pin beside the CA that follows the CA", "mode = \"ca+fingerprint\"\nrenewal = \"same-ca\"\n" + pin("AA"), 7,
       config_conflict,
       "mqtt.tls.renewal: \"same-ca\" would make the fingerprint of mode \"ca+fingerprint\" meaningless"},
      {"a revocation list that nobody looks at", "mode = \"fingerprint\"\ncrl_file = \"a\"\n" + pin("AA"), 7,
       config_conflict, "mqtt.tls.crl_file: is not looked at in mode \"fingerprint\""},
      {"client certificate alone", "client_cert = \"a\"\n", 6, config_missing_key,
       "mqtt.tls.client_cert: needs the key that belongs to it"},
      {"client key alone", "client_key = \"a\"\n", 6, config_missing_key,
       "mqtt.tls.client_key: needs the certificate that belongs to it"},
      {"two keys", "client_cert = \"a\"\nclient_key = \"b\"\npkcs11 = \"pkcs11:\"\npkcs11_module = \"c\"\n", 8,
       config_conflict, "mqtt.tls.pkcs11: is given besides client_key"},
      {"token without driver", "pkcs11 = \"pkcs11:token=a\"\n", 6, config_missing_key,
       "mqtt.tls.pkcs11: needs the driver of the token"},
      {"token that is none", "pkcs11 = \"a\"\npkcs11_module = \"c\"\n", 6, config_bad_value,
       "mqtt.tls.pkcs11: \"a\" is no address like \"pkcs11:token=agent;object=mqtt\""},
      {"PIN without token", "pkcs11_pin_file = \"a\"\n", 6, config_conflict,
       "mqtt.tls.pkcs11_pin_file: is given without pkcs11"},
      {"learning in CA mode", "mode = \"ca\"\nlearn = \"auto\"\n", 6, config_conflict,
       "mqtt.tls.learn: there is nothing to learn in mode \"ca\""},
      {"learning beside the CA", "mode = \"ca+fingerprint\"\nlearn = \"confirm\"\n" + pin("AA"), 6, config_conflict,
       "mqtt.tls.learn: there is nothing to learn in mode \"ca+fingerprint\""},
      {"learning by another word", "mode = \"fingerprint\"\nlearn = \"yes\"\n" + pin("AA"), 7, config_bad_value,
       "mqtt.tls.learn: \"yes\" is none of: off, confirm, auto"},
      {"empty path", "ca_file = \"\"\n", 6, config_bad_value, "mqtt.tls.ca_file: is empty"},
      {"table of a foreign host", "[mqtt.tls.\"other:8883\"]\nmode = \"ca\"\n", 6, config_unknown_key,
       "mqtt.tls.\"other:8883\": is none of mqtt.hosts"},
      {"table of another port", "[mqtt.tls.\"broker.example.com:8884\"]\n", 6, config_unknown_key,
       "mqtt.tls.\"broker.example.com:8884\": is none of mqtt.hosts"},
      {"two tables of one host", "[mqtt.tls.\"broker.example.com\"]\n[mqtt.tls.\"broker.example.com:8883\"]\n", 7,
       config_conflict, "mqtt.tls.\"broker.example.com:8883\": this broker has a table already"},
      {"unknown key of a host", "[mqtt.tls.\"broker.example.com\"]\nmods = \"ca\"\n", 7, config_unknown_key,
       "mqtt.tls.\"broker.example.com\".\"mods\" is not a key that this program knows; did you mean \"mode\"?"},
      {"plaintext for one host", "[mqtt.tls.\"broker.example.com\"]\nmode = \"off\"\n", 7, config_conflict,
       "mqtt.tls.\"broker.example.com\".mode: \"off\" sends user name, password and readings in clear and is not "
       "allowed"},
      {"fingerprint of a host in inherited CA mode", "mode = \"ca\"\n[mqtt.tls.\"broker.example.com\"]\n" + pin("AA"),
       8, config_conflict, "mqtt.tls.\"broker.example.com\".fingerprint: is not looked at in mode \"ca\""},
  };
  for (const Row& row : rows) {
    const auto config = with_tls(row.lines);
    ASSERT_FALSE(config) << row.sentence;
    EXPECT_EQ(config.error().size(), 1U) << row.sentence << ": " << config.error().back().detail.view();
    EXPECT_EQ(config.error()[0].code.name, row.code.name) << row.sentence;
    EXPECT_EQ(config.error()[0].where.view(), "m.toml:" + std::to_string(row.line)) << row.sentence;
    EXPECT_EQ(config.error()[0].detail.view(), row.detail) << row.sentence;
  }
}

TEST(ConfigTls, RefusesAFingerprintThatIsNone) {
  const auto config = with_tls("mode = \"fingerprint\"\nfingerprint = [\n\"" + kPin + "\",\n\"AA:BB\"]\n");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_EQ(config.error()[0].code.name, "trust_pin_malformed");
  EXPECT_EQ(config.error()[0].where.view(), "m.toml:9");
  EXPECT_TRUE(config.error()[0].detail.view().starts_with("mqtt.tls.fingerprint[2]: "));
}

TEST(ConfigTls, WithoutATableBrokersAreVerifiedByTheSystemsAuthorities) {
  const auto config = parse_config(changed(kSite, "[mqtt.tls]\nmode = \"ca\"\n", ""), "m.toml", test::kProfiles);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->mqtt.brokers[0].tls.policy.mode, Mode::ca);
  EXPECT_EQ(config->mqtt.brokers[0].tls.ca_path.path, "/etc/ssl/certs");
}

TEST(ConfigTls, FingerprintsFillTheSlotsInTheirOrder) {
  const auto config = with_tls("mode = \"fingerprint\"\nfingerprint = [\"" + kPin + "\", \"11" + kPin.substr(2) +
                               "\"]\nexpired = \"refuse\"\nca_path = \"/etc/ssl/certs\"\n");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const TlsConfig& tls = config->mqtt.brokers[0].tls;
  EXPECT_EQ(tls.policy.mode, Mode::fingerprint);
  EXPECT_EQ(tls.policy.expired, trust::ExpiredRule::refuse);
  EXPECT_EQ(first_byte(tls, 0), 0xAA);
  EXPECT_EQ(first_byte(tls, 1), 0x11);
  EXPECT_EQ(tls.ca_path.path, "/etc/ssl/certs") << "at hand for the next renewal";
  EXPECT_TRUE(tls.are_anchors_declared);
  EXPECT_FALSE(looks_at_authorities(tls.policy)) << "this mode trusts no authority, so none needs to be there";
}

TEST(ConfigTls, LearningNeedsNoFingerprintAndLooksAtTheSystemsAuthorities) {
  const auto config = with_tls("mode = \"fingerprint\"\nlearn = \"confirm\"\n");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const TlsConfig& tls = config->mqtt.brokers[0].tls;
  EXPECT_EQ(tls.policy.learn, trust::Learn::confirm);
  EXPECT_EQ(tls.policy.renewal, trust::Renewal::same_key);
  EXPECT_EQ(tls.ca_path.path, "/etc/ssl/certs") << "they tell whether same-ca could follow the next renewal";
}

TEST(ConfigTls, LearningNeverReplacesAFingerprint) {
  const auto config = with_tls("mode = \"fingerprint\"\nlearn = \"auto\"\n" + pin("AA"));
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.brokers[0].tls.policy.learn, trust::Learn::off);
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings[0], "m.toml:6: mqtt.tls.learn: a fingerprint is set, so nothing is learned");
}

TEST(ConfigTls, FollowingTheAuthorityOpensTheAnchorsAndTakesARevocationList) {
  const auto config =
      with_tls("mode = \"fingerprint\"\nrenewal = \"same-ca\"\nca_file = \"ca.pem\"\ncrl_file = \"/l\"\n" + pin("AA"));
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const TlsConfig& tls = config->mqtt.brokers[0].tls;
  EXPECT_EQ(tls.policy.renewal, trust::Renewal::same_ca);
  EXPECT_EQ(tls.ca_file.path, "ca.pem");
  EXPECT_EQ(tls.ca_path.path, "");
  EXPECT_EQ(tls.crl_file.path, "/l");
}

TEST(ConfigTls, AHostInheritsTheIdentityAsAWholeOrHasItsOwn) {
  const auto config = with_tls(
      "client_cert = \"a\"\nclient_key = \"b\"\n[mqtt.tls.y]\nclient_cert = \"c\"\npkcs11 = \"pkcs11:object=k\"\n"
      "pkcs11_module = \"/m\"\n",
      "\"x\", \"y\"");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const auto& brokers = config->mqtt.brokers;
  EXPECT_EQ(brokers[0].tls.identity.key.path, "b");
  EXPECT_EQ(brokers[1].tls.identity.certificate.path, "c");
  EXPECT_EQ(brokers[1].tls.identity.key.path, "");
  EXPECT_EQ(brokers[1].tls.identity.pkcs11_uri.path, "pkcs11:object=k");
}

TEST(ConfigTls, PlaintextNeedsBothWords) {
  const auto config = with_tls("mode = \"off\"\nallow_plaintext = true\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->mqtt.brokers[0].tls.policy.mode, Mode::off);
}

TEST(ConfigTls, AHostsTableOverridesAndInherits) {
  const auto config = with_tls("mode = \"fingerprint\"\n" + pin("AA") +
                                   "expired = \"refuse\"\nca_path = \"/common\"\n" + "[mqtt.tls.\"b:1\"]\n" +
                                   pin("BB") + "[mqtt.tls.\"[::1]:8883\"]\nmode = \"ca\"\nca_file = \"own.pem\"\n" +
                                   "[mqtt.tls.c]\nmode = \"ca\"\n",
                               "\"a\", \"b:1\", \"[::1]\", \"c\"");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const auto& brokers = config->mqtt.brokers;
  EXPECT_EQ(first_byte(brokers[0].tls, 0), 0xAA);
  EXPECT_EQ(brokers[1].tls.policy.mode, Mode::fingerprint);
  EXPECT_EQ(first_byte(brokers[1].tls, 0), 0xBB);
  EXPECT_EQ(brokers[1].tls.policy.expired, trust::ExpiredRule::refuse);
  EXPECT_EQ(brokers[2].address.host, "::1");
  EXPECT_EQ(brokers[2].tls.policy.mode, Mode::ca);
  EXPECT_FALSE(brokers[2].tls.policy.pins[0]) << "an inherited pin has no meaning here";
  EXPECT_EQ(brokers[2].tls.ca_file.path, "own.pem");
  EXPECT_EQ(brokers[2].tls.ca_path.path, "") << "not the common authorities besides";
  EXPECT_EQ(brokers[3].tls.ca_path.path, "/common");
}

TEST(ConfigTls, PinsMayAllStandInTheHostsTables) {
  const auto config =
      with_tls("mode = \"fingerprint\"\n[mqtt.tls.a]\n" + pin("AA") + "[mqtt.tls.b]\n" + pin("BB"), "\"a\", \"b\"");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(first_byte(config->mqtt.brokers[1].tls, 0), 0xBB);
  EXPECT_FALSE(with_tls("mode = \"fingerprint\"\n[mqtt.tls.a]\n" + pin("AA"), "\"a\", \"b\"")) << "b has none";
}

}  // namespace
}  // namespace meterseal::app
