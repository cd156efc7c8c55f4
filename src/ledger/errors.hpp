#pragma once

// Error codes of the room ledger (150-199). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::ledger {

inline constexpr Code text_damaged{
    150, ErrorClass::refuse, "ledger_text_damaged",
    "restore the state directory from a backup, or accept that Total begins again at the meter's own counter"};
inline constexpr Code text_too_new{151, ErrorClass::refuse, "ledger_text_too_new",
                                   "install the newer version of meterseal again"};

}  // namespace meterseal::ledger
