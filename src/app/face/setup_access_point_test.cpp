#include "app/face/setup_access_point.hpp"

#include <gtest/gtest.h>

#include "support/counting_cryptography.hpp"
#include "support/fake_access_point.hpp"
#include "support/fakes.hpp"
#include "wifi/errors.hpp"

namespace meterseal::app {
namespace {

const std::vector<HostPort> kEverywhere{{"0.0.0.0", 8443}};

class SetupAccessPointTest : public testing::Test {
 protected:
  test::CountingCryptography cryptography;
  const wifi::Key key = wifi::Key::make(cryptography);
  test::FakeAccessPoint radio;
  test::CollectingLog log;
  SetupAccessPoint access_point{radio, log};
};

TEST_F(SetupAccessPointTest, TellsNameKeyGenerationAndAddressOnceItStands) {
  access_point.open(key, kEverywhere);
  EXPECT_EQ(radio.asked_with, key.text());
  EXPECT_FALSE(log.contains(key.text())) << "nothing stands yet";
  radio.tell(wifi::Opened{"Meterseal-3F2A", "wlan0", "10.42.0.1", wifi::Protection::wpa3, {}});
  EXPECT_TRUE(log.contains("access point Meterseal-3F2A on wlan0, WPA3: join it with the key " + key.text() +
                           " and open https://10.42.0.1:8443/"));
  EXPECT_FALSE(log.contains("WPA2"));
}

TEST_F(SetupAccessPointTest, SaysThatItIsWpa2OnlyAndWhy) {
  access_point.open(key, kEverywhere);
  radio.tell(wifi::Opened{"Meterseal-3F2A", "wlan0", "10.42.0.1", wifi::Protection::wpa2, "the radio knows no SAE"});
  EXPECT_TRUE(log.contains("warning WIFI: WPA2 only (the radio knows no SAE)"));
  EXPECT_TRUE(log.contains("on wlan0, WPA2: join it with the key"));
  EXPECT_FALSE(log.contains("WPA3"));
}

TEST_F(SetupAccessPointTest, GoesOnWithoutOneAndSaysWhy) {
  access_point.open(key, kEverywhere);
  radio.tell(fail(wifi::not_allowed, "NetworkManager", "Not authorized"));
  EXPECT_TRUE(log.contains("wifi_not_allowed"));
  EXPECT_TRUE(log.contains("the set-up goes on without an access point"));
  EXPECT_FALSE(log.contains(key.text()));
  access_point.close("the set-up is done");
  EXPECT_EQ(radio.closes, 0);
}

TEST_F(SetupAccessPointTest, ClosesOnceWhenTheSetUpCannotBeEnteredAnyMore) {
  access_point.open(key, kEverywhere);
  radio.tell(wifi::Opened{"Meterseal-3F2A", "wlan0", "10.42.0.1", wifi::Protection::wpa3, {}});
  access_point.close("the code of the set-up is not good any more");
  access_point.close("the program ends");
  EXPECT_EQ(radio.closes, 1);
  EXPECT_TRUE(log.contains("the access point is closed: the code of the set-up is not good any more"));
  EXPECT_FALSE(log.contains("the program ends"));
}

TEST_F(SetupAccessPointTest, ClosesOneThatIsStillOpening) {
  access_point.open(key, kEverywhere);
  access_point.close("the program ends");
  EXPECT_EQ(radio.closes, 1);
  radio.tell(wifi::Opened{"Meterseal-3F2A", "wlan0", "10.42.0.1", wifi::Protection::wpa3, {}});
  EXPECT_FALSE(log.contains(key.text()));
}

TEST_F(SetupAccessPointTest, SaysWhenSomebodyElseHasEndedIt) {
  access_point.open(key, kEverywhere);
  radio.tell(wifi::Opened{"Meterseal-3F2A", "wlan0", "10.42.0.1", wifi::Protection::wpa3, {}});
  radio.tell(fail(wifi::access_point_lost, "NetworkManager", "NetworkManager has ended it"));
  EXPECT_TRUE(log.contains("wifi_access_point_lost"));
  access_point.close("the program ends");
  EXPECT_EQ(radio.closes, 0);
}

TEST_F(SetupAccessPointTest, OpensNothingWhereThePageCouldNotBeReachedThroughIt) {
  access_point.open(key, {{"127.0.0.1", 8443}, {"::", 8443}});
  EXPECT_FALSE(radio.asked_with);
  EXPECT_TRUE(log.contains("wifi_page_elsewhere"));
}

}  // namespace
}  // namespace meterseal::app
