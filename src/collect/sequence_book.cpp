#include "collect/sequence_book.hpp"

#include <algorithm>

namespace meterseal::collect {

namespace {

/// How many numbers of `range` lie in the gaps.
std::uint64_t absent_in(const std::vector<Range>& gaps, Range range) {
  std::uint64_t absent = 0;
  for (const Range& gap : gaps) {
    const Sequence first = std::max(gap.first, range.first);
    const Sequence last = std::min(gap.last, range.last);
    if (first <= last) absent += last - first + 1;
  }
  return absent;
}

}  // namespace

Seen SequenceBook::take(Sequence sequence) {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), sequence,
                                      [](Sequence value, const Range& range) { return value < range.first; });
  if (after != ranges_.begin() && sequence <= std::prev(after)->last) {
    ++repeated_;
    return Seen::again;
  }
  ++received_;
  const bool joins_before = after != ranges_.begin() && std::prev(after)->last + 1 == sequence;
  const bool joins_after = after != ranges_.end() && sequence + 1 == after->first;
  if (joins_before && joins_after) {
    std::prev(after)->last = after->last;
    ranges_.erase(after);
  } else if (joins_before) {
    std::prev(after)->last = sequence;
  } else if (joins_after) {
    after->first = sequence;
  } else {
    ranges_.insert(after, {sequence, sequence});
  }
  if (ranges_.size() > kMaxRanges) {
    unlisted_ += ranges_[1].first - ranges_[0].last - 1;
    ranges_[0].last = ranges_[1].last;
    ranges_.erase(ranges_.begin() + 1);
  }
  return Seen::first_time;
}

void SequenceBook::declare_loss(Range range, std::uint64_t count) {
  if (range.first > range.last || declared_.size() == kMaxRanges) return;
  const bool known =
      std::any_of(declared_.begin(), declared_.end(), [&](const Declared& other) { return other.range == range; });
  if (!known) declared_.push_back({range, count});
}

std::vector<Range> SequenceBook::gaps() const {
  std::vector<Range> gaps;
  for (std::size_t i = 1; i < ranges_.size(); ++i) gaps.push_back({ranges_[i - 1].last + 1, ranges_[i].first - 1});
  return gaps;
}

std::uint64_t SequenceBook::absent() const {
  std::uint64_t absent = unlisted_;
  for (const Range& gap : gaps()) absent += gap.last - gap.first + 1;
  return absent;
}

std::uint64_t SequenceBook::declared() const {
  std::uint64_t declared = 0;
  const std::vector<Range> gaps = this->gaps();
  // A declaration explains at most the numbers that it named, and at most those that are absent there.
  for (const Declared& loss : declared_) declared += std::min(loss.count, absent_in(gaps, loss.range));
  return std::min(declared, absent());
}

std::uint64_t SequenceBook::missing() const {
  return absent() - declared();
}

}  // namespace meterseal::collect
