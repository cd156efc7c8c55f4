#pragma once

// One bus: its driver, and the meters behind it. Brings each answer to the meter that gave it.
//
// Ownership: owns driver and meters; loop, log, stamper, calendar and observer must outlive it. Thread: loop thread.
// Errors: meter::bus_plan_invalid.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/meter_reader.hpp"
#include "meter/host/bus_driver.hpp"

namespace meterseal::app {

class ReadingObserver {
 public:
  virtual ~ReadingObserver() = default;
  /// A block of some meter has been read, or a meter or port is found not to answer.
  virtual void on_reading() = 0;
};

/// Units of a bus that are asked besides its meters, for a look. Nothing of them is booked or published.
class GuestObserver {
 public:
  virtual ~GuestObserver() = default;
  virtual void on_guest_block(std::size_t guest, std::size_t request, std::span<const std::uint16_t> words) = 0;
  virtual void on_guest_state(std::size_t guest, meter::Health health) = 0;
};

/// For people, in one line.
[[nodiscard]] std::string port_trouble(const Error& fault);

/// Finds what was kept under a name; empty: nothing.
using StoredValue = std::function<std::string(const std::string& name)>;

class BusReader final : private meter::host::BusObserver {
 public:
  [[nodiscard]] static Result<std::unique_ptr<BusReader>> make(boost::asio::io_context& loop, const Clock& clock,
                                                               Log& log, BusPlan plan, const Stamper& stamper,
                                                               const Calendar& calendar, const StoredValue& stored,
                                                               ReadingObserver& observer);
  BusReader(const BusReader&) = delete;
  BusReader& operator=(const BusReader&) = delete;
  ~BusReader() override = default;

  void start() { driver_->start(); }
  void stop() { driver_->stop(); }

  /// The next telemetry message is made then: what is read less often is read in time for it. Called once a second.
  void expect_telemetry(Instant due);

  /// Asks them as well from now on, between the polls of the own meters. Not from within a call of an observer.
  /// @param guests  empty: the own meters alone again  @return bus_plan_invalid: then nothing has changed
  Result<void> invite(const std::vector<meter::host::BusMeter>& guests, GuestObserver* observer);
  [[nodiscard]] const BusPlan& plan() const { return plan_; }
  /// Since the start, over all drivers. @param meter  index into the plan
  [[nodiscard]] meter::MeterCounters counters(std::size_t meter) const;

  [[nodiscard]] std::vector<std::unique_ptr<MeterReader>>& meters() { return meters_; }
  /// Why the port cannot be used now; nullopt: it can, or nobody has tried.
  [[nodiscard]] const std::optional<Error>& port_fault() const { return port_fault_; }
  /// A meter of this bus answers.
  [[nodiscard]] bool has_answer() const;
  /// Each meter has been read completely, or is known not to answer.
  [[nodiscard]] bool is_settled() const;

 private:
  BusReader(boost::asio::io_context& loop, const Clock& clock, Log& log, BusPlan plan, ReadingObserver& observer)
      : loop_(loop), clock_(clock), log_(log), plan_(std::move(plan)), observer_(observer) {}

  void on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) override;
  void on_identity(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) override;
  void on_meter_state(std::size_t meter, meter::Health health) override;
  void on_port_state(meter::host::PortState state) override;
  void on_port_failed(const Error& error) override { port_fault_ = error; }

  // constant after construction
  boost::asio::io_context& loop_;
  const Clock& clock_;
  Log& log_;
  const BusPlan plan_;
  ReadingObserver& observer_;

  // loop thread only
  std::unique_ptr<meter::host::BusDriver> driver_;
  GuestObserver* guests_ = nullptr;
  std::optional<Error> port_fault_;
  std::vector<meter::MeterCounters> former_;          ///< of the drivers before this one
  std::vector<std::unique_ptr<MeterReader>> meters_;  ///< as in the plan
  std::vector<meter::Health> health_;
  std::vector<Instant> read_for_;  ///< the telemetry message that each meter's slow group was last asked for
};

}  // namespace meterseal::app
