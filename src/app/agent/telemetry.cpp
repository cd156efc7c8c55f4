#include "app/agent/telemetry.hpp"

#include <algorithm>

namespace meterseal::app {

Telemetry::Telemetry(std::vector<MeterReader*> meters, const Stamper& stamper, const Calendar& calendar)
    : meters_(std::move(meters)), stamper_(stamper), calendar_(calendar), memory_(outbox::kMaxBody) {}

Result<outbox::Record> Telemetry::record(Instant now) {
  std::optional<Instant> newest;
  for (const MeterReader* meter : meters_) {
    if (const auto at = meter->newest(now)) newest = std::max(newest.value_or(*at), *at);
  }
  return write(now, Period::since_last_record).map([&](std::string body) {
    outbox::Record record;
    record.stamp = stamper_.of(newest.value_or(now));
    record.body = std::move(body);
    return record;
  });
}

Result<std::string> Telemetry::body(Instant now) {
  return write(now, Period::none);
}

std::string Telemetry::shape() const {
  std::string names;
  for (const MeterReader* meter : meters_) {
    if (meter->was_read()) names += meter->plan().key + '\n';
  }
  return names;
}

Result<std::string> Telemetry::write(Instant now, Period period) {
  std::vector<mqtt::MeterTelemetry> shown;
  shown.reserve(meters_.size());
  for (MeterReader* meter : meters_) {
    if (!meter->was_read()) continue;
    std::optional<mqtt::PeriodEnergy> energy;
    if (period == Period::since_last_record) energy = meter->next_period(now);
    shown.push_back(meter->telemetry(now));
    shown.back().period = energy;
  }
  return mqtt::write_energy_body(memory_, shown, calendar_).map([](std::string_view body) {
    return std::string(body);
  });
}

}  // namespace meterseal::app
