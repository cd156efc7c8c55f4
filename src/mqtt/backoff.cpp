#include "mqtt/backoff.hpp"

#include <algorithm>

namespace meterseal::mqtt {

namespace {

milliseconds doubled(milliseconds first, milliseconds last, unsigned times) {
  milliseconds step = first;
  for (unsigned i = 0; i < times && step < last; ++i) step *= 2;
  return std::min(step, last);
}

/// @source Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), SplitMix64
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace

milliseconds Backoff::next(ErrorClass failure, Reach reach) {
  const bool slow = failure != ErrorClass::retry;
  unsigned& count = slow ? slow_failures_ : failures_;
  const milliseconds last = slow ? kSlowLast : reach == Reach::nobody ? kLastUnanswered : kLast;
  const milliseconds step = doubled(slow ? kSlowFirst : kFirst, last, count);
  count = std::min(count + 1, 16U);
  return jittered(step);
}

milliseconds Backoff::jittered(milliseconds step) {
  const auto half = static_cast<std::uint64_t>(step.count() / 2);
  return milliseconds(static_cast<std::int64_t>(half + next_random(random_) % (half + 1)));
}

}  // namespace meterseal::mqtt
