#pragma once

// How many commands by MQTT are worth an answer: whoever may publish on the command topic could otherwise keep the
// device busy with them. A burst, then so many a second; what exceeds it is dropped without a reply.
// Value; thread: loop thread.

#include <algorithm>

#include "core/time.hpp"

namespace meterseal::app {

class CommandBudget {
 public:
  static constexpr int kBurst = 50;
  static constexpr int kPerSecond = 10;

  /// @param count  of commands in one message: all of them are taken, or none
  [[nodiscard]] bool take(Instant now, int count = 1) {
    constexpr LoopClock::duration kEach = std::chrono::duration_cast<LoopClock::duration>(seconds{1}) / kPerSecond;
    // Generic cell rate algorithm: the moment at which the bucket is full again.
    const Instant begin = std::max(full_at_, now);
    if (begin - now > kEach * (kBurst - count)) return false;
    full_at_ = begin + kEach * count;
    return true;
  }

 private:
  Instant full_at_;
};

}  // namespace meterseal::app
