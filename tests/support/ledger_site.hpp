#pragma once

// A gateway with one meter, as the ledger sees it: two clocks that can be set apart, boots, readings in kWh.

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/host/zone_calendar.hpp"
#include "ledger/ledger.hpp"

namespace meterseal::test {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

inline ledger::MilliWattHours kwh(double value) {
  return {static_cast<std::int64_t>(std::llround(value * 1e6))};
}

inline UtcTime utc(std::int32_t year, unsigned month, unsigned day, unsigned hour = 0, unsigned minute = 0,
                   unsigned second = 0) {
  const auto byte = [](unsigned value) { return static_cast<std::uint8_t>(value); };
  return utc_from_civil_utc({{year, byte(month), byte(day)}, byte(hour), byte(minute), byte(second), 0, 0});
}

class LedgerSite {
 public:
  /// 40 kW: a house with three phases of 63 A.
  explicit LedgerSite(const char* zone, UtcTime start, ledger::Limits bounds = {40'000'000, std::nullopt})
      : limits(bounds), calendar(std::move(*host::ZoneCalendar::open(zone))), ledger(limits, *calendar), utc_(start) {}

  /// What happens between two readings.
  LedgerSite& pass(LoopClock::duration time) {
    at_ += time;
    utc_ += std::chrono::duration_cast<milliseconds>(time);
    return *this;
  }
  LedgerSite& step_clock(milliseconds by) {
    utc_ += by;
    return *this;
  }
  LedgerSite& lose_clock() {
    clock_known_ = false;
    return *this;
  }
  LedgerSite& find_clock() {
    clock_known_ = true;
    return *this;
  }
  /// The monotonic clock begins again; what the ledger knows has been written and is read back.
  LedgerSite& reboot() {
    ++boot_;
    at_ = Instant(seconds(10));
    reload();
    return *this;
  }
  void reload() {
    auto decoded = ledger::Ledger::decode(ledger.encode(), limits, *calendar);
    ASSERT_TRUE(decoded) << decoded.error().detail.view() << '\n' << ledger.encode();
    ledger = *decoded;
  }

  [[nodiscard]] Stamp now() const { return {boot_, at_, clock_known_ ? std::optional(utc_) : std::nullopt}; }

  /// Events as "kind: text".
  std::vector<std::string> read(double import_kwh, std::optional<double> export_kwh = std::nullopt) {
    ledger::CounterReading reading;
    reading.stamp = now();
    reading.import = kwh(import_kwh);
    if (export_kwh) reading.exported = kwh(*export_kwh);
    reading.resolution = resolution;
    return texts(ledger.book(reading, identity));
  }
  std::vector<std::string> tick() { return texts(ledger.tick(now())); }
  /// `n` readings of the same value, one each 10 s.
  std::vector<std::string> read_steadily(int n, double import_kwh, std::optional<double> export_kwh = std::nullopt) {
    std::vector<std::string> all;
    for (int i = 0; i < n; ++i) {
      for (std::string& text : pass(seconds(10)).read(import_kwh, export_kwh)) all.push_back(std::move(text));
    }
    return all;
  }
  /// Opens the book and makes it proven.
  LedgerSite& opened_at(double import_kwh, std::optional<double> export_kwh = std::nullopt) {
    read_steadily(4, import_kwh, export_kwh);
    return *this;
  }

  [[nodiscard]] ledger::Totals totals() const {
    const std::optional<ledger::Totals> totals = ledger.totals();
    EXPECT_TRUE(totals) << "no reading was booked yet";
    return totals.value_or(ledger::Totals{});
  }
  [[nodiscard]] double total() const { return kwh_of(totals().total); }
  [[nodiscard]] double today() const { return kwh_of(totals().today); }
  [[nodiscard]] double yesterday() const { return kwh_of(totals().yesterday); }
  static double kwh_of(ledger::MilliWattHours energy) { return static_cast<double>(energy.value) / 1e6; }

  ledger::Limits limits;
  std::unique_ptr<host::ZoneCalendar> calendar;
  ledger::Ledger ledger;
  ledger::MeterIdentity identity;
  ledger::MilliWattHours resolution{1'000'000 / 1000};  // 1 Wh

 private:
  static std::vector<std::string> texts(const ledger::Events& events) {
    static constexpr const char* kKinds[] = {"opened",           "day_closed",        "held",  "discarded",
                                             "float_artefact",   "rollover",          "reset", "replaced",
                                             "implausible_rise", "clock_stepped_back"};
    std::vector<std::string> texts;
    for (const ledger::Event& event : events) {
      EXPECT_FALSE(event.text.truncated());
      texts.push_back(std::string(kKinds[static_cast<std::size_t>(event.kind)]) + ": " +
                      std::string(event.text.view()));
    }
    return texts;
  }

  BootId boot_ = 1;
  Instant at_{seconds(100)};
  UtcTime utc_;
  bool clock_known_ = true;
};

}  // namespace meterseal::test
