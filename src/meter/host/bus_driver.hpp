#pragma once

// Runs one bus on the loop: a BusMachine, its port and its timer. Reports answers and changes to an observer and writes
// what a person should know to the log.
//
// Ownership: owned by the wiring; clock, log and observer outlive it. stop() and counters() may be called from within
// an observer call, destruction may not. Thread: the loop thread. Nothing is allocated per request. Errors:
// bus_plan_invalid from make(); later ones go to the log and the port is opened again.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/log.hpp"
#include "meter/host/line_control.hpp"
#include "meter/host/tcp_port.hpp"
#include "meter/meter_agenda.hpp"

namespace meterseal::meter::host {

struct BusMeter {
  std::string name;  ///< for the log
  MeterPlan plan;
  bool is_guest = false;  ///< looked at and no more: what it does or does not is no news
};

struct BusSettings {
  std::string name;  ///< for the log: "bus1"
  std::variant<SerialSettings, TcpSettings> port;
  std::vector<BusMeter> meters;
  LogLevel opening = LogLevel::info;  ///< how the opening of the port is told, unless it had failed before
};

enum class PortState : std::uint8_t {
  down,
  up
};

class BusObserver {
 public:
  virtual ~BusObserver() = default;
  /// @param meter    index into BusSettings::meters   @param request  index into MeterPlan::blocks
  /// @param at       instant of the last byte         @param words    as on the wire, valid during the call
  virtual void on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) = 0;
  /// As on_block, `request` is an index into MeterPlan::identity. Comes before the first block of a meter, and again
  /// before the first block after each silence and once a day.
  virtual void on_identity(std::size_t meter, std::size_t request, Instant at,
                           std::span<const std::uint16_t> words) = 0;
  virtual void on_meter_state(std::size_t meter, Health health) = 0;
  /// down: the health of all meters is unknown from now on, until each is reported again.
  virtual void on_port_state(PortState state) = 0;
  /// Each time that it cannot be opened or used.
  virtual void on_port_failed(const Error& /*error*/) {}
};

class BusDriver {
 public:
  using MakePort = std::function<std::unique_ptr<Port>(PortEvents&)>;

  /// @return bus_plan_invalid
  [[nodiscard]] static Result<std::unique_ptr<BusDriver>> make(boost::asio::io_context& io, const Clock& clock,
                                                               Log& log, BusSettings settings, BusObserver& observer);
  /// The same on a port of another kind.
  [[nodiscard]] static Result<std::unique_ptr<BusDriver>> make(boost::asio::io_context& io, const Clock& clock,
                                                               Log& log, BusSettings settings, BusObserver& observer,
                                                               const MakePort& make_port);
  virtual ~BusDriver() = default;

  virtual void start() = 0;
  /// Nothing is reported any more once it has returned.
  virtual void stop() = 0;
  /// The next poll of this meter reads its slow blocks, too.
  virtual void want_slow_blocks(std::size_t meter) = 0;

  [[nodiscard]] virtual const MeterCounters& counters(std::size_t meter) const = 0;
  /// How long the meter usually thinks before it answers.
  [[nodiscard]] virtual microseconds turnaround(std::size_t meter) const = 0;
};

}  // namespace meterseal::meter::host
