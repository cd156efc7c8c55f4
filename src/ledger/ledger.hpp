#pragma once

// The energy book of one meter: turns a counter that may roll over, be reset or be replaced into Total, Today,
// Yesterday and export that never jump for a wrong reason. Pure: time comes with the reading, the day boundary from the
// Calendar.
//
// Rules (why: docs/formats/ledger.md): raw counters are kept with their time, never only differences; a fall is held
// until it is confirmed; a day is closed at local midnight by interpolation between the readings around it; a gap is
// distributed over its days and those are marked estimated; no day is closed while the wall clock is unknown and none
// twice when it steps back.
//
// Units: mWh. Thread: value, loop thread. Persistence: encode()/decode(), kept through outbox::Store under
// "ledger/<meter name>" in the same transaction as the telemetry record made from it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/inline_vector.hpp"
#include "core/result.hpp"
#include "core/text.hpp"
#include "core/time.hpp"
#include "ledger/book.hpp"

namespace meterseal::ledger {

struct MilliWattHours {
  std::int64_t value = 0;
  friend auto operator<=>(const MilliWattHours&, const MilliWattHours&) = default;
};

/// One look at the meter's counters.
struct CounterReading {
  Stamp stamp;
  MilliWattHours import;
  std::optional<MilliWattHours> exported;  ///< nullopt: the meter has no export counter
  MilliWattHours resolution{1};            ///< one step of the register at this value (float spacing, or its scale)
};

/// What the meter says about itself, for telling a replacement from a reset. Empty: it cannot say.
struct MeterIdentity {
  Text<32> serial;
};

struct Limits {
  std::int64_t max_power_mw = 0;  ///< of meter and connection, both directions; bounds a plausible rise; 0: no bound
  std::optional<MilliWattHours> rollover_at;  ///< the counter's range, where known
};

struct Totals {
  MilliWattHours total;  ///< continues over rollover, reset and replacement
  MilliWattHours today;
  MilliWattHours yesterday;
  std::optional<MilliWattHours> exported;
  std::optional<MilliWattHours> exported_today;
  std::optional<UtcTime> since;  ///< when this book was opened; nullopt while the clock has never been known
  bool today_estimated = false;
  bool yesterday_estimated = false;
};

enum class EventKind : std::uint8_t {
  opened,
  day_closed,
  held,
  discarded,
  float_artefact,
  rollover,
  reset,
  replaced,
  implausible_rise,
  clock_stepped_back,
};
struct Event {
  EventKind kind;
  Text<160> text;  ///< for the log: both values, both times
};
using Events = InlineVector<Event, 8>;

/// What a person may set: the meter's own counters stay what they are.
enum class Correction : std::uint8_t {
  total,
  today,
  yesterday
};

class Ledger {
 public:
  Ledger(Limits limits, const Calendar& calendar);  ///< calendar must outlive the ledger

  [[nodiscard]] Events book(const CounterReading& reading, const MeterIdentity& identity);
  /// Called about once a second: closes a day when no reading comes.
  [[nodiscard]] Events tick(const Stamp& now);

  /// From here on the book says this, and counts on from it.
  /// @return false: there is no book, or no day, or Today would be more than Total
  [[nodiscard]] bool correct(Correction what, MilliWattHours energy);

  [[nodiscard]] std::optional<Totals> totals() const;  ///< nullopt before the first booked reading

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<Ledger> decode(std::string_view text, Limits limits, const Calendar& calendar);

 private:
  [[nodiscard]] bool continues(const Book& book, const CounterReading& reading, const MeterIdentity& identity) const;
  void open(const CounterReading& reading, const MeterIdentity& identity, Events& events);
  void hold(Book& book, const CounterReading& reading, const MeterIdentity& identity, Events& events);
  void settle(Book& book, const Candidate& candidate, Events& events) const;
  void settle_counter(Counter& counter, std::int64_t first, std::int64_t step, std::string_view name,
                      std::optional<std::int64_t> most, Events& events) const;
  void accept(Book& book, const CounterReading& reading, const MeterIdentity& identity, Events& events) const;
  void date(Book& book, const Stamp& stamp, UtcTime utc, Events& events) const;
  [[nodiscard]] Days& turn_days(Book& book, const Line& line, Events& events) const;
  void close_days(Book& book, Days& days, const Line& line, CivilDate today, Events& events) const;

  Limits limits_;  // constant after construction
  const Calendar* calendar_;
  std::optional<Book> book_;  // loop thread only
};

}  // namespace meterseal::ledger
