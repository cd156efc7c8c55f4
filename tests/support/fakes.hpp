#pragma once

// Fakes for the interfaces of core: a clock that is set by hand and a log that collects.

#include <mutex>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "core/time.hpp"

namespace meterseal::test {

class FakeClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] std::optional<UtcTime> utc() const override { return utc_; }

  void advance(LoopClock::duration by) {
    now_ += by;
    if (utc_) *utc_ += std::chrono::duration_cast<milliseconds>(by);
  }
  void set_utc(std::optional<UtcTime> utc) { utc_ = utc; }

 private:
  Instant now_{};
  std::optional<UtcTime> utc_;
};

/// Collects lines as "level TAG: text". Any thread.
class CollectingLog : public Log {
 public:
  void write(LogLevel level, std::string_view tag, std::string_view text) override;
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] bool contains(std::string_view part) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A calendar with a fixed offset from UTC and no daylight saving.
class FixedCalendar : public Calendar {
 public:
  explicit FixedCalendar(seconds offset = seconds{0}) : offset_(offset) {}
  [[nodiscard]] CivilTime local(UtcTime time) const override;
  [[nodiscard]] UtcTime start_of(CivilDate date) const override;

 private:
  seconds offset_;
};

}  // namespace meterseal::test
