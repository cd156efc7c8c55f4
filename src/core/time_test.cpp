#include "core/time.hpp"

#include <gtest/gtest.h>

namespace meterseal {
namespace {

TEST(Time, CivilDatesRoundTripOverEightHundredYears) {
  std::int64_t expected = days_from_civil({1600, 1, 1});
  for (CivilDate date{1600, 1, 1}; date.year < 2400; date = next_day(date), ++expected) {
    ASSERT_EQ(days_from_civil(date), expected);
    ASSERT_EQ(civil_from_days(expected), date);
  }
}

TEST(Time, KnowsLeapDays) {
  EXPECT_EQ(next_day({2028, 2, 28}), (CivilDate{2028, 2, 29}));
  EXPECT_EQ(next_day({2100, 2, 28}), (CivilDate{2100, 3, 1}));
  EXPECT_EQ(previous_day({2000, 3, 1}), (CivilDate{2000, 2, 29}));
}

TEST(Time, SplitsMomentsBeforeAndAfter1970) {
  const CivilTime t = civil_utc(UtcTime(milliseconds{1'763'918'898'123}));
  EXPECT_EQ(t.date, (CivilDate{2025, 11, 23}));
  EXPECT_EQ(t.hour, 17);
  EXPECT_EQ(t.minute, 28);
  EXPECT_EQ(t.second, 18);
  EXPECT_EQ(t.millisecond, 123);
  EXPECT_EQ(civil_utc(UtcTime(milliseconds{-1})).date, (CivilDate{1969, 12, 31}));
}

TEST(Time, PassesTheYear2038On32Bits) {
  const CivilTime t = civil_utc(UtcTime(milliseconds{4'294'967'296'000}));
  EXPECT_EQ(t.date, (CivilDate{2106, 2, 7}));
  EXPECT_EQ(utc_from_civil_utc(t), UtcTime(milliseconds{4'294'967'296'000}));
}

}  // namespace
}  // namespace meterseal
