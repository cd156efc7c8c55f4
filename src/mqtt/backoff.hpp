#pragma once

// When to try a broker again. All schedules double: 1 s ... 15 s where nobody answered, 1 s ... 1 minute where the
// broker did and it came to nothing, 30 s ... 5 minutes for what a person must act upon and for refused trust. An
// attempt that nobody answers costs a packet, one that is answered costs the broker a handshake: when a thousand
// devices are too many for it, those that it could not serve come back later. Each pause is drawn from the upper half
// of its step with a generator of this device's own seed, so that a fleet does not come back in step.
// Thread: value, any (pure).

#include <cstdint>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::mqtt {

/// Did anything at the broker's address answer?
enum class Reach : std::uint8_t {
  answered,
  nobody
};

class Backoff {
 public:
  /// @param seed  differs per device
  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  /// The pause after one more failure of this class.
  [[nodiscard]] milliseconds next(ErrorClass failure, Reach reach);
  /// A connection has held long enough to call it good.
  void reset() { failures_ = slow_failures_ = 0; }

  static constexpr milliseconds kFirst{1'000};
  static constexpr milliseconds kLast{60'000};
  static constexpr milliseconds kLastUnanswered{15'000};
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
