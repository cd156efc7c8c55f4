#include "meter/sim/load_curve.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterseal::meter::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

double watts(const Load& load) {
  return load.phases[0].watts + load.phases[1].watts + load.phases[2].watts;
}

double mean_watts(const LoadCurve& curve, SimTime from, SimTime until) {
  double sum = 0;
  int count = 0;
  for (SimTime at = from; at < until; at += seconds(10), ++count) sum += watts(curve.at(at));
  return sum / count;
}

TEST(LoadCurve, IsAFunctionOfSeedAndSecond) {
  const LoadCurve one(7, 3, 6000);
  const LoadCurve same(7, 3, 6000);
  const LoadCurve other(8, 3, 6000);
  int differing = 0;
  for (SimTime at{}; at < hours(24); at += minutes(7)) {
    EXPECT_EQ(watts(one.at(at)), watts(same.at(at)));
    EXPECT_EQ(watts(one.at(at)), watts(one.at(at + SimTime(999)))) << "constant within a second";
    differing += watts(one.at(at)) != watts(other.at(at)) ? 1 : 0;
  }
  EXPECT_GT(differing, 200);
}

TEST(LoadCurve, NeverGoesBeyondAHousehold) {
  for (const std::uint64_t seed : {1U, 2U, 99U}) {
    const LoadCurve curve(seed, 3, 6000);
    for (SimTime at{}; at < hours(48); at += seconds(13)) {
      const Load load = curve.at(at);
      EXPECT_GT(load.hertz, 49.9);
      EXPECT_LT(load.hertz, 50.1);
      for (const PhaseLoad& phase : load.phases) {
        ASSERT_GT(phase.volts, 215);
        ASSERT_LT(phase.volts, 245);
        ASSERT_GT(phase.watts, -2600);
        ASSERT_LT(phase.watts, 8000);
      }
    }
  }
}

TEST(LoadCurve, TheEveningIsAboveTheNightAndTheSunFeedsBack) {
  const LoadCurve house(5, 1, 6000);
  EXPECT_GT(mean_watts(house, hours(18), hours(20)), 2 * mean_watts(house, hours(2), hours(4)));
  EXPECT_GT(mean_watts(house, hours(2), hours(4)), 80) << "the base load never ends";
  const LoadCurve solar(5, 3, 6000);
  EXPECT_LT(mean_watts(solar, hours(12), hours(14)), -500);
  EXPECT_GT(mean_watts(solar, hours(23), hours(24)), 50);
}

TEST(LoadCurve, ASinglePhaseHouseHasOneLivePhaseAndNoSun) {
  const LoadCurve house(5, 1, 6000);
  for (SimTime at{}; at < hours(24); at += minutes(11)) {
    const Load load = house.at(at);
    EXPECT_GT(load.phases[0].watts, 0);
    EXPECT_EQ(load.phases[1].volts, 0);
    EXPECT_EQ(load.phases[2].watts, 0);
  }
}

TEST(LoadCurve, NoTwoDaysAreTheSame) {
  const LoadCurve house(5, 1, 0);
  EXPECT_NE(mean_watts(house, hours(18), hours(19)), mean_watts(house, hours(42), hours(43)));
  EXPECT_GT(watts(house.at(hours(-5))), 0) << "before day 0 is a day as well";
}

}  // namespace
}  // namespace meterseal::meter::sim
