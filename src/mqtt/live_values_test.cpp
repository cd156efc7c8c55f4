#include "mqtt/live_values.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "support/test_meters.hpp"

namespace meterseal::mqtt {
namespace {

using namespace meterseal::test;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(ApparentPower, IsVoltageTimesCurrentRounded) {
  EXPECT_EQ(apparent_power_mva(230'000, 1000, std::nullopt), 230'000);
  EXPECT_EQ(apparent_power_mva(1001, 1499, std::nullopt), 1500) << "1500.499";
  EXPECT_EQ(apparent_power_mva(1001, 1500, std::nullopt), 1502) << "1501.5";
}

TEST(ApparentPower, IsNeverLessThanTheActivePower) {
  EXPECT_EQ(apparent_power_mva(230'000, 1000, 231'000), 231'000);
  EXPECT_EQ(apparent_power_mva(230'000, 1000, -231'000), 231'000);
  EXPECT_EQ(apparent_power_mva(230'000, 1000, 229'000), 230'000);
}

TEST(ApparentPower, OfImpossibleInputsIsUnknownAndNotWrapped) {
  EXPECT_FALSE(apparent_power_mva(kMax, kMax, std::nullopt));
  EXPECT_FALSE(apparent_power_mva(kMin, 3000, std::nullopt));
  EXPECT_FALSE(apparent_power_mva(1, 1, kMin)) << "one more than the largest int64";
}

TEST(ReactivePower, IsTheThirdSideOfTheTriangle) {
  EXPECT_EQ(reactive_power_mvar(5'000'000, 4'000'000, 21'000), 3'000'000);
  EXPECT_EQ(reactive_power_mvar(5'000'000, -3'000'000, 21'000), 4'000'000);
  EXPECT_EQ(reactive_power_mvar(5'000'000, 0, std::nullopt), 5'000'000);
}

TEST(ReactivePower, IsZeroWhereTheDifferenceIsNoise) {
  EXPECT_EQ(reactive_power_mvar(240'000, 100'000, 5), 0) << "5 mA";
  EXPECT_NE(reactive_power_mvar(240'000, 100'000, 6), 0) << "6 mA";
  EXPECT_EQ(reactive_power_mvar(200'000, 198'500, 1000), 0) << "1.5 VA and less than 1 %";
  EXPECT_NE(reactive_power_mvar(200'000, 198'499, 1000), 0) << "more than 1.5 VA";
  EXPECT_NE(reactive_power_mvar(20'000, 19'500, 100), 0) << "0.5 VA, but more than 1 %";
  EXPECT_EQ(reactive_power_mvar(100'000, 120'000, 1000), 0) << "measured S below P";
}

TEST(ReactivePower, HoldsLargePlantsWithinOnePartPerMillion) {
  const std::int64_t q = reactive_power_mvar(50'000'000'000, 30'000'000'000, 1'000'000);
  EXPECT_NEAR(static_cast<double>(q), 40e9, 40e3);
  EXPECT_GE(reactive_power_mvar(kMin, 0, std::nullopt), 0);
}

TEST(PowerFactor, HasTheSignOfThePowerAndStaysWithinOne) {
  EXPECT_EQ(power_factor_permille(231'000, 240'000), 963);
  EXPECT_EQ(power_factor_permille(-231'000, 240'000), -963);
  EXPECT_EQ(power_factor_permille(300'000, 240'000), 1000);
  EXPECT_EQ(power_factor_permille(-300'000, 240'000), -1000);
  EXPECT_EQ(power_factor_permille(0, 240'000), 0);
  EXPECT_EQ(power_factor_permille(10, 0), 0);
  EXPECT_EQ(power_factor_permille(kMin, kMax), -1000);
  EXPECT_EQ(power_factor_permille(kMax / 2, kMin), 500);
}

TEST(LiveValues, DeriveOnlyWhileEveryInputIsFresh) {
  TestMeter meter(Phases::one, Measurands{Measurand::voltage_l1, Measurand::current_l1, Measurand::power_active_total});
  meter.set(Measurand::voltage_l1, 230'000)
      .set(Measurand::current_l1, 1000)
      .set(Measurand::power_active_total, 138'000);
  const auto now = [&](Quantity quantity) {
    const MeterTelemetry telemetry = meter.telemetry();
    return LiveValues(telemetry).of(quantity, Slot::whole);
  };
  EXPECT_EQ(now(Quantity::apparent_power), 230'000);
  EXPECT_EQ(now(Quantity::reactive_power), 184'000);
  EXPECT_EQ(now(Quantity::factor), 600);

  meter.set(Measurand::power_active_total, 138'000, Instant(seconds{99}));
  EXPECT_EQ(now(Quantity::apparent_power), 230'000) << "needs U and I only";
  EXPECT_FALSE(now(Quantity::reactive_power));
  EXPECT_FALSE(now(Quantity::factor));

  meter.set(Measurand::power_active_total, 138'000).lose(Measurand::current_l1);
  EXPECT_FALSE(now(Quantity::apparent_power));
  EXPECT_FALSE(now(Quantity::reactive_power));
}

TEST(LiveValues, NeverReplaceAMeasuredValue) {
  TestMeter meter(Phases::one, kPzem);
  meter.set(Measurand::voltage_l1, 230'000)
      .set(Measurand::current_l1, 1000)
      .set(Measurand::power_active_total, 138'000);
  const MeterTelemetry telemetry = meter.telemetry();
  EXPECT_FALSE(LiveValues(telemetry).of(Quantity::factor, Slot::whole)) << "measured by this meter, not read now";
}

}  // namespace
}  // namespace meterseal::mqtt
