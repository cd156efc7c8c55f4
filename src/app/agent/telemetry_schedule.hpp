#pragma once

// When telemetry is due: first as soon as all meters have been read, then once each period, without drift; and at once
// when somebody asks. When one of them takes long the first message does not wait for it, so that it is published
// within a second of the first answer, and a second one follows when all have been read. Pure. Thread: value, loop
// thread.

#include <optional>

#include "core/time.hpp"

namespace meterseal::app {

class TelemetrySchedule {
 public:
  /// @param period  0: only when asked for
  TelemetrySchedule(Instant start, seconds period) : period_(period) {
    if (period > seconds{0}) due_ = start + period;
  }

  /// A meter has answered. Counts once.
  void first_answer(Instant now);
  /// Every meter has been read, or is known not to answer. Counts once.
  void all_meters_read(Instant now);
  /// Nothing that a meter does makes telemetry due any more.
  [[nodiscard]] bool is_settled() const { return is_settled_; }

  void set_period(seconds period, Instant now);
  /// Several requests at once are one.
  void ask(Instant now);
  void done(Instant now);

  [[nodiscard]] std::optional<Instant> due() const { return due_; }

 private:
  /// With the commit and the way to the broker it stays below a second.
  static constexpr milliseconds kPatience{900};
  static constexpr milliseconds kSoon{100};
  /// Between a message and one that was asked for: each is a record on the disk, and even a query asks.
  static constexpr seconds kBetween{5};

  void hurry(Instant at);

  seconds period_;
  bool has_answer_ = false;
  bool is_settled_ = false;
  std::optional<Instant> due_;
  std::optional<Instant> was_done_;
};

}  // namespace meterseal::app
