#include "wifi/device_choice.hpp"

#include <gtest/gtest.h>

#include "wifi/errors.hpp"

namespace meterseal::wifi {
namespace {

constexpr std::uint32_t kAble = kCanBeAccessPoint | kCanRsn | kCanCcmp;

Device device(std::uint32_t state, std::uint32_t capabilities = kAble, std::size_t networks = 0,
              const char* interface = "wlan0") {
  return {"/d/1", interface, "B8:27:EB:10:3f:2a", state, capabilities, networks};
}

struct Row {
  const char* what;
  std::vector<Device> devices;
  const Code& code;
};

TEST(DeviceChoice, TakesNoneThatIsUnfitAndSaysWhy) {
  const Row rows[] = {
      {"no Wi-Fi at all", {}, no_device},
      {"not managed by NetworkManager", {device(kUnmanaged)}, no_device},
      {"switched off", {device(kUnavailable, 0)}, device_not_ready},
      {"connected", {device(kActivated)}, device_in_use},
      {"about to connect", {device(40)}, device_in_use},
      {"waiting for a password", {device(60)}, device_in_use},
      {"a known network is in reach", {device(kDisconnected, kAble, 1)}, device_in_use},
      {"just being disconnected", {device(110)}, device_not_ready},
      {"just failed", {device(kFailed)}, device_not_ready},
      {"cannot be an access point", {device(kDisconnected, kCanRsn | kCanCcmp)}, not_capable},
      {"knows WEP and TKIP only", {device(kDisconnected, kCanBeAccessPoint | 0x7)}, not_capable},
      {"knows RSN but not CCMP", {device(kDisconnected, kCanBeAccessPoint | kCanRsn)}, not_capable},
      {"connected and unable", {device(kActivated, 0)}, not_capable},
  };
  for (const Row& row : rows) {
    const auto chosen = choose(row.devices);
    ASSERT_FALSE(chosen) << row.what;
    EXPECT_EQ(chosen.error().code, row.code) << row.what << ": " << chosen.error().code.name;
  }
}

TEST(DeviceChoice, NamesTheOneThatComesNearest) {
  const auto chosen = choose(
      std::vector{device(kUnmanaged, 0, 0, "a"), device(kActivated, kAble, 0, "b"), device(kDisconnected, 0, 0, "c")});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, device_in_use);
  EXPECT_EQ(chosen.error().where.view(), "b");
}

TEST(DeviceChoice, LeavesTheConnectedOneAndTakesTheFreeOne) {
  const auto chosen =
      choose(std::vector{device(kActivated, kAble, 1, "wlan0"), device(kDisconnected, kAble, 0, "wlan1")});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->interface, "wlan1");
}

TEST(DeviceChoice, NamesTheNetworkByTheEndOfTheAddress) {
  EXPECT_EQ(network_name("B8:27:EB:10:3f:2a"), "Meterseal-3F2A");
  EXPECT_EQ(network_name(""), "Meterseal");
  EXPECT_EQ(network_name("00:00:5e"), "Meterseal");
  EXPECT_EQ(network_name("; rm -rf /"), "Meterseal");
}

}  // namespace
}  // namespace meterseal::wifi
