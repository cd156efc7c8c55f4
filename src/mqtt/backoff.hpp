#pragma once

// When to try a broker again. Two schedules, both doubling: one for a world that was not ready (1 s ... 1 minute), a
// slow one for what a person must act upon and for refused trust (30 s ... 5 minutes). Each pause is drawn from the
// upper half of its step with a generator of this device's own seed, so that a fleet does not come back in step.
// Thread: value, any (pure).

#include <cstdint>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::mqtt {

class Backoff {
 public:
  /// @param seed  differs per device
  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  /// The pause after one more failure of this class.
  [[nodiscard]] milliseconds next(ErrorClass failure);
  /// A connection has held long enough to call it good.
  void reset() { failures_ = slow_failures_ = 0; }

  static constexpr milliseconds kFirst{1'000};
  static constexpr milliseconds kLast{60'000};
  static constexpr milliseconds kSlowFirst{30'000};
  static constexpr milliseconds kSlowLast{300'000};
  /// A connection shorter than this resets nothing: a broker that takes us and throws us out at once (two devices with
  /// one client identifier) would otherwise be called every second.
  static constexpr seconds kGoodConnection{30};

 private:
  [[nodiscard]] milliseconds jittered(milliseconds step);

  std::uint64_t random_;
  unsigned failures_ = 0;
  unsigned slow_failures_ = 0;
};

}  // namespace meterseal::mqtt
