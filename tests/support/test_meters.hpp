#pragma once

// Meters for telemetry tests: which measurands the profiles of real models give, and values set by hand.

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "mqtt/energy_payload.hpp"
#include "support/fakes.hpp"

namespace meterseal::test {

using meter::Measurand;
using Measurands = std::vector<Measurand>;

inline Measurands joined(std::initializer_list<Measurands> parts) {
  Measurands all;
  for (const Measurands& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// What three phases of one quantity are called.
inline const Measurands kVoltages{Measurand::voltage_l1, Measurand::voltage_l2, Measurand::voltage_l3};
inline const Measurands kCurrents{Measurand::current_l1, Measurand::current_l2, Measurand::current_l3};
inline const Measurands kPowers{Measurand::power_active_l1, Measurand::power_active_l2, Measurand::power_active_l3};
inline const Measurands kApparents{Measurand::power_apparent_l1, Measurand::power_apparent_l2,
                                   Measurand::power_apparent_l3};
inline const Measurands kReactives{Measurand::power_reactive_l1, Measurand::power_reactive_l2,
                                   Measurand::power_reactive_l3};
inline const Measurands kFactors{Measurand::power_factor_l1, Measurand::power_factor_l2, Measurand::power_factor_l3};
inline const Measurands kImports{Measurand::energy_active_import_l1, Measurand::energy_active_import_l2,
                                 Measurand::energy_active_import_l3};
inline const Measurands kExports{Measurand::energy_active_export_l1, Measurand::energy_active_export_l2,
                                 Measurand::energy_active_export_l3};

inline const Measurands kSdm120{Measurand::voltage_l1,
                                Measurand::current_l1,
                                Measurand::power_active_total,
                                Measurand::power_apparent_total,
                                Measurand::power_reactive_total,
                                Measurand::power_factor_total,
                                Measurand::phase_angle_total,
                                Measurand::frequency,
                                Measurand::energy_active_total,
                                Measurand::energy_active_import_total,
                                Measurand::energy_active_export_total,
                                Measurand::energy_reactive_import_total,
                                Measurand::energy_reactive_export_total};
inline const Measurands kSdm630 =
    joined({kVoltages,
            kCurrents,
            kPowers,
            kApparents,
            kReactives,
            kFactors,
            kImports,
            kExports,
            {Measurand::power_active_total, Measurand::frequency, Measurand::energy_active_total,
             Measurand::energy_active_import_total, Measurand::energy_active_export_total}});
/// Three phases, but only their sum.
inline const Measurands kSdm72{Measurand::power_active_total, Measurand::energy_active_import_total,
                               Measurand::energy_active_export_total, Measurand::energy_active_total};
/// Measures neither apparent nor reactive power, and no export.
inline const Measurands kPzem{Measurand::voltage_l1,         Measurand::current_l1,
                              Measurand::power_active_total, Measurand::power_factor_total,
                              Measurand::frequency,          Measurand::energy_active_import_total};
/// Apparent and reactive power as sums only, no factor.
inline const Measurands kIem3155 =
    joined({kVoltages,
            kCurrents,
            kPowers,
            kImports,
            {Measurand::power_active_total, Measurand::power_apparent_total, Measurand::power_reactive_total,
             Measurand::frequency, Measurand::energy_active_import_total, Measurand::energy_active_export_total}});

/// One meter whose values were all read at the same moment, unless set() says otherwise.
class TestMeter {
 public:
  TestMeter(mqtt::Phases phases, const Measurands& polled, std::string key = std::string(mqtt::kPrimaryKey))
      : key_(std::move(key)), shape_(phases, polled) {}

  TestMeter& set(Measurand what, std::int64_t milli, Instant at = Instant(seconds{100})) {
    const std::array value{meter::Value{0, what, milli}};
    values_.take({0, at, value});
    return *this;
  }
  TestMeter& set(const Measurands& phases, std::array<std::int64_t, 3> milli) {
    for (std::size_t i = 0; i < 3; ++i) set(phases[i], milli[i]);
    return *this;
  }
  TestMeter& lose(Measurand what) {
    const std::array value{meter::Value{0, what, std::nullopt}};
    values_.take({0, Instant(seconds{100}), value});
    return *this;
  }

  [[nodiscard]] mqtt::MeterTelemetry telemetry() const {
    return {key_, shape_, values_, oldest, totals, period, registers};
  }
  [[nodiscard]] const mqtt::MeterShape& shape() const { return shape_; }

  Instant oldest{seconds{100}};
  std::optional<ledger::Totals> totals;
  std::optional<mqtt::PeriodEnergy> period;
  std::vector<mqtt::RegisterValue> registers;

 private:
  std::string key_;
  mqtt::MeterShape shape_;
  meter::LatestValues values_;
};

inline ledger::MilliWattHours kwh_milli(std::int64_t value) {
  return ledger::MilliWattHours{value * 1000};
}

/// 2026-01-01T00:00:00Z
inline constexpr UtcTime kNewYear{milliseconds{1'767'225'600'000}};

/// The book of sdm120().
inline ledger::Totals sdm120_book() {
  return {kwh_milli(412'317), kwh_milli(3207), kwh_milli(8412), kwh_milli(0), kwh_milli(0), kNewYear, false, false};
}

/// The SDM120 of Tasmota's documentation: 231 W at 233 V.
inline TestMeter sdm120(std::string key = std::string(mqtt::kPrimaryKey)) {
  TestMeter meter(mqtt::Phases::one, kSdm120, std::move(key));
  meter.set(Measurand::voltage_l1, 233'100)
      .set(Measurand::current_l1, 1030)
      .set(Measurand::power_active_total, 231'400);
  meter.set(Measurand::power_apparent_total, 240'100).set(Measurand::power_reactive_total, 65'000);
  meter.set(Measurand::power_factor_total, 964).set(Measurand::frequency, 50'020);
  meter.set(Measurand::phase_angle_total, 15'700).set(Measurand::energy_active_import_total, 412'317'000);
  meter.set(Measurand::energy_active_export_total, 0).set(Measurand::energy_reactive_import_total, 41'002'000);
  meter.set(Measurand::energy_reactive_export_total, 12'345'000);
  meter.totals = sdm120_book();
  return meter;
}

inline std::string body_of(std::span<const mqtt::MeterTelemetry> meters, const mqtt::Resolutions& resolutions = {}) {
  std::vector<char> memory(65'536);
  const FixedCalendar calendar;
  return std::string(mqtt::write_energy_body(memory, meters, calendar, resolutions).value());
}
inline std::string body_of(const TestMeter& meter, const mqtt::Resolutions& resolutions = {}) {
  const std::array meters{meter.telemetry()};
  return body_of(meters, resolutions);
}

}  // namespace meterseal::test
