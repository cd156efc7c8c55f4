#include <gtest/gtest.h>

#include "app/config/config.hpp"
#include "app/errors.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kSite;

const std::string kIdentity = "client_cert = \"a\"\nclient_key = \"b\"\n";

/// The small site with lines in [mqtt] (from line 5 on) and in [mqtt.tls].
ConfigResult with(const std::string& mqtt, const std::string& tls, const std::string& hosts = "\"a\"") {
  std::string text = changed(kSite, "\"broker.example.com:8883\"", hosts);
  text = changed(text, "[mqtt.tls]\n", mqtt + "[mqtt.tls]\n" + tls);
  return parse_config(text, "m.toml", test::kProfiles);
}

void expect_fault(const ConfigResult& config, const Code& code, const std::string& detail) {
  ASSERT_FALSE(config) << detail;
  EXPECT_EQ(config.error()[0].code.name, code.name);
  EXPECT_EQ(config.error()[0].detail.view(), detail);
}

TEST(ConfigPreset, AwsNeedsTheClientCertificateAndNoUser) {
  expect_fault(with("preset = \"aws-iot\"\n", ""), config_missing_key,
               "mqtt.preset: \"aws-iot\" needs a client certificate");
  expect_fault(with("preset = \"aws-iot\"\nuser = \"u\"\n", kIdentity), config_conflict,
               "mqtt.user: is not used with preset \"aws-iot\": the client certificate is the user");
  expect_fault(with("preset = \"aws-iot\"\nkeep_alive = 20\n", kIdentity), config_bad_value,
               "mqtt.keep_alive: is outside 30 to 1200 s, which AWS IoT Core takes");
}

TEST(ConfigPreset, AwsNamesItsProtocolOnPort443Only) {
  const auto config = with("preset = \"aws-iot\"\n", kIdentity, "\"a:443\", \"b\"");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.brokers[0].tls.alpn, "x-amzn-mqtt-ca");
  EXPECT_EQ(config->mqtt.brokers[1].tls.alpn, "");
  EXPECT_FALSE(config->mqtt.discovery) << "a policy of the owner must allow it first";
}

TEST(ConfigPreset, AzureIsOneHubWithADeviceIdAndOneKindOfProof) {
  const std::string azure = "preset = \"azure-iot-hub\"\nclient_id = \"meter-7\"\n";
  expect_fault(with("preset = \"azure-iot-hub\"\nsas_key_file = \"k\"\n", ""), config_missing_key,
               "mqtt.client_id: is the device id with preset \"azure-iot-hub\"");
  const std::string one =
      "mqtt.preset: \"azure-iot-hub\" needs sas_key_file or a client certificate, and one of them only";
  expect_fault(with(azure, ""), config_missing_key, one);
  expect_fault(with(azure + "sas_key_file = \"k\"\n", kIdentity), config_missing_key, one);
  expect_fault(with(azure + "sas_key_file = \"k\"\nversion = \"5\"\n", ""), config_conflict,
               "mqtt.version: is 3.1.1 with preset \"azure-iot-hub\"");
  expect_fault(with(azure + "sas_key_file = \"k\"\n", "", "\"a\", \"b\""), config_conflict,
               "mqtt.hosts: names several hubs, and a device belongs to one");
  const auto config = with(azure + "sas_key_file = \"k\"\n", "");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.preset, mqtt::Preset::azure_iot_hub);
  EXPECT_FALSE(config->mqtt.discovery);
}

TEST(ConfigPreset, NoPresetTakesPlaintext) {
  const std::string plain = changed(kSite, "mode = \"ca\"", "mode = \"off\"\nallow_plaintext = true");
  const std::string azure = "preset = \"azure-iot-hub\"\nclient_id = \"m\"\nsas_key_file = \"k\"\n[mqtt.tls]\n";
  expect_fault(parse_config(changed(plain, "[mqtt.tls]\n", azure), "m.toml", test::kProfiles), config_conflict,
               "mqtt.preset: takes no plaintext (mqtt.tls.mode = \"off\")");
}

TEST(ConfigPreset, TheDevicesKeyIsForAzureOnly) {
  expect_fault(with("sas_key_file = \"k\"\n", ""), config_conflict,
               "mqtt.sas_key_file: is used with preset \"azure-iot-hub\" only");
}

}  // namespace
}  // namespace meterseal::app
