#include "web/login_gate.hpp"

#include <gtest/gtest.h>

namespace meterseal::web {
namespace {

TEST(LoginGate, EachFailureDoublesThePauseOfItsSourceUpToAQuarterOfAnHour) {
  LoginGate gate;
  Instant now{};
  const int expected[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900};
  for (const int pause : expected) {
    EXPECT_EQ(gate.wait("192.0.2.1", now), seconds{0});
    gate.begin("192.0.2.1", now);
    EXPECT_EQ(gate.wait("192.0.2.1", now), seconds{pause});
    now += seconds{pause} - microseconds{1};
    EXPECT_EQ(gate.wait("192.0.2.1", now), seconds{1}) << "rounded up";
    now += microseconds{1};
  }
  EXPECT_EQ(gate.wait("192.0.2.2", now), seconds{0}) << "another source does not pay for it";
}

TEST(LoginGate, TriesInParallelAreTriesInARow) {
  LoginGate gate;
  gate.begin("192.0.2.1", Instant{});
  EXPECT_GT(gate.wait("192.0.2.1", Instant{}), seconds{0}) << "before the first one was answered";
}

TEST(LoginGate, SuccessAndAnHourOfPeaceForget) {
  LoginGate gate;
  for (int i = 0; i < 5; ++i) gate.begin("192.0.2.1", Instant{});
  gate.passed("192.0.2.1");
  EXPECT_EQ(gate.wait("192.0.2.1", Instant{}), seconds{0});
  for (int i = 0; i < 5; ++i) gate.begin("192.0.2.1", Instant{});
  EXPECT_EQ(gate.failures("192.0.2.1"), 5U);
  EXPECT_EQ(gate.wait("192.0.2.1", Instant{seconds{3600}}), seconds{0});
  EXPECT_EQ(gate.failures("192.0.2.1"), 0U);
}

TEST(LoginGate, WhatWasNotCheckedDoesNotCount) {
  LoginGate gate;
  gate.begin("192.0.2.1", Instant{});
  gate.undone("192.0.2.1", Instant{});
  EXPECT_EQ(gate.wait("192.0.2.1", Instant{}), seconds{0});
}

TEST(LoginGate, AFloodFromEverywhereSlowsEverybodyALittleAndForgetsTheOldest) {
  LoginGate gate;
  Instant now{};
  for (int i = 0; i < 10'000; ++i) {
    gate.begin("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), now);
    now += microseconds{10};
  }
  EXPECT_EQ(gate.wait("192.0.2.1", now), seconds{10}) << "the owner, who has never failed";
  EXPECT_EQ(gate.failures("10.0.0.0"), 0U) << "forgotten: memory is bounded";
  EXPECT_EQ(gate.failures("10.0.39.249"), 1U);
}

TEST(SourceKey, IsTheAddressOrTheCustomersNetwork) {
  const std::pair<const char*, const char*> rows[] = {
      {"192.0.2.7", "192.0.2.7"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"2001:db8:1:2::9", "2001:db8:1:2::/64"},
      {"2001:db8::9", "2001:db8:0:0::/64"},
      {"fe80::1%eth0", "fe80:0:0:0::/64"},
      {"::1", "0:0:0:0::/64"},
  };
  for (const auto& [address, key] : rows) EXPECT_EQ(source_key(address), key);
}

}  // namespace
}  // namespace meterseal::web
