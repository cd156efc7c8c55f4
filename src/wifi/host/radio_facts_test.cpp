#include "wifi/host/radio_facts.hpp"

#include <gtest/gtest.h>
#include <linux/nl80211.h>

#include <cstring>
#include <vector>

namespace meterseal::wifi::host {
namespace {

using Raw = std::vector<std::uint8_t>;

Raw attribute(std::uint16_t type, const Raw& value) {
  const auto size = static_cast<std::uint16_t>(4 + value.size());
  Raw bytes(4);
  std::memcpy(bytes.data(), &size, 2);
  std::memcpy(bytes.data() + 2, &type, 2);
  bytes.insert(bytes.end(), value.begin(), value.end());
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

Raw suites(const std::vector<std::uint32_t>& list) {
  Raw bytes(list.size() * 4);
  std::memcpy(bytes.data(), list.data(), bytes.size());
  return bytes;
}

Raw extended_features(unsigned feature) {
  Raw bytes(feature / 8 + 1);
  bytes.back() = static_cast<std::uint8_t>(1U << (feature % 8));
  return bytes;
}

const Raw kCiphers = attribute(NL80211_ATTR_CIPHER_SUITES, suites({0x000FAC04, 0x000FAC06}));
const Raw kOwnSme = attribute(NL80211_ATTR_DEVICE_AP_SME, suites({1}));
const Raw kOffload = attribute(NL80211_ATTR_EXT_FEATURES, extended_features(NL80211_EXT_FEATURE_SAE_OFFLOAD_AP));

std::string verdict(const std::vector<Raw>& messages) {
  RadioFacts facts;
  for (const Raw& message : messages) take_in(message, facts);
  return why_not_wpa3(facts);
}

TEST(RadioFacts, SpeakAgainstNothingWhereTheKernelSaysNothing) {
  EXPECT_EQ(why_not_wpa3(RadioFacts{}), "");
  EXPECT_EQ(why_not_wpa3(read_radio_facts("no-such-interface")), "");
  EXPECT_EQ(why_not_wpa3(read_radio_facts("lo")), "") << "not a radio";
}

TEST(RadioFacts, KnowWhatCanDoWpa3) {
  EXPECT_EQ(verdict({kCiphers}), "") << "wpa_supplicant lets stations in";
  EXPECT_EQ(verdict({kCiphers, kOwnSme, kOffload}), "") << "in several messages";
}

TEST(RadioFacts, KnowAFirmwareWithoutSae) {
  EXPECT_EQ(verdict({kCiphers, kOwnSme}), "the firmware of this Wi-Fi adapter knows no SAE as an access point");
  const Raw other = attribute(NL80211_ATTR_EXT_FEATURES, extended_features(NL80211_EXT_FEATURE_SAE_OFFLOAD_AP - 1));
  EXPECT_EQ(verdict({kCiphers, kOwnSme, other}), "the firmware of this Wi-Fi adapter knows no SAE as an access point");
}

TEST(RadioFacts, KnowARadioThatCannotProtectManagementFrames) {
  EXPECT_EQ(verdict({attribute(NL80211_ATTR_CIPHER_SUITES, suites({0x000FAC02, 0x000FAC04}))}),
            "this Wi-Fi adapter cannot protect management frames");
}

TEST(RadioFacts, ReadNothingPastTheEnd) {
  Raw whole = kCiphers;
  whole.insert(whole.end(), kOwnSme.begin(), kOwnSme.end());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    RadioFacts facts;
    take_in(Bytes(whole).first(size), facts);
    EXPECT_FALSE(facts.has_own_sme) << size;
  }
  RadioFacts facts;
  take_in(Raw{0, 0, 3, 0, 9, 9, 9, 9}, facts);  // a size of 0 would be read for ever
  take_in(Raw{3, 0, 3, 0}, facts);
  take_in(Raw{0xFF, 0xFF, 3, 0}, facts);
  EXPECT_FALSE(facts.is_known);
}

}  // namespace
}  // namespace meterseal::wifi::host
