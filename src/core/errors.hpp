#pragma once

// Error codes of the room core (1-99). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::core {

inline constexpr Code zone_unknown{1, ErrorClass::refuse, "core_zone_unknown",
                                   "use a name that `timedatectl list-timezones` shows, such as Europe/Berlin"};
inline constexpr Code zone_database_missing{2, ErrorClass::refuse, "core_zone_database_missing",
                                            "install the package tzdata"};

/// No descriptors, threads or memory: whatever was to be opened is not to blame.
inline constexpr Code out_of_resources{
    3, ErrorClass::retry, "core_out_of_resources",
    "nothing, it is tried again; if it stays, raise LimitNOFILE of the service or find what uses up this machine"};

}  // namespace meterseal::core
