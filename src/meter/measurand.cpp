#include "meter/measurand.hpp"

#include <array>

namespace meterseal::meter {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, kMeasurands> kNames = {
    "voltage_l1",
    "voltage_l2",
    "voltage_l3",
    "voltage_l1_l2",
    "voltage_l2_l3",
    "voltage_l3_l1",
    "current_l1",
    "current_l2",
    "current_l3",
    "current_neutral",
    "power_active_l1",
    "power_active_l2",
    "power_active_l3",
    "power_active_total",
    "power_active_import_total",
    "power_active_export_total",
    "power_apparent_l1",
    "power_apparent_l2",
    "power_apparent_l3",
    "power_apparent_total",
    "power_reactive_l1",
    "power_reactive_l2",
    "power_reactive_l3",
    "power_reactive_total",
    "power_factor_l1",
    "power_factor_l2",
    "power_factor_l3",
    "power_factor_total",
    "phase_angle_l1",
    "phase_angle_l2",
    "phase_angle_l3",
    "phase_angle_total",
    "frequency",
    "energy_active_import_total",
    "energy_active_import_l1",
    "energy_active_import_l2",
    "energy_active_import_l3",
    "energy_active_export_total",
    "energy_active_export_l1",
    "energy_active_export_l2",
    "energy_active_export_l3",
    "energy_active_total",
    "energy_reactive_import_total",
    "energy_reactive_export_total",
    "energy_apparent_total",
};
static_assert(!kNames.back().empty());

}  // namespace

std::string_view name_of(Measurand what) {
  return what == Measurand::other ? std::string_view{} : kNames[static_cast<std::size_t>(what)];
}

Measurand measurand_of(std::string_view profile_name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == profile_name) return static_cast<Measurand>(i);
  }
  return Measurand::other;
}

}  // namespace meterseal::meter
