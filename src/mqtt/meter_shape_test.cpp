#include "mqtt/meter_shape.hpp"

#include <gtest/gtest.h>

#include "support/test_meters.hpp"

namespace meterseal::mqtt {
namespace {

using namespace meterseal::test;

struct Row {
  const char* sentence;
  Measurands polled;
  Phases phases;
  Quantity quantity;
  Layout layout;
  bool derived;
};

TEST(MeterShape, FollowsFromWhatIsPolled) {
  const Measurands sums{Measurand::power_active_total, Measurand::power_apparent_total};
  const Row rows[] = {
      {"one phase is a number", kSdm120, Phases::one, Quantity::voltage, Layout::number, false},
      {"one phase may be called L1", {Measurand::power_active_l1}, Phases::one, Quantity::power, Layout::number, false},
      {"per phase is an array", kSdm630, Phases::three, Quantity::power, Layout::phases, false},
      {"per phase wins over the sum", kIem3155, Phases::three, Quantity::power, Layout::phases, false},
      {"the sum alone is a number", kSdm72, Phases::three, Quantity::power, Layout::number, false},
      {"not measured is absent", kSdm72, Phases::three, Quantity::voltage, Layout::absent, false},
      {"nothing to derive from is absent", kSdm72, Phases::three, Quantity::apparent_power, Layout::absent, false},
      {"apparent from U and I, one phase", kPzem, Phases::one, Quantity::apparent_power, Layout::number, true},
      {"reactive from S and P, one phase", kPzem, Phases::one, Quantity::reactive_power, Layout::number, true},
      {"a measured factor stays", kPzem, Phases::one, Quantity::factor, Layout::number, false},
      {"apparent from U and I, per phase", joined({kVoltages, kCurrents, kPowers}), Phases::three,
       Quantity::apparent_power, Layout::phases, true},
      {"factor per phase", joined({kVoltages, kCurrents, kPowers}), Phases::three, Quantity::factor, Layout::phases,
       true},
      {"a measured sum is not replaced by derived phases", kIem3155, Phases::three, Quantity::apparent_power,
       Layout::number, false},
      {"factor of the sums", kIem3155, Phases::three, Quantity::factor, Layout::number, true},
      {"reactive of the sums", sums, Phases::three, Quantity::reactive_power, Layout::number, true},
      {"a missing current prevents S", joined({kVoltages, kPowers, {Measurand::current_l1, Measurand::current_l2}}),
       Phases::three, Quantity::apparent_power, Layout::absent, false},
      {"a missing power prevents the factor", joined({kVoltages, kCurrents}), Phases::three, Quantity::factor,
       Layout::absent, false},
      {"one phase of three is still an array",
       {Measurand::voltage_l1},
       Phases::three,
       Quantity::voltage,
       Layout::phases,
       false},
  };
  for (const Row& row : rows) {
    const MeterShape shape(row.phases, row.polled);
    EXPECT_EQ(shape.layout(row.quantity), row.layout) << row.sentence;
    EXPECT_EQ(shape.is_derived(row.quantity), row.derived) << row.sentence;
  }
}

TEST(MeterShape, TakesImportBeforeTheSumOfImportAndExport) {
  EXPECT_EQ(MeterShape(Phases::one, kSdm120).import_counter(), Measurand::energy_active_import_total);
  EXPECT_EQ(MeterShape(Phases::one, Measurands{Measurand::energy_active_total}).import_counter(),
            Measurand::energy_active_total);
  EXPECT_FALSE(MeterShape(Phases::one, Measurands{Measurand::voltage_l1}).import_counter());
  EXPECT_EQ(MeterShape(Phases::one, kSdm120).export_counter(), Measurand::energy_active_export_total);
  EXPECT_FALSE(MeterShape(Phases::one, kPzem).export_counter());
}

TEST(MeterShape, IgnoresRegistersWithoutMeaning) {
  const MeterShape shape(Phases::three, Measurands{Measurand::other});
  EXPECT_FALSE(shape.is_polled(Measurand::other));
  EXPECT_EQ(shape.layout(Quantity::power), Layout::absent);
}

}  // namespace
}  // namespace meterseal::mqtt
