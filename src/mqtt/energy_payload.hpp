#pragma once

// The body of tele/SENSOR: `"ENERGY":{...},"sub1":{...}`, keys in Tasmota's order, without the Time, which is put in
// front when the message is sent (sensor_message), because a gateway without a clock learns it later.
//
// A value that was not read since `MeterTelemetry::oldest` is null: never zero, never the old one. Counters of the
// ledger (Total, Today, TodaySum*, ExportActive, Period) are null while their register is not being read; Yesterday and
// TotalStartTime cannot become old. Formulas of derived values: docs/telemetry.md.
//
// Writes into the caller's memory, no heap, no float. Thread: any (pure). Errors: payload_too_large.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/json_writer.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "ledger/ledger.hpp"
#include "meter/reading.hpp"
#include "mqtt/meter_shape.hpp"

namespace meterseal::mqtt {

/// Number of decimals. @source Tasmota 15.2: VoltRes 0, WattRes 0, AmpRes 3, FreqRes 0, EnergyRes 3
struct Resolutions {
  unsigned volt = 0;
  unsigned watt = 0;  ///< W, VA, VAr and Wh (Period)
  unsigned amp = 3;
  unsigned freq = 0;
  unsigned energy = 3;  ///< kWh, kVArh
};

/// Active energy since the message before, per phase where the meter counts per phase. Tasmota's Period.
struct PeriodEnergy {
  std::optional<ledger::MilliWattHours> whole;
  std::array<std::optional<ledger::MilliWattHours>, 3> phases;
};

/// A register that is published under its profile name (`read = "all"`).
struct RegisterValue {
  std::string_view name;
  std::optional<std::int64_t> value;  ///< in 10^-scale of the unit
  unsigned scale = 3;                 ///< 6 for energies, which count mWh and are shown in kWh
};

/// The key of the first meter; every further meter stands under its own name.
inline constexpr std::string_view kPrimaryKey = "ENERGY";

/// One meter at one moment. References and spans must outlive the call only.
struct MeterTelemetry {
  std::string_view key;
  const MeterShape& shape;
  const meter::LatestValues& values;
  Instant oldest;                        ///< a value read before this is not live
  std::optional<ledger::Totals> totals;  ///< nullopt: the ledger has not booked anything yet
  std::optional<PeriodEnergy> period;    ///< only in the periodic message, never in discovery or Status
  std::span<const RegisterValue> registers;
  std::optional<Instant> oldest_slow = std::nullopt;  ///< of what is read less often (MeterShape::is_slow)
};

/// Gives the Period of one meter: remembers its counters at the last periodic message. Value, loop thread.
class PeriodBook {
 public:
  /// The energy since the last call in which the counter was fresh; null at the first one and when it fell.
  PeriodEnergy next(const MeterTelemetry& meter);

 private:
  std::optional<std::int64_t> whole_mwh_;
  std::array<std::optional<std::int64_t>, 3> phases_mwh_;
};

/// @param out  64 KiB hold several meters with all their registers
/// @return the body, inside `out`
[[nodiscard]] Result<std::string_view> write_energy_body(std::span<char> out, std::span<const MeterTelemetry> meters,
                                                         const Calendar& calendar, const Resolutions& resolutions = {});

/// Where a record's time comes from.
enum class TimeSource : std::uint8_t {
  measured,
  estimated  ///< relabelled after the clock became known: `"TimeEstimated":true` follows Time
};

/// The object `{"Time":"2026-08-23T13:05:00",<body>}`. Time is null while the clock is unknown.
void add_sensor_object(JsonWriter& json, std::string_view body, const std::optional<CivilTime>& time,
                       TimeSource source);

/// That object as a message: tele/SENSOR and tele/HISTORY.
[[nodiscard]] Result<std::string_view> sensor_message(std::span<char> out, std::string_view body,
                                                      const std::optional<CivilTime>& time, TimeSource source);

}  // namespace meterseal::mqtt
