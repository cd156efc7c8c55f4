#pragma once

// Keeps a fault that comes back with every reading from filling the log: the first one is told, then at most one in an
// hour, with the number of those that were not. Thread: value, loop thread.

#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace meterseal::app {

class RepeatGuard {
 public:
  /// @return how many were kept back since the last one that was told; nullopt: keep this one back, too
  [[nodiscard]] std::optional<std::uint32_t> tell(Instant now) {
    if (told_ && now - *told_ < kInterval) {
      ++kept_back_;
      return std::nullopt;
    }
    told_ = now;
    const std::uint32_t count = kept_back_;
    kept_back_ = 0;
    return count;
  }

 private:
  static constexpr std::chrono::hours kInterval{1};

  std::optional<Instant> told_;
  std::uint32_t kept_back_ = 0;
};

}  // namespace meterseal::app
