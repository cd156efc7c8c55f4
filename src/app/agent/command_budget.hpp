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

  [[nodiscard]] bool take(Instant now) {
    constexpr LoopClock::duration kEach = std::chrono::duration_cast<LoopClock::duration>(seconds{1}) / kPerSecond;
    // Generic cell rate algorithm: the moment at which the bucket is full again.
    const Instant begin = std::max(full_at_, now);
    if (begin - now > kEach * (kBurst - 1)) return false;
    full_at_ = begin + kEach;
    return true;
  }

 private:
  Instant full_at_;
};

}  // namespace meterseal::app
