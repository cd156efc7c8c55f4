#include "meter/profile.hpp"

#include <algorithm>

#include "core/nearest.hpp"
#include "meter/errors.hpp"

namespace meterseal::meter {
namespace {

// What telemetry shows of a meter. Energies per phase are left to `read = "all"`: on most maps they cost
// a request of their own, and the book is kept from the totals.
bool is_telemetry(Measurand what) {
  switch (what) {
    case Measurand::voltage_l1:
    case Measurand::voltage_l2:
    case Measurand::voltage_l3:
    case Measurand::current_l1:
    case Measurand::current_l2:
    case Measurand::current_l3:
    case Measurand::power_active_l1:
    case Measurand::power_active_l2:
    case Measurand::power_active_l3:
    case Measurand::power_active_total:
    case Measurand::power_apparent_l1:
    case Measurand::power_apparent_l2:
    case Measurand::power_apparent_l3:
    case Measurand::power_apparent_total:
    case Measurand::power_reactive_l1:
    case Measurand::power_reactive_l2:
    case Measurand::power_reactive_l3:
    case Measurand::power_reactive_total:
    case Measurand::power_factor_l1:
    case Measurand::power_factor_l2:
    case Measurand::power_factor_l3:
    case Measurand::power_factor_total:
    case Measurand::phase_angle_l1:
    case Measurand::phase_angle_l2:
    case Measurand::phase_angle_l3:
    case Measurand::phase_angle_total:
    case Measurand::frequency:
    case Measurand::energy_active_import_total:
    case Measurand::energy_active_export_total:
    case Measurand::energy_reactive_import_total:
    case Measurand::energy_reactive_export_total: return true;
    case Measurand::voltage_l1_l2:
    case Measurand::voltage_l2_l3:
    case Measurand::voltage_l3_l1:
    case Measurand::current_neutral:
    case Measurand::power_active_import_total:
    case Measurand::power_active_export_total:
    case Measurand::energy_active_import_l1:
    case Measurand::energy_active_import_l2:
    case Measurand::energy_active_import_l3:
    case Measurand::energy_active_export_l1:
    case Measurand::energy_active_export_l2:
    case Measurand::energy_active_export_l3:
    case Measurand::energy_active_total:
    case Measurand::energy_apparent_total:
    case Measurand::other: return false;
  }
  return false;
}

bool is_separator(char c) {
  return c == '-' || c == '_' || c == ' ';
}

std::string_view skip_separators(std::string_view text) {
  while (!text.empty() && is_separator(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

void complete(Profile& profile) {
  auto& registers = profile.registers;
  std::sort(registers.begin(), registers.end(), [](const Register& a, const Register& b) {
    return a.table != b.table ? a.table < b.table : a.address < b.address;
  });
  for (std::size_t i = 0; i < registers.size(); ++i) {
    const Register& entry = registers[i];
    const auto index = static_cast<std::uint16_t>(i);
    if (entry.is_identity) {
      if (entry.is_polled) profile.identity.push_back(index);
      continue;
    }
    if (!entry.is_polled || entry.access != Access::read) continue;
    profile.all.push_back(index);
    if (entry.what != Measurand::other) profile.index_of_measurand[static_cast<std::size_t>(entry.what)] = index;
  }
  profile.export_counter = profile.index_of(Measurand::energy_active_export_total);
  profile.import_counter = profile.index_of(Measurand::energy_active_import_total);
  if (!profile.import_counter) profile.import_counter = profile.index_of(Measurand::energy_active_total);
  for (const std::uint16_t index : profile.all) {
    if (is_telemetry(registers[index].what) || index == profile.import_counter) profile.telemetry.push_back(index);
  }
}

bool is_same_model(std::string_view a, std::string_view b) {
  for (;;) {
    a = skip_separators(a);
    b = skip_separators(b);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (to_lower(a.front()) != to_lower(b.front())) return false;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
}

Result<const Profile*> find_profile(std::span<const Profile> profiles, std::string_view name) {
  for (const Profile& profile : profiles) {
    if (is_same_model(profile.model, name)) return &profile;
    for (const Name& alias : profile.aliases) {
      if (is_same_model(alias, name)) return &profile;
    }
  }
  std::vector<std::string_view> models;
  for (const Profile& profile : profiles) models.push_back(profile.model);
  Text<224> why("is no known meter; ");
  if (const auto meant = nearest(name, models); !meant.empty())
    return fail(profile_not_found, name, why.add("did you mean ").add(meant).add("?"));
  why.add("known:");
  constexpr std::string_view kMore = " ...";
  for (const std::string_view model : models) {
    if (why.size() + 1 + model.size() + kMore.size() > why.capacity())
      return fail(profile_not_found, name, why.add(kMore));
    why.add(" ").add(model);
  }
  return fail(profile_not_found, name, why);
}

}  // namespace meterseal::meter
