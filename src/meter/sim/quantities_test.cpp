#include "meter/sim/quantities.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/profiles.hpp"

namespace meterseal::meter::sim {
namespace {

/// P and Q of a captured SDM630 block; everything else must follow from them as that meter showed it.
Quantities captured() {
  Quantities q;
  q.load.phases = {PhaseLoad{221.9174, 754.7542, -8.0867}, PhaseLoad{230.1686, 1183.5105, -24.0816},
                   PhaseLoad{233.3607, 1141.6465, -71.3695}};
  q.load.hertz = 50.0214;
  q.counters = {Counters{100, 10, 20, 2, 120, 500}, Counters{200, 0, 30, 3, 240, 900},
                Counters{300, 5, 40, 4, 360, 1300}};
  q.at_start = {Counters{90, 10, 0, 0, 0, 0}, Counters{200, 0, 0, 0, 0, 0}, Counters{300, 0, 0, 0, 0, 0}};
  q.serial_number = 23039087;
  q.meter_code = 0x89;
  return q;
}

TEST(Quantities, FollowFromEachOtherAsInACapturedMeter) {
  const Quantities q = captured();
  const struct {
    const char* name;
    double value;
    double tolerance;
  } rows[] = {
      {"voltage_l2", 230.1686, 1e-9},
      {"current_l2", 5.1485, 0.01},
      {"power_active_total", 3079.9112, 1e-6},
      {"power_reactive_total", -103.5378, 1e-6},
      {"power_apparent_total", 3082.4287, 0.01},
      {"power_factor_total", 0.9994, 0.0001},
      {"power_factor_total_inverted", -0.9994, 0.0001},
      {"power_factor_l3", 0.9981, 0.0001},
      {"phase_angle_total", -1.9254, 0.001},
      {"frequency", 50.0214, 1e-9},
      {"voltage_ln_avg", 228.4822, 0.001},
      {"current_sum", 13.43, 0.03},
      {"current_avg", 4.477, 0.01},
      {"voltage_l1_l2", 391.52, 0.1},
      {"power_active_import_total", 3079.9112, 1e-6},
      {"power_active_export_total", 0, 0},
  };
  for (const auto& row : rows) EXPECT_NEAR(value_of(row.name, q), row.value, row.tolerance) << row.name;
}

TEST(Quantities, CountersAddUp) {
  const Quantities q = captured();
  const std::pair<const char*, double> rows[] = {
      {"energy_active_import_total", 600},  {"energy_active_export_total", 15},
      {"energy_active_total", 615},         {"energy_active_net", 585},
      {"energy_active_import_l2", 200},     {"energy_active_total_l1", 110},
      {"energy_reactive_import_total", 90}, {"energy_reactive_total", 99},
      {"energy_apparent_total", 720},       {"energy_active_import_resettable", 10},
      {"energy_active_import_partial", 10}, {"energy_active_import_t1", 600},
      {"energy_active_import_t2", 0},       {"energy_reactive_q1_total", 90},
      {"energy_reactive_q2_total", 0},      {"charge_total", 2700},
  };
  for (const auto& [name, value] : rows) EXPECT_NEAR(value_of(name, q), value, 1e-9) << name;
}

TEST(Quantities, TheNeutralCarriesOnlyWhatIsUnbalanced) {
  Quantities q;
  q.load.phases = {PhaseLoad{230, 1000, 0}, PhaseLoad{230, 1000, 0}, PhaseLoad{230, 1000, 0}};
  EXPECT_NEAR(value_of("current_neutral", q), 0, 1e-9);
  q.load.phases[1].watts = 0;
  q.load.phases[2].watts = 0;
  EXPECT_NEAR(value_of("current_neutral", q), 1000 / 230.0, 1e-9);
}

TEST(Quantities, IdentityAndWhatIsNotThere) {
  const Quantities q = captured();
  EXPECT_EQ(value_of("serial_number", q), 23039087);
  EXPECT_EQ(value_of("meter_code", q), 0x89);
  EXPECT_EQ(value_of("ct_ratio", q), 1);
  EXPECT_EQ(value_of("vt_ratio", q), 1);
  EXPECT_EQ(value_of("energy_unit_prefix", q), 0);
  EXPECT_EQ(value_of("phase_sequence", q), 0);
  EXPECT_EQ(value_of("alarm_status", q), 0);
}

TEST(Quantities, ADeadMeterDividesByNothing) {
  const Quantities nothing;
  for (const Profile& profile : test::default_profiles()) {
    for (const Register& entry : profile.registers) {
      EXPECT_TRUE(std::isfinite(value_of(entry.name, nothing))) << entry.name.view();
    }
  }
}

TEST(Quantities, AreEncodedInTheTypeOfTheRegister) {
  using W = std::vector<std::uint16_t>;
  const auto encoded = [](const char* model, const char* name, double value) {
    const Profile& profile = test::default_profile(model);
    return encode(profile.registers[test::register_index(profile, name)], value);
  };
  EXPECT_EQ(encoded("SDM630", "voltage_l1", 230.2F), (W{0x4366, 0x3333}));
  EXPECT_EQ(encoded("SDM120", "serial_number", 23039087), (W{0x015F, 0x8C6F}));
  EXPECT_EQ(encoded("ABB-B23", "energy_active_import_total", 12345.67), (W{0, 0, 0x0012, 0xD687}));
  EXPECT_EQ(encoded("ABB-B23", "power_active_total", -25), (W{0xFFFF, 0xF63C}));
  EXPECT_EQ(encoded("EM340", "power_active_total", -1234.4), (W{0xCFC8, 0xFFFF}));
  EXPECT_EQ(encoded("PZEM-016", "power_active_total", -24.4), (W{0x00F4, 0})) << "it knows no direction";
  EXPECT_EQ(encoded("PRO380", "power_active_total", 1234), (W{0x3F9D, 0xF3B6}));
  EXPECT_EQ(encoded("OR-WE-514", "voltage_l1", 999), (W{0xFFFF})) << "the end of the range, not its beginning";
  EXPECT_EQ(encoded("OR-WE-514", "energy_active_total", 42'949'672.96 + 0.05), (W{0, 5})) << "a counter begins again";
  EXPECT_EQ(encoded("EM340", "power_factor_l1", -99), (W{0x8000}));
  EXPECT_EQ(encoded("EM340", "serial_number", 20000001), (W{0x3230, 0x3030, 0x3030, 0x3031, 0, 0, 0}));
}

}  // namespace
}  // namespace meterseal::meter::sim
