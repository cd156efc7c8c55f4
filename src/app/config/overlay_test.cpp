#include "app/config/overlay.hpp"

#include <gtest/gtest.h>

#include "app/config/config.hpp"

namespace meterseal::app {
namespace {

using console::Setting;

const std::vector<std::string> kProfiles{"sdm630"};

struct Text {
  std::string device = "topic = \"emon\"\n";
  std::string mqtt = "hosts = [\"broker.lan:8884\"]\n";
  std::string more;

  [[nodiscard]] std::string whole() const {
    return "[device]\n" + device + "[mqtt]\n" + mqtt +
           "[[bus]]\ndevice = \"/dev/ttyUSB0\"\n[[bus.meter]]\naddress = 1\nprofile = \"sdm630\"\nname = \"main\"\n"
           "primary = true\n" +
           more;
  }
};

ConfigResult parse(const Text& text, const Overlay& overlay) {
  return parse_config(text.whole(), "/etc/meterseal/meterseal.toml", kProfiles, overlay);
}
Config good(const Text& text, const Overlay& overlay) {
  auto config = parse(text, overlay);
  EXPECT_TRUE(config) << (config ? "" : config.error().front().detail.view());
  return config.value_or(Config());
}

TEST(Overlay, WhatTheFileDeclaresStaysAndIsFixed) {
  Overlay overlay;
  overlay.values = {{Setting::mqtt_host, "evil.example"},
                    {Setting::mqtt_port, "1"},
                    {Setting::mqtt_client, "x"},
                    {Setting::topic, "other"},
                    {Setting::discovery, "0"}};
  Text text;
  text.mqtt += "client_id = \"own\"\n";
  const Config config = good(text, overlay);
  EXPECT_EQ(config.mqtt.brokers.at(0).address, (HostPort{"broker.lan", 8884}));
  EXPECT_EQ(config.mqtt.client_id, "own");
  EXPECT_EQ(config.device.topic, "emon");
  EXPECT_FALSE(config.mqtt.discovery) << "the file says nothing of it";
  EXPECT_EQ(config.fixed,
            (std::set<Setting>{Setting::mqtt_host, Setting::mqtt_port, Setting::mqtt_client, Setting::topic}));
}

TEST(Overlay, WhatIsWrongWithASettingIsNotBlamedOnTheFile) {
  Overlay overlay;
  overlay.values = {{Setting::full_topic, "site/%topic%/"}};
  const Config config = good({}, overlay);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0],
            "set by command: device.full_topic: without %prefix% Home Assistant does not take this device");
  overlay.owner = FileOwner::device;
  overlay.values = {{Setting::mqtt_host, "999"}};
  const auto refused = parse({}, overlay);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().front().where.view(), "set by command") << "although the file has this key, too";
}

TEST(Overlay, AnEmptyListLeavesTheBrokerToTheCommand) {
  Text text;
  text.mqtt = "hosts = []\n";
  Overlay overlay;
  Config config = good(text, overlay);
  EXPECT_TRUE(config.mqtt.brokers.empty());
  EXPECT_EQ(config.warnings.size(), 1U);
  EXPECT_TRUE(config.fixed.contains(Setting::topic));
  EXPECT_FALSE(config.fixed.contains(Setting::mqtt_host));
  overlay.values[Setting::mqtt_port] = "8885";
  EXPECT_TRUE(good(text, overlay).mqtt.brokers.empty()) << "a port is no broker";
  overlay.values[Setting::mqtt_host] = "2001:db8::1";
  config = good(text, overlay);
  EXPECT_EQ(config.mqtt.brokers.at(0).address, (HostPort{"2001:db8::1", 8885}));
  text.mqtt += "preset = \"aws-iot\"\n";
  EXPECT_FALSE(parse(text, {})) << "a preset needs its broker";
}

TEST(Overlay, NeitherUserNorPasswordAloneStopsTheStart) {
  Overlay overlay;
  overlay.values[Setting::mqtt_user] = "meter";
  EXPECT_EQ(good({}, overlay).mqtt.user, "") << "waits for its password";
  overlay.password_file = "/var/lib/meterseal/mqtt.password";
  Config config = good({}, overlay);
  EXPECT_EQ(config.mqtt.user, "meter");
  EXPECT_EQ(config.mqtt.password_file.path, "/var/lib/meterseal/mqtt.password");
  overlay.values.clear();
  config = good({}, overlay);
  EXPECT_EQ(config.mqtt.password_file.path, "") << "waits for its user";
  overlay.password_file.clear();
  overlay.has_credential = true;
  overlay.values[Setting::mqtt_user] = "meter";
  config = good({}, overlay);
  EXPECT_EQ(config.mqtt.user, "meter");
  EXPECT_TRUE(config.fixed.contains(Setting::mqtt_password)) << "systemd's credential is the owner's word";
}

TEST(Overlay, ALoginOfTheFileIsNotTouched) {
  Text text;
  text.mqtt += "user = \"meter\"\npassword_file = \"own.password\"\n";
  Overlay overlay;
  overlay.values[Setting::mqtt_user] = "eve";
  overlay.password_file = "/var/lib/meterseal/mqtt.password";
  const Config config = good(text, overlay);
  EXPECT_EQ(config.mqtt.user, "meter");
  EXPECT_EQ(config.mqtt.password_file.path, "/etc/meterseal/own.password");
}

TEST(Overlay, TheFileOfTheFirstSetUpIsTheDevicesOwn) {
  Text text;
  text.mqtt += "user = \"meter\"\npassword_file = \"mqtt.password\"\n[mqtt.tls]\nmode = \"ca\"\n";
  Overlay overlay;
  overlay.owner = FileOwner::device;
  overlay.password_file = "/var/lib/meterseal/mqtt.password";
  Config config = good(text, overlay);
  EXPECT_TRUE(config.fixed.empty());
  EXPECT_FALSE(config.mqtt.brokers.at(0).tls.fixed.mode);
  EXPECT_EQ(config.mqtt.user, "meter");
  overlay.values = {{Setting::mqtt_host, "other.lan"}, {Setting::topic, "renamed"}, {Setting::mqtt_user, ""}};
  config = good(text, overlay);
  EXPECT_EQ(config.mqtt.brokers.at(0).address, (HostPort{"other.lan", 8884})) << "the port stays";
  EXPECT_EQ(config.device.topic, "renamed");
  EXPECT_EQ(config.mqtt.user, "");
  EXPECT_EQ(config.mqtt.password_file.path, "");
  overlay.values[Setting::mqtt_host] = "";
  EXPECT_TRUE(good(text, overlay).mqtt.brokers.empty());
}

TEST(Overlay, HostileValuesAreRefusedAsInTheFile) {
  Text text;
  text.mqtt = "hosts = []\n";
  const std::pair<Setting, const char*> rows[] = {
      {Setting::mqtt_host, "a b"},     {Setting::mqtt_client, "a\nb"}, {Setting::full_topic, "%prefix%/#"},
      {Setting::device_name, "\x1b["}, {Setting::keep_alive, "x"},
  };
  for (const auto& [setting, value] : rows) {
    Overlay overlay;
    overlay.values[setting] = value;
    EXPECT_FALSE(parse(text, overlay)) << value;
  }
}

TEST(Overlay, ThePageIsSwitchedOnlyWhereTheFileSaysWhereItIs) {
  Overlay overlay;
  overlay.values = {{Setting::page, "1"}, {Setting::api, "0"}};
  EXPECT_FALSE(good({}, overlay).web);
  Text text;
  text.more = "[web]\n";
  EXPECT_EQ(good(text, overlay).web->api, web::SiteOptions::Api::off);
  overlay.values[Setting::page] = "0";
  EXPECT_FALSE(good(text, overlay).web);
}

}  // namespace
}  // namespace meterseal::app
