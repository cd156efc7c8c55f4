#pragma once

// One client of a Modbus TCP port: one request after the other, each answered after the meter's turnaround. A unit that
// is not here is answered as gateways do, with exception 0B.
//
// Ownership: by shared_ptr, as PacedSession; meters, counters and clock must outlive close(). Thread: loop thread only.
// @source MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (MBAP header)

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/bytes.hpp"
#include "meter/sim/host/sim_clock.hpp"
#include "meter/sim/paced_line.hpp"

namespace meterseal::meter::sim::host {

/// What the sessions of one port share.
struct TcpMeters {
  std::vector<LineMeter> meters;
  LineCounters counters;
};

class ModbusTcpSession : public std::enable_shared_from_this<ModbusTcpSession> {
 public:
  ModbusTcpSession(boost::asio::ip::tcp::socket socket, TcpMeters& shared, const SimClock& clock);

  void start() { read(); }
  void close();
  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  static constexpr std::size_t kHeader = 7;       // transaction, protocol, length, unit
  static constexpr std::size_t kMaxPacket = 260;  // @source as above, 4.2

  void read();
  void take_next();
  void answer_later(std::size_t packet);
  void answer(std::size_t packet);

  TcpMeters& shared_;  // constant after construction
  const SimClock& clock_;
  boost::asio::ip::tcp::socket socket_;             // loop thread only
  std::optional<boost::asio::steady_timer> timer_;  // none once closed
  std::array<std::uint8_t, kMaxPacket> input_{};
  std::size_t filled_ = 0;
  std::array<std::uint8_t, kMaxPacket> output_{};
  bool is_closed_ = false;
};

}  // namespace meterseal::meter::sim::host
