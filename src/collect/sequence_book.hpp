#pragma once

// Which sequence numbers of one device's outbox have been seen: what is new, what is doubled, what is missing. A device
// numbers its records without gaps, so that a receiver can prove completeness instead of hoping for it.
//
// Loss that the device itself declared (a tombstone: "of the numbers 40 to 90, 25 were thinned") is counted apart from
// what is missing without a word.
// Memory: at most kMaxRanges ranges; beyond, the oldest gap is counted and no longer listed, and what still comes from
// inside of it counts as seen again. Value; thread: any, one at a time.

#include <cstdint>
#include <vector>

namespace meterseal::collect {

using Sequence = std::uint64_t;

struct Range {
  Sequence first = 0;
  Sequence last = 0;  ///< inclusive

  friend bool operator==(const Range&, const Range&) = default;
};

enum class Seen : std::uint8_t {
  first_time,
  again
};

class SequenceBook {
 public:
  static constexpr std::size_t kMaxRanges = 4096;

  [[nodiscard]] Seen take(Sequence sequence);
  /// @param count  how many numbers of the range the device has dropped
  void declare_loss(Range range, std::uint64_t count);

  [[nodiscard]] std::uint64_t received() const { return received_; }  ///< distinct
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }
  [[nodiscard]] Sequence last() const { return ranges_.empty() ? 0 : ranges_.back().last; }
  /// Numbers between the first and the last one seen that were not, in order.
  [[nodiscard]] std::vector<Range> gaps() const;
  /// Of those gaps, how many numbers the device has not declared.
  [[nodiscard]] std::uint64_t missing() const;
  [[nodiscard]] std::uint64_t declared() const;  ///< numbers of the gaps that it has

 private:
  struct Declared {
    Range range;
    std::uint64_t count = 0;
  };

  [[nodiscard]] std::uint64_t absent() const;

  std::vector<Range> ranges_;  ///< seen; sorted, apart from each other by at least one number
  std::vector<Declared> declared_;
  std::uint64_t received_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t unlisted_ = 0;  ///< missing numbers whose place is forgotten
};

}  // namespace meterseal::collect
