#pragma once

// What a serial port and a TCP connection have in common. Callbacks may still be queued when the port is closed or
// destroyed: they keep the port's memory alive and find that their session is over. Included by serial_port.cpp and
// tcp_port.cpp only. Thread: the loop thread.

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>

#include "meter/errors.hpp"
#include "meter/host/port.hpp"
#include "meter/modbus_frame.hpp"

namespace meterseal::meter::host {

class PortSession : public std::enable_shared_from_this<PortSession> {
 public:
  PortSession(boost::asio::io_context& io, std::string where, PortEvents& events)
      : io_(io), where_(std::move(where)), events_(events) {}
  virtual ~PortSession() = default;

  virtual void open() = 0;
  virtual void flush_input() = 0;
  virtual void read() = 0;
  [[nodiscard]] virtual std::string description() const = 0;

  void write(Bytes bytes) {
    out_size_ = std::min(bytes.size(), out_.size());
    std::copy_n(bytes.begin(), out_size_, out_.begin());
    write_out();
  }
  void close() {
    ++session_;
    ++read_;
    release();
  }

 protected:
  virtual void write_out() = 0;
  /// Ends whatever is open or under way.
  virtual void release() = 0;

  void report_opened() {
    later([this] { events_.port_opened(); });
  }
  void report_failure(const Error& error) {
    later([this, error] { events_.port_failed(error); });
  }
  /// Runs `what` from the loop, unless the port is closed first.
  template <class F>
  void later(F what) {
    boost::asio::post(io_, [self = shared_from_this(), session = session_, what = std::move(what)] {
      if (session == self->session_) what();
    });
  }
  [[nodiscard]] Error lost(std::string_view why) const { return make_error(port_lost, where_, why); }

  // constant after construction
  boost::asio::io_context& io_;
  const std::string where_;
  PortEvents& events_;

  // loop thread only
  std::uint32_t session_ = 0;  ///< counts closings
  std::uint32_t read_ = 0;     ///< counts reads begun and cancelled
  std::array<std::uint8_t, AnswerReader::kCapacity> in_{};
  std::array<std::uint8_t, kMaxRequestFrame> out_{};
  std::size_t out_size_ = 0;
};

/// The owner's end: when it goes, the port is closed, whatever Asio still holds.
class OwnedPort final : public Port {
 public:
  explicit OwnedPort(std::shared_ptr<PortSession> port) : port_(std::move(port)) {}
  OwnedPort(const OwnedPort&) = delete;
  OwnedPort& operator=(const OwnedPort&) = delete;
  ~OwnedPort() override { port_->close(); }

  void open() override { port_->open(); }
  void close() override { port_->close(); }
  void flush_input() override { port_->flush_input(); }
  void write(Bytes bytes) override { port_->write(bytes); }
  void read() override { port_->read(); }
  [[nodiscard]] std::string description() const override { return port_->description(); }

 private:
  std::shared_ptr<PortSession> port_;
};

}  // namespace meterseal::meter::host
