#include "meter/default_profiles.hpp"

#include <array>
#include <cstddef>

// Defined in default_profiles.S.
#define METERSEAL_EMBEDDED(name)                     \
  extern "C" const char meterseal_profiles_##name[]; \
  extern "C" const char meterseal_profiles_##name##_end[];
METERSEAL_EMBEDDED(models)
METERSEAL_EMBEDDED(eastron)
METERSEAL_EMBEDDED(peacefair)
METERSEAL_EMBEDDED(chint)
METERSEAL_EMBEDDED(abb)
METERSEAL_EMBEDDED(schneider)
METERSEAL_EMBEDDED(carlo_gavazzi)
METERSEAL_EMBEDDED(orno)
METERSEAL_EMBEDDED(inepro)
METERSEAL_EMBEDDED(janitza)
#undef METERSEAL_EMBEDDED

namespace meterseal::meter {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const ProfileText> default_profile_texts() {
#define METERSEAL_TEXT(name)                                                                      \
  ProfileText {                                                                                   \
    "profiles/" #name ".csv", between(meterseal_profiles_##name, meterseal_profiles_##name##_end) \
  }
  static const std::array texts{
      METERSEAL_TEXT(models), METERSEAL_TEXT(eastron),   METERSEAL_TEXT(peacefair),     METERSEAL_TEXT(chint),
      METERSEAL_TEXT(abb),    METERSEAL_TEXT(schneider), METERSEAL_TEXT(carlo_gavazzi), METERSEAL_TEXT(orno),
      METERSEAL_TEXT(inepro), METERSEAL_TEXT(janitza),
  };
#undef METERSEAL_TEXT
  return texts;
}

}  // namespace meterseal::meter
