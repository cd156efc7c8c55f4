#pragma once

// What the ledger's events say. Thread: functions, any (pure).

#include <cstdint>
#include <string_view>

#include "core/text.hpp"
#include "core/time.hpp"
#include "ledger/book.hpp"

namespace meterseal::ledger {

using Note = Text<160>;

void add_kwh(Note& text, std::int64_t mwh);    ///< "12.345 kWh"
void add_date(Note& text, CivilDate date);     ///< "2026-11-24"
void add_moment(Note& text, const Stamp& at);  ///< "2026-11-24T16:27:14Z", or "12 s of boot 3"

/// "import fell from 27215.500 kWh to 12.250 kWh"
[[nodiscard]] Note jump_text(std::string_view counter, std::int64_t before, std::int64_t now);
/// "2026-11-24: import 12.345 kWh, export 0.000 kWh": yesterday's energy under the name of the day
[[nodiscard]] Note day_text(const Book& book, CivilDate day);

}  // namespace meterseal::ledger
