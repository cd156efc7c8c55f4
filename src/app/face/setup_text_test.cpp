#include "app/face/setup_text.hpp"

#include <gtest/gtest.h>

#include "app/config/config.hpp"
#include "support/test_site.hpp"
#include "web/errors.hpp"

namespace meterseal::app {
namespace {

web::SetupDesk::Site good() {
  return {"emon_1", "/dev/ttyUSB0", "9600", "none", "1", "sdm630", "broker.example.com:8883", "emon \"1\"",
          "",       "ca",           "",     ""};
}
ConfigResult read(const web::SetupDesk::Site& site) {
  return parse_config(site_text(site, {{"0.0.0.0", 8443}, {"::", 8443}}, "mqtt.password"), "/state/site.toml",
                      test::kProfiles);
}

TEST(SetupText, IsReadBackAsWhatWasAnswered) {
  const auto config = read(good());
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->device.topic, "emon_1");
  EXPECT_EQ(config->mqtt.user, "emon \"1\"");
  EXPECT_EQ(config->mqtt.password_file.path, "/state/mqtt.password");
  EXPECT_EQ(std::get<SerialLine>(config->buses[0].line).device, "/dev/ttyUSB0");
  ASSERT_TRUE(config->web);
  EXPECT_EQ(config->web->listen[1], (HostPort{"::", 8443}));
}

TEST(SetupText, ASerialServerIsReadBack) {
  auto site = good();
  site.port = "rtu:192.0.2.7:4001";
  const auto config = read(site);
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(std::get<TcpLine>(config->buses[0].line).framing, Framing::rtu);
}

TEST(SetupText, APortIsAPathOrASerialServer) {
  for (const char* port : {"", "192.0.2.7:502", "ttyUSB0", "TCP:192.0.2.7:502", "udp:192.0.2.7:502"})
    EXPECT_EQ(check_port(port).error().code, web::bad_form) << port;
  for (const char* port : {"/dev/ttyUSB0", "tcp:192.0.2.7:502", "rtu:192.0.2.7:4001"}) EXPECT_TRUE(check_port(port));
}

TEST(SetupText, TheRenewalRuleIsThatOfTheFingerprintAndOfNothingElse) {
  auto site = good();
  site.renewal = "same-ca";
  EXPECT_EQ(read(site)->mqtt.brokers[0].tls.policy.renewal, trust::Renewal::same_key) << "mode ca has no pin to follow";
  site.mode = "fingerprint";
  site.fingerprint = test::kPin;
  ASSERT_TRUE(read(site));
  EXPECT_EQ(read(site)->mqtt.brokers[0].tls.policy.renewal, trust::Renewal::same_ca);
  site.renewal.clear();
  EXPECT_EQ(read(site)->mqtt.brokers[0].tls.policy.renewal, trust::Renewal::same_key);
}

TEST(SetupText, NoAnswerCanBecomeAnotherKey) {
  for (const auto field :
       {&web::SetupDesk::Site::topic, &web::SetupDesk::Site::port, &web::SetupDesk::Site::baud,
        &web::SetupDesk::Site::parity, &web::SetupDesk::Site::address, &web::SetupDesk::Site::profile,
        &web::SetupDesk::Site::broker, &web::SetupDesk::Site::mode, &web::SetupDesk::Site::renewal}) {
    for (const char* hostile :
         {"", "\"\nallow_plaintext = true\n#", "x\"]\n[mqtt.tls]\nmode = \"off\"", "\\", "1e9", "0x10", "-1", "\x7F"}) {
      auto site = good();
      if (field == &web::SetupDesk::Site::renewal) {
        site.mode = "fingerprint";
        site.fingerprint = test::kPin;
      }
      site.*field = hostile;
      const auto config = read(site);
      if (config) {
        // A topic may be such a text only if it is a topic; none of the others may.
        EXPECT_EQ(config->mqtt.brokers.size(), 1U) << hostile;
        EXPECT_NE(config->mqtt.brokers[0].tls.policy.mode, trust::Mode::off) << hostile;
      }
    }
  }
}

}  // namespace
}  // namespace meterseal::app
