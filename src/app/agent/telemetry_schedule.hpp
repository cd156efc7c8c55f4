#pragma once

// When telemetry is due: first as soon as all meters have been read, or a second after the first of them, then once
// each period, without drift; and at once when somebody asks. Pure. Thread: value, loop thread.

#include <optional>

#include "core/time.hpp"

namespace meterseal::app {

class TelemetrySchedule {
 public:
  /// @param period  0: only when asked for
  TelemetrySchedule(Instant start, seconds period) : period_(period) {
    if (period > seconds{0}) due_ = start + period;
  }

  /// A meter has been read completely.
  void first_meter_read(Instant now) { hurry(now + kPatience); }
  /// Every meter has been read, or is known not to answer.
  void all_meters_read(Instant now) { hurry(now); }

  void set_period(seconds period, Instant now);
  /// Several requests at once are one.
  void ask(Instant now);
  void done(Instant now);

  [[nodiscard]] std::optional<Instant> due() const { return due_; }

 private:
  static constexpr milliseconds kPatience{1000};
  static constexpr milliseconds kSoon{100};

  void hurry(Instant at);

  seconds period_;
  bool has_begun_ = false;
  std::optional<Instant> due_;
};

}  // namespace meterseal::app
