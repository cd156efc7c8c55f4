#pragma once

// Makes profiles from CSV texts: one kind of file holds models and their limits, the other their registers; the header
// tells them apart, and models may be spread over several files. Every field of every row is checked, because a wrong
// register is a wrong reading for years. Format and columns: docs/formats/profiles.md
//
// Bounded: kMaxText bytes per text, kMaxModels, kMaxRegisters per model.
// Thread: function, any. The texts are not needed afterwards.
// Errors (class refuse), `where` is file:line: meter::csv_malformed, profile_row_invalid, profile_model_unknown,
// profile_duplicate, profile_too_large. The first error ends the loading: a half-known set of meters is none.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "meter/profile.hpp"

namespace meterseal::meter {

struct ProfileText {
  std::string_view file;  ///< for error messages
  std::string_view text;
};

inline constexpr std::size_t kMaxText = std::size_t{1024} * 1024;
inline constexpr std::size_t kMaxModels = 128;
inline constexpr std::size_t kMaxRegisters = 512;

/// @return profiles in the order of the models files
[[nodiscard]] Result<std::vector<Profile>> load_profiles(std::span<const ProfileText> texts);

}  // namespace meterseal::meter
