#pragma once

// Simulated meters that other programs can reach: on a pseudo-terminal (Modbus RTU, paced like a wire), on a TCP port
// as a serial server would give them (RTU over TCP, paced alike), or as Modbus TCP.
//
// Ownership: a SimLine owns everything; destroying it closes the ends and removes its link. Handlers that are still
// queued then do nothing. Thread: loop thread only.
// Errors: meter::sim_options_invalid (refuse), meter::sim_line_failed (retry).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "meter/profile.hpp"
#include "meter/sim/paced_line.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::meter::sim::host {

enum class Transport : std::uint8_t {
  pty,
  rtu_over_tcp,
  modbus_tcp
};

struct SimMeterOptions {
  Profile profile;
  std::uint8_t address = 1;
  SimMeterSettings settings;
  microseconds turnaround{20000};
  Faults faults;
};

struct SimOptions {
  std::vector<SimMeterOptions> meters;
  Transport transport = Transport::pty;
  std::uint32_t baud = 9600;  ///< of the line; nothing is paced on Modbus TCP but the turnaround
  std::uint8_t bits_per_char = 10;
  std::string link;                  ///< pty: a symbolic link to make; empty: none
  std::string listen = "127.0.0.1";  ///< TCP: numeric address
  std::uint16_t port = 0;            ///< TCP: 0 takes a free one
  SimTime start{};                   ///< simulated time at the start, since local midnight
  std::uint32_t speed_up = 1;        ///< simulated seconds per second
  std::function<SimTime()> time;     ///< simulated time; empty: from start and speed_up
};

class SimLine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SimLine>> make(boost::asio::io_context& io, SimOptions options);
  virtual ~SimLine() = default;

  /// What to open: the link, or without one the terminal itself. Empty on TCP.
  [[nodiscard]] virtual std::string path() const = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;  ///< 0 on a pseudo-terminal

  [[nodiscard]] virtual const LineCounters& counters() const = 0;
  /// To change while the line runs, in the order of the options.
  [[nodiscard]] virtual Faults& faults(std::size_t meter) = 0;
};

}  // namespace meterseal::meter::sim::host
