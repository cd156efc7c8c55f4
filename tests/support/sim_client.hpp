#pragma once

// A client of simulated lines, for tests: a file descriptor that is read without blocking while the loop runs.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "meter/sim/host/sim_line.hpp"
#include "support/profiles.hpp"

namespace meterseal::test {

namespace asio = boost::asio;
namespace sim = meter::sim;
using SteadyClock = std::chrono::steady_clock;
using Frame = std::vector<std::uint8_t>;

constexpr auto kDeadline = std::chrono::seconds(5);

inline sim::host::SimOptions options_of(sim::host::Transport transport,
                                        std::initializer_list<std::uint8_t> addresses = {1}) {
  sim::host::SimOptions options;
  options.transport = transport;
  options.baud = 115200;
  for (const std::uint8_t address : addresses) {
    sim::host::SimMeterOptions meter;
    meter.profile = test::default_profile("SDM630");
    meter.address = address;
    meter.turnaround = microseconds(2000);
    options.meters.push_back(std::move(meter));
  }
  options.time = [] { return sim::SimTime(std::chrono::hours(12)); };
  return options;
}

inline std::unique_ptr<sim::host::SimLine> line_of(asio::io_context& io, sim::host::SimOptions options) {
  auto line = sim::host::SimLine::make(io, std::move(options));
  if (!line) ADD_FAILURE() << line.error().where.view() << ": " << line.error().detail.view();
  return line ? std::move(*line) : nullptr;
}

inline Frame with_crc(Frame frame) {
  const std::uint16_t crc = sim::crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

/// The read that the Eastron documents print, for voltage L1.
inline Frame rtu_read(std::uint8_t address, std::uint8_t words = 2) {
  return with_crc({address, 4, 0, 0, 0, words});
}
inline Frame tcp_read(std::uint8_t unit, std::uint8_t transaction = 7) {
  return {0, transaction, 0, 0, 0, 6, unit, 4, 0, 0, 0, 2};
}

/// A client of its own making: a file descriptor, read without blocking while the loop runs.
class Client {
 public:
  Client(asio::io_context& io, int fd) : io_(io), fd_(fd) { EXPECT_GE(fd, 0); }
  Client(asio::io_context& io, const std::string& path)
      : Client(io, ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {}
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const Frame& frame) const {
    EXPECT_EQ(::write(fd_, frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  }
  /// What arrives until `size` bytes are there, or nothing has come for `quiet`.
  [[nodiscard]] Frame receive(std::size_t size, std::chrono::milliseconds quiet = std::chrono::seconds(5)) const {
    Frame frame;
    auto deadline = SteadyClock::now() + quiet;
    while (frame.size() < size && SteadyClock::now() < deadline) {
      io_.run_for(std::chrono::milliseconds(1));
      std::uint8_t bytes[512];
      const ssize_t got = ::read(fd_, bytes, sizeof bytes);
      if (got == 0) break;
      if (got < 0) continue;
      frame.insert(frame.end(), bytes, bytes + got);
      deadline = SteadyClock::now() + quiet;
    }
    return frame;
  }
  /// True once the other side has closed.
  [[nodiscard]] bool is_closed() const {
    const auto deadline = SteadyClock::now() + kDeadline;
    while (SteadyClock::now() < deadline) {
      io_.run_for(std::chrono::milliseconds(1));
      std::uint8_t byte = 0;
      const ssize_t got = ::read(fd_, &byte, 1);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    }
    return false;
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  asio::io_context& io_;
  int fd_;
};

inline int connected_socket(asio::io_context& io, std::uint16_t port) {
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  socket.non_blocking(true);
  const int fd = ::dup(socket.native_handle());
  return fd;
}

inline bool is_answer(const Frame& frame, std::uint8_t address) {
  return frame.size() > 4 && frame[0] == address && frame[1] == 4 && sim::crc16(frame) == 0;
}

}  // namespace meterseal::test
