#pragma once

// The compiled-in profiles, for tests. Loaded once per test program.

#include <gtest/gtest.h>

#include <string>

#include "meter/default_profiles.hpp"
#include "meter/profile.hpp"

namespace meterseal::test {

inline const std::vector<meter::Profile>& default_profiles() {
  static const auto profiles = meter::load_profiles(meter::default_profile_texts());
  if (!profiles) ADD_FAILURE() << profiles.error().where.view() << ": " << profiles.error().detail.view();
  return profiles.value();
}

inline const meter::Profile& default_profile(std::string_view model) {
  return **meter::find_profile(default_profiles(), model);
}

/// Index of a register by its profile name.
inline std::uint16_t register_index(const meter::Profile& profile, std::string_view name) {
  for (std::size_t i = 0; i < profile.registers.size(); ++i) {
    if (profile.registers[i].name == name) return static_cast<std::uint16_t>(i);
  }
  ADD_FAILURE() << profile.model.view() << " has no register " << name;
  return 0;
}

}  // namespace meterseal::test
