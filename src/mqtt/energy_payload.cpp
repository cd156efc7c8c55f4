#include "mqtt/energy_payload.hpp"

#include <utility>

#include "mqtt/errors.hpp"
#include "mqtt/live_values.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::mqtt {

namespace {

using ledger::MilliWattHours;
using meter::Measurand;

constexpr unsigned kMilli = 3;           // values count thousandths
constexpr unsigned kMilliOfKilo = 6;     // mWh, shown in kWh
constexpr unsigned kFactorDecimals = 2;  // @source Tasmota 15.2: fixed, no setting
constexpr unsigned kRegisterDecimals = 3;

/// Writes the keys of one meter's object in their order.
class MeterWriter {
 public:
  MeterWriter(JsonWriter& json, const MeterTelemetry& meter, const Calendar& calendar, const Resolutions& resolutions)
      : json_(json), meter_(meter), live_(meter), calendar_(calendar), resolutions_(resolutions) {}

  void write() {
    json_.key(meter_.key).open_object();
    write_book();
    write_period();
    write_instantaneous();
    write_extras();
    write_registers();
    json_.close_object();
  }

 private:
  void number(const std::optional<std::int64_t>& value, unsigned scale, unsigned decimals) {
    if (value) {
      json_.fixed(*value, scale, decimals);
    } else {
      json_.null();
    }
  }

  void energy(std::string_view key, const std::optional<std::int64_t>& mwh) {
    json_.key(key);
    number(mwh, kMilliOfKilo, resolutions_.energy);
  }

  /// A number or an array as the shape says; no key where the meter does not give the quantity.
  void quantity(std::string_view key, Quantity quantity, unsigned scale, unsigned decimals) {
    switch (meter_.shape.layout(quantity)) {
      case Layout::absent: return;
      case Layout::number:
        json_.key(key);
        number(live_.of(quantity, Slot::whole), scale, decimals);
        return;
      case Layout::phases:
        json_.key(key).open_array();
        for (const Slot slot : kPhaseSlots) number(live_.of(quantity, slot), scale, decimals);
        json_.close_array();
        return;
    }
  }

  void polled(std::string_view key, Measurand what, unsigned scale, unsigned decimals) {
    if (!meter_.shape.is_polled(what)) return;
    json_.key(key);
    number(live_.measured(what), scale, decimals);
  }

  /// An entry of the ledger that grows with `counter`: shown while that counter is being read.
  [[nodiscard]] std::optional<std::int64_t> booked(std::optional<Measurand> counter,
                                                   std::optional<MilliWattHours> entry) const {
    if (!counter || !entry || !live_.measured(*counter)) return std::nullopt;
    return entry->value;
  }

  void write_book() {
    const auto import = meter_.shape.import_counter();
    if (!import) return;
    const auto& totals = meter_.totals;
    std::optional<CivilTime> since;
    if (totals && totals->since) since = calendar_.local(*totals->since);
    json_.key("TotalStartTime");
    add_time(json_, since);
    const auto today = totals ? std::optional(totals->today) : std::nullopt;
    energy("Total", booked(import, totals ? std::optional(totals->total) : std::nullopt));
    energy("Yesterday", totals ? std::optional(totals->yesterday.value) : std::nullopt);
    energy("Today", booked(import, today));

    const auto exported = meter_.shape.export_counter();
    if (!exported) return;
    energy("TodaySumImport", booked(import, today));
    energy("TodaySumExport", booked(exported, totals ? totals->exported_today : std::nullopt));
    if (meter_.shape.layout(Quantity::export_active) == Layout::phases) {
      quantity("ExportActive", Quantity::export_active, kMilliOfKilo, resolutions_.energy);
    } else {
      energy("ExportActive", booked(exported, totals ? totals->exported : std::nullopt));
    }
  }

  void write_period() {
    if (!meter_.period || !meter_.shape.import_counter()) return;
    json_.key("Period");
    const auto add = [this](const std::optional<MilliWattHours>& energy) {
      number(energy ? std::optional(energy->value) : std::nullopt, kMilli, resolutions_.watt);
    };
    if (meter_.shape.layout(Quantity::import_active) != Layout::phases) {
      add(meter_.period->whole);
      return;
    }
    json_.open_array();
    for (const auto& phase : meter_.period->phases) add(phase);
    json_.close_array();
  }

  void write_instantaneous() {
    quantity("Power", Quantity::power, kMilli, resolutions_.watt);
    quantity("ApparentPower", Quantity::apparent_power, kMilli, resolutions_.watt);
    quantity("ReactivePower", Quantity::reactive_power, kMilli, resolutions_.watt);
    quantity("Factor", Quantity::factor, kMilli, kFactorDecimals);
    polled("Frequency", Measurand::frequency, kMilli, resolutions_.freq);
    quantity("Voltage", Quantity::voltage, kMilli, resolutions_.volt);
    quantity("Current", Quantity::current, kMilli, resolutions_.amp);
  }

  void write_extras() {
    quantity("ImportActive", Quantity::import_active, kMilliOfKilo, resolutions_.energy);
    polled("ImportReactive", Measurand::energy_reactive_import_total, kMilliOfKilo, resolutions_.energy);
    polled("ExportReactive", Measurand::energy_reactive_export_total, kMilliOfKilo, resolutions_.energy);
    quantity("PhaseAngle", Quantity::phase_angle, kMilli, kFactorDecimals);
  }

  void write_registers() {
    if (meter_.registers.empty()) return;
    json_.key("REGISTERS").open_object();
    for (const RegisterValue& entry : meter_.registers) {
      json_.key(entry.name);
      number(entry.value, entry.scale, kRegisterDecimals);
    }
    json_.close_object();
  }

  JsonWriter& json_;
  const MeterTelemetry& meter_;
  LiveValues live_;
  const Calendar& calendar_;
  const Resolutions& resolutions_;
};

/// The rise since `last`, which becomes `now`. A counter that is not being read keeps its place: the next period
/// covers both.
std::optional<MilliWattHours> advance(std::optional<std::int64_t>& last, const std::optional<std::int64_t>& now) {
  if (!now) return std::nullopt;
  const std::optional<std::int64_t> before = std::exchange(last, now);
  std::int64_t rise = 0;
  if (!before || __builtin_sub_overflow(*now, *before, &rise) || rise < 0) return std::nullopt;
  return MilliWattHours{rise};
}

}  // namespace

PeriodEnergy PeriodBook::next(const MeterTelemetry& meter) {
  const LiveValues live(meter);
  const auto counter = meter.shape.import_counter();
  PeriodEnergy period;
  std::optional<std::int64_t> total;
  if (counter && live.measured(*counter) && meter.totals) total = meter.totals->total.value;
  period.whole = advance(whole_mwh_, total);
  for (std::size_t i = 0; i < period.phases.size(); ++i) {
    period.phases[i] = advance(phases_mwh_[i], live.of(Quantity::import_active, kPhaseSlots[i]));
  }
  return period;
}

Result<std::string_view> write_energy_body(std::span<char> out, std::span<const MeterTelemetry> meters,
                                           const Calendar& calendar, const Resolutions& resolutions) {
  JsonWriter json(out);
  for (const MeterTelemetry& meter : meters) MeterWriter(json, meter, calendar, resolutions).write();
  if (json.truncated()) return fail(payload_too_large, "SENSOR", "the readings do not fit into one message");
  return json.view();
}

void add_sensor_object(JsonWriter& json, std::string_view body, const std::optional<CivilTime>& time,
                       TimeSource source) {
  json.open_object();
  json.key("Time");
  add_time(json, time);
  if (source == TimeSource::estimated) json.key("TimeEstimated").boolean(true);
  if (!body.empty()) json.raw(body);
  json.close_object();
}

Result<std::string_view> sensor_message(std::span<char> out, std::string_view body,
                                        const std::optional<CivilTime>& time, TimeSource source) {
  JsonWriter json(out);
  add_sensor_object(json, body, time, source);
  if (json.truncated()) return fail(payload_too_large, "SENSOR", "the readings do not fit into one message");
  return json.view();
}

}  // namespace meterseal::mqtt
