#include "app/agent/setting_desk.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/temp_directory.hpp"

namespace meterseal::app {
namespace {

using console::NewValue;
using console::Setting;

class SettingDeskTest : public testing::Test {
 protected:
  SettingDeskTest() { write("hosts = []\n"); }

  void write(const std::string& mqtt) {
    std::ofstream(file()) << "[device]\ntopic = \"emon\"\n[mqtt]\n"
                          << mqtt
                          << "[[bus]]\ndevice = \"/dev/ttyUSB0\"\n[[bus.meter]]\naddress = 1\nprofile = \"sdm630\"\n"
                             "name = \"main\"\nprimary = true\n";
  }
  [[nodiscard]] std::string file() const { return folder_.file("meterseal.toml"); }
  [[nodiscard]] std::string state() const { return folder_.path(); }
  SettingDesk& desk() {
    ConfigSource source{file(), {"sdm630"}, "", {}};
    config_ = load_config(file(), source.profiles, "", {}).value();
    SettingActions actions;
    actions.keep = [this](const std::vector<outbox::NamedValue>& values) {
      for (const auto& [name, value] : values) kept_[name] = value;
    };
    actions.restart_soon = [this] { ++restarts_; };
    desk_ = std::make_unique<SettingDesk>(config_, source, state(), actions);
    return *desk_;
  }
  static NewValue text(const std::string& value) { return {NewValue::Kind::text, value}; }

  test::TempDirectory folder_;
  Config config_;
  std::map<std::string, std::string> kept_;
  int restarts_ = 0;
  std::unique_ptr<SettingDesk> desk_;
};

TEST_F(SettingDeskTest, KeepsWhatIsSetAndShowsItAtOnce) {
  SettingDesk& desk = this->desk();
  ASSERT_TRUE(desk.set(Setting::mqtt_port, text("8885")));
  ASSERT_TRUE(desk.set(Setting::mqtt_host, text("broker.lan")));
  ASSERT_TRUE(desk.set(Setting::mqtt_user, text("")));
  EXPECT_EQ(desk.state(Setting::mqtt_host).value, "broker.lan");
  EXPECT_EQ(desk.state(Setting::mqtt_port).value, "8885");
  EXPECT_EQ(kept_["setting/MqttHost"], "=broker.lan");
  EXPECT_EQ(kept_["setting/MqttUser"], "=") << "nothing is a value, too";
  EXPECT_EQ(restarts_, 3);
  ASSERT_TRUE(desk.set(Setting::mqtt_host, {NewValue::Kind::standard, {}}));
  EXPECT_EQ(kept_["setting/MqttHost"], "") << "deleted";
  EXPECT_EQ(desk.state(Setting::mqtt_host).value, "");
}

TEST_F(SettingDeskTest, WhatTheDeviceCannotStartWithIsNotKept) {
  SettingDesk& desk = this->desk();
  EXPECT_FALSE(desk.set(Setting::full_topic, text("%prefix%/#/")));
  EXPECT_FALSE(desk.set(Setting::page, text("1"))) << "the file does not say where";
  std::ofstream(file(), std::ios::app) << "[unknown]\n";
  EXPECT_FALSE(desk.set(Setting::mqtt_host, text("broker.lan"))) << "the file was broken meanwhile";
  EXPECT_TRUE(kept_.empty());
  EXPECT_EQ(restarts_, 0);
}

TEST_F(SettingDeskTest, APasswordThatIsRefusedLeavesTheOneBefore) {
  SettingDesk& desk = this->desk();
  const auto kept = [this] {
    std::ifstream password(state() + "/" + kPasswordFile);
    std::string line;
    std::getline(password, line);
    return line;
  };
  std::ofstream(file(), std::ios::app) << "[unknown\n";
  EXPECT_FALSE(desk.set(Setting::mqtt_password, text("canary-7f3a91")));
  EXPECT_FALSE(std::filesystem::exists(state() + "/" + kPasswordFile));
  write("hosts = []\n");
  ASSERT_TRUE(desk.set(Setting::mqtt_password, text("canary-7f3a91")));
  std::ofstream(file(), std::ios::app) << "[unknown\n";
  EXPECT_FALSE(desk.set(Setting::mqtt_password, text("another-5b1c")));
  EXPECT_EQ(kept(), "canary-7f3a91");
  EXPECT_FALSE(desk.set(Setting::mqtt_password, text("")));
  EXPECT_EQ(kept(), "canary-7f3a91");
}

TEST_F(SettingDeskTest, ThePasswordIsAPrivateFileAndNothingElse) {
  SettingDesk& desk = this->desk();
  EXPECT_EQ(desk.state(Setting::mqtt_password).value, "");
  ASSERT_TRUE(desk.set(Setting::mqtt_password, text("canary-7f3a91")));
  struct stat status{};
  ASSERT_EQ(::stat((state() + "/" + kPasswordFile).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(desk.state(Setting::mqtt_password).value, "****");
  EXPECT_TRUE(kept_.empty());
  EXPECT_FALSE(desk.set(Setting::mqtt_user, text("canary-7f3a91"))) << "the user would be the password";
  ASSERT_TRUE(desk.set(Setting::mqtt_user, text("meter")));
  EXPECT_FALSE(desk.set(Setting::mqtt_password, text("meter")));
  for (const auto& [name, value] : kept_) EXPECT_EQ(value.find("canary"), std::string::npos);
  ASSERT_TRUE(desk.set(Setting::mqtt_password, text("")));
  EXPECT_FALSE(std::filesystem::exists(state() + "/" + kPasswordFile));
  EXPECT_EQ(desk.state(Setting::mqtt_password).value, "");
}

TEST_F(SettingDeskTest, WhatTheFileDeclaresNamesItsKey) {
  write("hosts = [\"broker.lan\"]\n");
  SettingDesk& desk = this->desk();
  EXPECT_EQ(desk.state(Setting::mqtt_port).fixed_by, "mqtt.hosts");
  EXPECT_EQ(desk.state(Setting::mqtt_port).value, "8883");
  const auto refused = desk.set(Setting::mqtt_host, text("evil.example"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.view().find("mqtt.hosts"), std::string_view::npos);
}

TEST_F(SettingDeskTest, WhatWasKeptComesBack) {
  kept_ = {{"setting/MqttHost", "=broker.lan"}, {"setting/MqttUser", "="}, {"setting/Topic", "damaged"}};
  std::ofstream(state() + "/" + kPasswordFile) << "secret\n";
  std::filesystem::permissions(state() + "/" + kPasswordFile, std::filesystem::perms(0600));
  const Overlay overlay =
      overlay_of(FileOwner::person, state(), "", [this](const std::string& name) { return kept_[name]; });
  EXPECT_EQ(overlay.values,
            (std::map<Setting, std::string>{{Setting::mqtt_host, "broker.lan"}, {Setting::mqtt_user, ""}}));
  EXPECT_EQ(overlay.password_file, std::filesystem::absolute(state() + "/" + kPasswordFile).string());
}

}  // namespace
}  // namespace meterseal::app
