#include "wifi/host/opener.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <variant>

#include "support/counting_cryptography.hpp"
#include "wifi/errors.hpp"

namespace meterseal::wifi::host {
namespace {

/// What the bus answers to an activation.
struct Outcome {
  std::optional<Error> refused;
  std::uint32_t failure = 0;  ///< 0: it stands
};

/// A NetworkManager with one Wi-Fi device, whose next outcomes a test lays down. Waiting costs no time.
class FakeBus final : public Bus {
 public:
  Result<std::uint32_t> number(const std::string& object, const std::string&, const char* property) override {
    const std::string_view name = property;
    if (object.starts_with("/active")) {
      if (!stands || object != active) return fail(start_failed, object, "no such object");
      return never_ready ? 1U : 2U;
    }
    if (name == "DeviceType") return object == "/cable" ? 1U : 2U;
    if (name == "State") return waits >= ready_after ? 30U : 20U;
    return kCanBeAccessPoint | kCanRsn | kCanCcmp;
  }
  Result<bool> flag(const std::string&, const std::string&, const char*) override { return waits < started_after; }
  Result<std::string> text(const std::string&, const std::string&, const char* property) override {
    return std::string(property) == "Interface" ? "wlan0" : "02:00:00:00:3F:2A";
  }
  Result<std::string> path(const std::string&, const std::string&, const char*) override { return std::string("/ip"); }
  Result<std::vector<std::string>> paths(const std::string&, const std::string&, const char* property) override {
    if (std::string(property) == "Devices") return std::vector<std::string>{"/cable", "/radio"};
    return std::vector<std::string>{};
  }
  Result<std::string> first_address(const std::string&) override { return address; }

  Result<std::string> activate(const std::vector<SettingGroup>& settings, const std::string& device) override {
    EXPECT_EQ(device, "/radio");
    key_management.push_back(std::get<std::string>(settings.at(2).settings.at(0).value));
    const Outcome outcome = outcomes.empty() ? Outcome{} : outcomes.front();
    if (!outcomes.empty()) outcomes.pop_front();
    if (outcome.refused) return tl::unexpected(*outcome.refused);
    active = "/active" + std::to_string(key_management.size());
    stands = outcome.failure == 0;
    failure = outcome.failure;
    return active;
  }
  void deactivate(const std::string& object) override {
    deactivated.push_back(object);
    if (object == active) stands = false;
  }
  Result<void> watch(const std::string&) override { return {}; }
  void wait(int, milliseconds) override { ++waits; }
  [[nodiscard]] std::uint32_t failure_of_device() const override { return failure; }

  std::deque<Outcome> outcomes;
  std::vector<std::string> key_management;  ///< of each activation
  std::vector<std::string> deactivated;
  std::string active;
  std::string address = "10.42.0.1";
  std::uint32_t failure = 0;
  int started_after = 0;
  int ready_after = 0;
  int waits = 0;
  bool stands = false;
  bool never_ready = false;
};

class OpenerTest : public testing::Test {
 protected:
  ~OpenerTest() override { ::close(stop); }
  void ask_to_stop() const { EXPECT_EQ(::eventfd_write(stop, 1), 0); }

  test::CountingCryptography cryptography;
  const Key key = Key::make(cryptography);
  const int stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  FakeBus bus;
  std::string radio_says;
  Opener opener{bus, [this](const std::string&) { return radio_says; }, stop};
};

using Words = std::vector<std::string>;

TEST_F(OpenerTest, TakesWpa3WhereItCan) {
  const auto opened = opener.open(key);
  ASSERT_TRUE(opened) << opened.error().detail.view();
  EXPECT_EQ(bus.key_management, Words{"sae"});
  EXPECT_EQ(opened->name, "Meterseal-3F2A");
  EXPECT_EQ(opened->interface, "wlan0");
  EXPECT_EQ(opened->address, "10.42.0.1");
  EXPECT_EQ(opened->protection, Protection::wpa3);
  EXPECT_EQ(opened->why_not_wpa3, "");
}

TEST_F(OpenerTest, FallsBackToWpa2WithTheReason) {
  bus.outcomes = {{std::nullopt, 9}};
  const auto opened = opener.open(key);
  ASSERT_TRUE(opened);
  EXPECT_EQ(bus.key_management, (Words{"sae", "wpa-psk"}));
  EXPECT_EQ(opened->protection, Protection::wpa2);
  EXPECT_EQ(opened->why_not_wpa3, "wpa_supplicant could not open it");
  EXPECT_EQ(bus.deactivated, Words{"/active1"});
}

TEST_F(OpenerTest, DoesNotTryWpa3OnARadioThatCannot) {
  radio_says = "the firmware knows no SAE";
  const auto opened = opener.open(key);
  ASSERT_TRUE(opened);
  EXPECT_EQ(bus.key_management, Words{"wpa-psk"});
  EXPECT_EQ(opened->protection, Protection::wpa2);
  EXPECT_EQ(opened->why_not_wpa3, "the firmware knows no SAE");
}

TEST_F(OpenerTest, GivesUpAfterWpa2AndNeverOpensOneWithoutAKey) {
  bus.outcomes = {{std::nullopt, 9}, {std::nullopt, 5}};
  const auto opened = opener.open(key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, start_failed);
  EXPECT_EQ(opened.error().detail.view(), "no addresses could be shared: dnsmasq cannot be started");
  EXPECT_EQ(bus.key_management, (Words{"sae", "wpa-psk"}));
}

TEST_F(OpenerTest, IsNotAnsweredByAWeakerOneWhenItIsNotAllowed) {
  bus.outcomes = {{make_error(not_allowed, "NetworkManager", "no"), 0}};
  const auto opened = opener.open(key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, not_allowed);
  EXPECT_EQ(bus.key_management, Words{"sae"});
}

TEST_F(OpenerTest, WaitsUntilNetworkManagerHasLookedForItsOwnNetworksAndTheDeviceIsReady) {
  bus.started_after = 7;
  bus.ready_after = 11;
  ASSERT_TRUE(opener.open(key));
  EXPECT_GE(bus.waits, 11);
  EXPECT_EQ(bus.key_management, Words{"sae"});
}

TEST_F(OpenerTest, WaitsForADeviceThatIsNeverReadyFor20Seconds) {
  bus.ready_after = 1'000'000;
  const auto opened = opener.open(key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, device_not_ready);
  EXPECT_EQ(bus.waits, 80) << "of 250 ms";
  EXPECT_TRUE(bus.key_management.empty());
}

TEST_F(OpenerTest, WaitsAMinuteForEachTryAndThenTakesItBack) {
  bus.never_ready = true;
  const auto opened = opener.open(key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail.view(), "it did not open within a minute");
  EXPECT_EQ(bus.waits, 2 * 240) << "of 250 ms";
  EXPECT_EQ(bus.deactivated, (Words{"/active1", "/active2"}));
}

TEST_F(OpenerTest, TakesBackOneWithoutAnAddress) {
  bus.address = "";
  const auto opened = opener.open(key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail.view(), "it has no address");
  EXPECT_EQ(bus.deactivated, (Words{"/active1", "/active2"}));
}

TEST_F(OpenerTest, TakesBackWhatItHasBegunWhenItShallStop) {
  bus.never_ready = true;
  ask_to_stop();
  EXPECT_FALSE(opener.open(key));
  EXPECT_EQ(bus.deactivated, Words{"/active1"});
  EXPECT_EQ(bus.key_management, Words{"sae"}) << "and tries nothing further";
}

TEST_F(OpenerTest, NoticesThatSomebodyHasEndedIt) {
  ASSERT_TRUE(opener.open(key));
  EXPECT_TRUE(opener.look_after());
  bus.stands = false;
  const auto lost = opener.look_after();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, access_point_lost);
  opener.close();
  EXPECT_TRUE(bus.deactivated.empty());
}

TEST_F(OpenerTest, ClosesWhatStands) {
  ASSERT_TRUE(opener.open(key));
  opener.close();
  opener.close();
  EXPECT_EQ(bus.deactivated, Words{"/active1"});
}

}  // namespace
}  // namespace meterseal::wifi::host
