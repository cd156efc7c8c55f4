#pragma once

// One meter: the words of each answer become values (decode), the impossible ones are taken out (plausibility), the
// newest ones are kept for telemetry, and the counters go into the energy book (ledger). Each block has one instant,
// which stays with its values.
//
// What is wrong with a meter is told once an hour and kind, however often it comes.
// Ownership: plan, stamper, calendar and log must outlive it. Thread: loop thread. Units: thousandths, as in
// meter/reading.hpp.

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "app/agent/site_plan.hpp"
#include "app/agent/stamper.hpp"
#include "app/repeat_guard.hpp"
#include "core/log.hpp"
#include "ledger/ledger.hpp"
#include "meter/plausibility.hpp"
#include "mqtt/energy_payload.hpp"
#include "outbox/store.hpp"

namespace meterseal::app {

class MeterReader {
 public:
  /// @param stored_book  what book_to_keep() gave in an earlier life; empty: there is none
  MeterReader(const MeterPlan& plan, const Stamper& stamper, const Calendar& calendar, Log& log,
              std::string_view stored_book);

  void take_block(std::size_t request, Instant at, meter::Words words);
  void take_identity(std::size_t request, meter::Words words);
  /// Once a second: closes a day when no reading comes.
  void tick();

  /// Has anything of it been read, in this life of the program or an earlier one? What never was is not published.
  [[nodiscard]] bool was_read() const { return last_block_ || was_read_before_; }
  /// Every block has been read since the start.
  [[nodiscard]] bool has_full_round() const { return rounds_ > 0; }

  /// Valid until the next call of a method that is not const.
  [[nodiscard]] mqtt::MeterTelemetry telemetry(Instant now);
  /// The instant of the newest value that is live now.
  [[nodiscard]] std::optional<Instant> newest(Instant now) const;
  /// The energy since the last telemetry message.
  [[nodiscard]] mqtt::PeriodEnergy next_period(Instant now) { return periods_.next(telemetry(now)); }

  [[nodiscard]] std::optional<ledger::Totals> totals() const { return ledger_.totals(); }
  /// A person sets what the book says. @return false: the book cannot say that
  [[nodiscard]] bool correct(ledger::Correction what, ledger::MilliWattHours energy);

  /// The book, if it changed since the last call: to be committed with the record that is made from it.
  [[nodiscard]] std::optional<outbox::NamedValue> book_to_keep();
  /// A day was closed or a counter began anew: not to be lost with the power.
  [[nodiscard]] bool is_book_urgent() const { return is_book_urgent_; }

  [[nodiscard]] const MeterPlan& plan() const { return plan_; }
  [[nodiscard]] static std::string book_name(std::string_view meter) { return "ledger/" + std::string(meter); }
  [[nodiscard]] static std::string damaged_book_name(std::string_view meter) {
    return "ledger-damaged/" + std::string(meter);
  }
  /// What of the stored book could not be read, to be kept for a person under damaged_book_name().
  [[nodiscard]] const std::optional<std::string>& damaged_book() const { return damaged_book_; }

 private:
  struct Booking {
    std::uint16_t import_register = 0;
    std::optional<std::uint16_t> export_register;
    std::size_t request = 0;  ///< once this block is there both counters are
  };

  [[nodiscard]] ledger::Limits limits() const;
  void open_book(std::string_view stored);
  void book();
  void take_events(const ledger::Events& events);
  void take_rejections(const meter::Rejections& rejections, Instant at);
  void apply_inversion(meter::Value& value) const;
  void count_round(std::size_t request);

  // constant after construction
  const MeterPlan& plan_;
  const Stamper& stamper_;
  const Calendar& calendar_;
  Log& log_;
  const mqtt::MeterShape shape_;
  std::optional<Booking> booking_;
  std::optional<std::string> damaged_book_;
  bool was_read_before_ = false;

  // loop thread only
  meter::Plausibility plausibility_;
  meter::Multipliers multipliers_;
  meter::LatestValues latest_;
  std::vector<std::optional<meter::LatestValues::Entry>> registers_;  ///< by register, only with `read = "all"`
  std::vector<mqtt::RegisterValue> shown_registers_;
  std::optional<ledger::MilliWattHours> resolution_;
  std::optional<Instant> booked_;  ///< the reading that was booked last
  ledger::MeterIdentity identity_;
  ledger::Ledger ledger_;
  bool is_book_changed_ = false;
  bool is_book_urgent_ = false;
  mqtt::PeriodBook periods_;
  std::vector<bool> requests_read_;
  std::uint32_t rounds_ = 0;
  std::optional<Instant> last_block_;
  std::array<RepeatGuard, meter::kReasons> rejection_guards_;
  std::array<RepeatGuard, 10> event_guards_;  ///< by ledger::EventKind
  RepeatGuard decode_guard_;
};

}  // namespace meterseal::app
