#pragma once

// The folder profiles/ as it was when this program was built: compiled in, so that a meter can be read without any
// file on the disk. A user's own texts are appended to these and given to load_profiles() together.
// Thread: constants.

#include <span>

#include "meter/profile_csv.hpp"

namespace meterseal::meter {

[[nodiscard]] std::span<const ProfileText> default_profile_texts();

}  // namespace meterseal::meter
