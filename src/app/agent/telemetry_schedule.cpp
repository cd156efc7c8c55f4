#include "app/agent/telemetry_schedule.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::app {

void TelemetrySchedule::first_answer(Instant now) {
  if (!std::exchange(has_answer_, true)) hurry(now + kPatience);
}

void TelemetrySchedule::all_meters_read(Instant now) {
  has_answer_ = true;
  if (!std::exchange(is_settled_, true)) hurry(now);
}

void TelemetrySchedule::hurry(Instant at) {
  if (period_ == seconds{0}) return;
  due_ = std::min(due_.value_or(at), at);
}

void TelemetrySchedule::set_period(seconds period, Instant now) {
  period_ = period;
  due_.reset();
  if (period > seconds{0}) due_ = now + period;
}

void TelemetrySchedule::ask(Instant now) {
  const Instant soon = std::max(now + kSoon, was_done_ ? *was_done_ + kBetween : now);
  due_ = std::min(due_.value_or(soon), soon);
}

void TelemetrySchedule::done(Instant now) {
  was_done_ = now;
  if (!due_) return;
  const Instant was_due = *due_;
  due_.reset();
  if (period_ == seconds{0}) return;
  due_ = was_due + period_;
  if (*due_ <= now) due_ = now + period_;  // the loop was held up, or the machine slept
}

}  // namespace meterseal::app
