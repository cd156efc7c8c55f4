#include "core/nearest.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/text.hpp"

namespace meterseal {

namespace {

/// @source optimal string alignment (Damerau 1964, restricted)
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongestWord + 1>;
  Row before{};
  Row row{};
  Row next{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  const auto is_same = [&](std::size_t i, std::size_t k) { return to_lower(a[i]) == to_lower(b[k]); };
  for (std::size_t i = 0; i < a.size(); ++i) {
    next.at(0) = i + 1;
    for (std::size_t k = 0; k < b.size(); ++k) {
      next.at(k + 1) = std::min({row.at(k) + (is_same(i, k) ? 0 : 1), next.at(k) + 1, row.at(k + 1) + 1});
      if (i > 0 && k > 0 && is_same(i, k - 1) && is_same(i - 1, k))
        next.at(k + 1) = std::min(next.at(k + 1), before.at(k - 1) + 1);
    }
    before = row;
    row = next;
  }
  return row.at(b.size());
}

}  // namespace

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  if (text.size() > kLongestWord) return {};
  std::string_view best;
  // At least one letter is right.
  std::size_t least = std::min(std::max<std::size_t>(1, text.size() / 3) + 1, text.size());
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t edits = distance(text, candidate);
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace meterseal
