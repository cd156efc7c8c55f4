#include "wifi/network_settings.hpp"

#include <gtest/gtest.h>

#include <map>

#include "support/counting_cryptography.hpp"

namespace meterseal::wifi {
namespace {

using Values = std::map<std::string, SettingValue>;

std::map<std::string, Values> settings(const Key& key, Protection protection) {
  std::map<std::string, Values> found;
  for (const SettingGroup& group : network_settings("Meterseal-3F2A", "wlan0", key, protection)) {
    for (const Setting& one : group.settings) found[group.name][one.name] = one.value;
  }
  return found;
}

template <class T>
T value(const Values& group, const char* name) {
  return std::get<T>(group.at(name));
}

class NetworkSettings : public testing::TestWithParam<Protection> {
 protected:
  test::CountingCryptography cryptography;
  const Key key = Key::make(cryptography);
};

TEST_P(NetworkSettings, AreNeverOpenAndNeverKept) {
  auto all = settings(key, GetParam());
  const Values& security = all.at("802-11-wireless-security");
  const std::vector<std::string> ccmp{"ccmp"};
  EXPECT_EQ(value<std::string>(security, "psk"), key.text());
  EXPECT_EQ(value<std::vector<std::string>>(security, "proto"), std::vector<std::string>{"rsn"});
  EXPECT_EQ(value<std::vector<std::string>>(security, "pairwise"), ccmp);
  EXPECT_EQ(value<std::vector<std::string>>(security, "group"), ccmp);
  EXPECT_EQ(value<std::uint32_t>(security, "wps-method"), 1U) << "no push button";
  EXPECT_FALSE(value<bool>(all.at("connection"), "autoconnect"));
  EXPECT_EQ(value<std::string>(all.at("connection"), "interface-name"), "wlan0");
  EXPECT_EQ(value<RawBytes>(all.at("802-11-wireless"), "ssid").bytes, "Meterseal-3F2A");
  EXPECT_EQ(value<std::string>(all.at("802-11-wireless"), "mode"), "ap");
  EXPECT_EQ(value<std::string>(all.at("ipv4"), "method"), "shared");
  EXPECT_EQ(value<std::string>(all.at("ipv6"), "method"), "disabled");
}

INSTANTIATE_TEST_SUITE_P(Each, NetworkSettings, testing::Values(Protection::wpa3, Protection::wpa2));

TEST_F(NetworkSettings, Wpa3IsSaeAloneWithProtectedManagementFrames) {
  const Values security = settings(key, Protection::wpa3).at("802-11-wireless-security");
  EXPECT_EQ(value<std::string>(security, "key-mgmt"), "sae");
  EXPECT_EQ(value<std::int32_t>(security, "pmf"), 3);
}

TEST_F(NetworkSettings, Wpa2DoesNotOfferSaeBesideIt) {
  const Values security = settings(key, Protection::wpa2).at("802-11-wireless-security");
  EXPECT_EQ(value<std::string>(security, "key-mgmt"), "wpa-psk");
  EXPECT_EQ(value<std::int32_t>(security, "pmf"), 1);
}

TEST(WifiKey, Is100RandomBitsNewEachTimeAndEasyToType) {
  test::CountingCryptography cryptography;
  const std::string one = Key::make(cryptography).text();
  const std::string other = Key::make(cryptography).text();
  EXPECT_NE(one, other);
  EXPECT_EQ(one.size(), 23U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz-"), std::string::npos);
  std::size_t letters = 0;
  for (const char c : one) letters += c != '-' ? 1 : 0;
  EXPECT_EQ(letters * 5, 100U) << "bits: 32 letters are possible";
}

}  // namespace
}  // namespace meterseal::wifi
