#pragma once

// What a register can mean to the rest of the program. Registers that mean something else (THD, demand, ...) are still
// decoded and published under their profile name when asked for; they are Measurand::other.
//
// A value is always a whole number of thousandths of its unit, so that no float leaves meter/decode:
//   mV mA mW mvar mVA mHz mdeg, permille for power factors, mWh mvarh mVAh for energies (a kWh is 1'000'000 mWh).
// Sign: positive active power is import (consumption), negative is export. Export energy is a positive growing counter.
// Thread: constants.

#include <cstdint>
#include <optional>
#include <string_view>

namespace meterseal::meter {

enum class Measurand : std::uint8_t {
  voltage_l1,
  voltage_l2,
  voltage_l3,
  voltage_l1_l2,
  voltage_l2_l3,
  voltage_l3_l1,
  current_l1,
  current_l2,
  current_l3,
  current_neutral,
  power_active_l1,
  power_active_l2,
  power_active_l3,
  power_active_total,
  power_active_import_total,
  power_active_export_total,
  power_apparent_l1,
  power_apparent_l2,
  power_apparent_l3,
  power_apparent_total,
  power_reactive_l1,
  power_reactive_l2,
  power_reactive_l3,
  power_reactive_total,
  power_factor_l1,
  power_factor_l2,
  power_factor_l3,
  power_factor_total,
  phase_angle_l1,
  phase_angle_l2,
  phase_angle_l3,
  phase_angle_total,
  frequency,
  energy_active_import_total,
  energy_active_import_l1,
  energy_active_import_l2,
  energy_active_import_l3,
  energy_active_export_total,
  energy_active_export_l1,
  energy_active_export_l2,
  energy_active_export_l3,
  energy_active_total,  ///< import + export on most meters: not consumption where an import counter exists
  energy_reactive_import_total,
  energy_reactive_export_total,
  energy_apparent_total,
  other,
};
inline constexpr std::size_t kMeasurands = static_cast<std::size_t>(Measurand::other);

/// The profile name ("voltage_l1"); empty for other.
[[nodiscard]] std::string_view name_of(Measurand what);
[[nodiscard]] Measurand measurand_of(std::string_view profile_name);  ///< other when unknown

/// Unit as written in a profile. The thousandth of it is what a Value counts.
enum class Unit : std::uint8_t {
  none,
  volt,
  ampere,
  watt,
  var,
  volt_ampere,
  hertz,
  degree,
  percent,
  kilowatt_hour,
  kilovar_hour,
  kilovolt_ampere_hour,
  ampere_hour,
  second,
  minute,
  hour,
  millisecond,
  other,
};

}  // namespace meterseal::meter
