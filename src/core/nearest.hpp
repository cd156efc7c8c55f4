#pragma once

// Typing errors: which of the known words was meant. Thread: values, any. Allocates nothing.

#include <span>
#include <string_view>

namespace meterseal {

/// Longer words are nobody's typing error.
inline constexpr std::size_t kLongestWord = 64;

/// The candidate that `text` was probably meant to be, case ignored; empty: none is close. Up to a third of the letters
/// may be wrong: changed, added, left out, or two neighbours swapped.
[[nodiscard]] std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace meterseal
