#pragma once

// The two times of a simulated line: the monotonic one that paces the wire, and the simulated one that the meters live
// in. Thread: loop thread only.

#include <chrono>
#include <functional>
#include <utility>

#include "core/time.hpp"
#include "meter/sim/load_curve.hpp"

namespace meterseal::meter::sim::host {

[[nodiscard]] inline Instant wire_now() {
  return Instant(std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}
[[nodiscard]] inline std::chrono::steady_clock::time_point steady(Instant at) {
  return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

class SimClock {
 public:
  SimClock(SimTime start, std::uint32_t speed_up, std::function<SimTime()> given)
      : start_(start), speed_up_(speed_up), given_(std::move(given)), began_(wire_now()) {}

  [[nodiscard]] SimTime now() const {
    if (given_) return given_();
    return start_ + std::chrono::duration_cast<milliseconds>((wire_now() - began_) * speed_up_);
  }

 private:
  SimTime start_;  // constant after construction
  std::uint32_t speed_up_;
  std::function<SimTime()> given_;
  Instant began_;
};

}  // namespace meterseal::meter::sim::host
