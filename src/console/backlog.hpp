#pragma once

// Commands that wait for their turn: `Backlog TelePeriod 10; Delay 600; TelePeriod 300`. They run one after the other
// at once up to a Delay, and the rest after it, on the loop's timer.
//
// Bounds: kMaxEntries; a Backlog that does not fit is refused as a whole. Restart and the end of the connection that
// brought them drop what waits. Value; thread: loop thread. Errors: bad_argument.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/caller.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::console {

/// `a; b {c;d}; e` in three. Blank entries are left out, as are those that follow the first `most`.
[[nodiscard]] std::vector<std::string_view> split_backlog(std::string_view lines, std::size_t most);

class Backlog {
 public:
  static constexpr std::size_t kMaxEntries = 30;

  struct Entry {
    std::string line;
    Caller caller;
  };

  /// @return bad_argument: there is no room for all of them
  [[nodiscard]] Result<void> add(std::string_view lines, const Caller& caller);
  /// @return how many there were
  std::size_t clear();
  /// The next one that may run now.
  [[nodiscard]] std::optional<Entry> take(Instant now);
  void pause(milliseconds pause, Instant now) { open_ = now + pause; }

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// When the next one runs; nullopt: none waits.
  [[nodiscard]] std::optional<Instant> due() const {
    return empty() ? std::nullopt : std::optional(open_.value_or(Instant()));
  }
  [[nodiscard]] milliseconds left(Instant now) const;

 private:
  std::deque<Entry> entries_;
  std::optional<Instant> open_;  ///< of a Delay: not before this
};

}  // namespace meterseal::console
