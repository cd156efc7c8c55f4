#pragma once

// All meters of the site, over all buses: started and stopped together, shown in one order, their books kept together.
//
// Ownership: owns buses and readers; loop, clock, log, stamper and calendar must outlive it. Thread: loop thread.
// Errors: meter::bus_plan_invalid.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/bus_reader.hpp"

namespace meterseal::app {

class Meters final : private ReadingObserver {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Meters>> make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                                            const std::vector<BusPlan>& plans, const Stamper& stamper,
                                                            const Calendar& calendar, const StoredValue& stored);
  Meters(const Meters&) = delete;
  Meters& operator=(const Meters&) = delete;
  ~Meters() override = default;

  /// @param changed  called after each reading, and when a meter is found not to answer
  void start(std::function<void()> changed);
  void stop();

  /// The primary meter first.
  [[nodiscard]] const std::vector<MeterReader*>& in_order() const { return in_order_; }

  [[nodiscard]] const std::vector<std::unique_ptr<BusReader>>& buses() const { return buses_; }

  /// Why the port of this one's bus cannot be used now; nullopt: it can.
  [[nodiscard]] std::optional<Error> port_fault_of(const MeterReader& meter) const;

  /// Each meter has been read completely, or is known not to answer.
  [[nodiscard]] bool are_settled() const;
  [[nodiscard]] bool has_one_answered() const;

  /// Once a second. @param telemetry_due  when the next message is to be made; nullopt: none is
  void tick(std::optional<Instant> telemetry_due);
  /// Books that changed since the last call.
  [[nodiscard]] std::vector<outbox::NamedValue> books_to_keep();
  [[nodiscard]] bool is_a_book_urgent() const;
  /// Stored books that could not be understood, under other names.
  [[nodiscard]] std::vector<outbox::NamedValue> damaged_books() const;

 private:
  Meters() = default;

  void on_reading() override;

  std::vector<std::unique_ptr<BusReader>> buses_;
  std::vector<MeterReader*> in_order_;
  std::function<void()> changed_;
};

}  // namespace meterseal::app
