#include "app/agent/telemetry_schedule.hpp"

#include <algorithm>

namespace meterseal::app {

void TelemetrySchedule::hurry(Instant at) {
  if (has_begun_ || period_ == seconds{0}) return;
  due_ = std::min(due_.value_or(at), at);
}

void TelemetrySchedule::set_period(seconds period, Instant now) {
  period_ = period;
  due_.reset();
  if (period > seconds{0}) due_ = now + period;
}

void TelemetrySchedule::ask(Instant now) {
  const Instant soon = now + kSoon;
  due_ = std::min(due_.value_or(soon), soon);
}

void TelemetrySchedule::done(Instant now) {
  has_begun_ = true;
  if (!due_) return;
  const Instant was_due = *due_;
  due_.reset();
  if (period_ == seconds{0}) return;
  due_ = was_due + period_;
  if (*due_ <= now) due_ = now + period_;  // the loop was held up, or the machine slept
}

}  // namespace meterseal::app
