#pragma once

// The text of a book (docs/formats/ledger.md): one line per fact, the version first, a check sum last. There is exactly
// one text for a book, and a text that is not that one is refused, so that no flipped bit is ever taken for energy.
// Bounded: kMaxBookText. Thread: functions, any. Errors: ledger::text_damaged, text_too_new.

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "core/text.hpp"
#include "ledger/book.hpp"

namespace meterseal::ledger {

inline constexpr std::size_t kMaxBookText = 1024;

/// @param book  nullopt: of a ledger that has not seen a reading yet
[[nodiscard]] Text<kMaxBookText> encode_book(const std::optional<Book>& book);
[[nodiscard]] Result<std::optional<Book>> decode_book(std::string_view text);

}  // namespace meterseal::ledger
