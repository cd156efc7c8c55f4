#include "web/power_history.hpp"

#include <gtest/gtest.h>

namespace meterseal::web {
namespace {

constexpr std::int64_t kStart = 1'800'000'000;
UtcTime at(std::int64_t s) {
  return UtcTime(seconds{kStart + s});
}

TEST(PowerHistory, IsTheMeanOfEachFullSlotAndLeavesGapsEmpty) {
  PowerHistory history;
  for (int s = 0; s < 10; ++s) history.add("main", at(s), s < 5 ? 100'000 : 200'000);
  for (int s = 10; s < 20; ++s) history.add("main", at(s), std::nullopt);
  for (int s = 40; s < 51; ++s) history.add("main", at(s), -1'500);
  const auto points = history.points("main", Span::hour);
  ASSERT_EQ(points.size(), 5U);
  EXPECT_EQ(points[0].start_s, kStart);
  EXPECT_EQ(points[0].watts, 150);
  EXPECT_EQ(points[1].watts, std::nullopt) << "nothing was read";
  EXPECT_EQ(points[2].watts, std::nullopt) << "the program did not run";
  EXPECT_EQ(points[4].watts, -2) << "export, rounded";
  EXPECT_TRUE(history.points("main", Span::day).empty()) << "no full slot yet";
  EXPECT_TRUE(history.points("other", Span::hour).empty());
}

TEST(PowerHistory, KeepsAnHourInTenSecondSlots) {
  PowerHistory history;
  for (int s = 0; s < 2 * 3600; s += 5) history.add("main", at(s), 1000 * s);
  const auto points = history.points("main", Span::hour);
  EXPECT_EQ(points.size(), 360U);
  EXPECT_EQ(points.back().start_s, kStart + 7180);
  EXPECT_EQ(history.points("main", Span::day).size(), 23U);
}

TEST(PowerHistory, AClockThatStepsBackStartsAnewAndOneThatJumpsLeavesAGap) {
  PowerHistory history;
  for (int s = 0; s < 60; ++s) history.add("main", at(s), 100'000);
  for (int s = -3600; s < -3570; ++s) history.add("main", at(s), 200'000);
  auto points = history.points("main", Span::hour);
  ASSERT_FALSE(points.empty());
  EXPECT_EQ(points.front().watts, 200);
  for (int s = 1'000'000'000; s < 1'000'000'030; ++s) history.add("main", at(s), 300'000);
  points = history.points("main", Span::hour);
  EXPECT_EQ(points.front().watts, 300);
  EXPECT_LE(points.size(), 360U);
}

TEST(PowerHistory, HasRoomForEightMeters) {
  PowerHistory history;
  for (int m = 0; m < 20; ++m) {
    for (int s = 0; s < 30; ++s) history.add("m" + std::to_string(m), at(s), 1000);
  }
  EXPECT_FALSE(history.points("m7", Span::hour).empty());
  EXPECT_TRUE(history.points("m8", Span::hour).empty());
}

TEST(PowerHistory, IsReadBackAndDamageIsAnEmptyPlot) {
  PowerHistory history;
  for (int s = 0; s < 1000; ++s) history.add("main", at(s), 1000 * s);
  const std::string text = history.encode();
  const PowerHistory back = PowerHistory::decode(text);
  EXPECT_EQ(back.points("main", Span::hour).size(), history.points("main", Span::hour).size());
  EXPECT_EQ(back.points("main", Span::hour).back().watts, history.points("main", Span::hour).back().watts);
  for (std::size_t n = 0; n < text.size(); n += 97)
    EXPECT_TRUE(PowerHistory::decode(text.substr(0, n)).points("main", Span::hour).empty());
  for (std::size_t n = 0; n < text.size(); n += 101) {
    std::string damaged = text;
    damaged[n] = static_cast<char>(damaged[n] ^ 4);
    EXPECT_TRUE(PowerHistory::decode(damaged).points("main", Span::hour).empty()) << n;
  }
}

}  // namespace
}  // namespace meterseal::web
