#pragma once

// What a serial port and a TCP connection have in common: an Asio stream with one read and one write at a time, whose
// callbacks may still be queued when the port is closed or destroyed. They hold the stream alive and find that their
// session is over. Included by serial_port.cpp and tcp_port.cpp only. Thread: the loop thread.

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "meter/errors.hpp"
#include "meter/host/port.hpp"
#include "meter/modbus_frame.hpp"

namespace meterseal::meter::host {

template <class Stream>
class StreamPort : public std::enable_shared_from_this<StreamPort<Stream>> {
 public:
  StreamPort(boost::asio::io_context& io, std::string where, PortEvents& events)
      : io_(io), where_(std::move(where)), stream_(io), events_(events) {}
  virtual ~StreamPort() = default;

  virtual void open() = 0;
  virtual void flush_input() = 0;
  [[nodiscard]] virtual std::string description() const = 0;

  void close() {
    ++session_;
    ++read_;
    before_close();
    boost::system::error_code ignored;
    stream_.close(ignored);
  }

  void write(Bytes bytes) {
    const std::size_t n = std::min(bytes.size(), out_.size());
    std::copy_n(bytes.begin(), n, out_.begin());
    const auto buffer = boost::asio::buffer(out_.data(), n);
    boost::asio::async_write(stream_, buffer,
                             [self = this->shared_from_this(), session = session_](const auto& error, std::size_t) {
                               if (session != self->session_) return;
                               if (error) return self->events_.port_failed(self->lost(error));
                               self->events_.request_sent();
                             });
  }

  void read() {
    stream_.async_read_some(boost::asio::buffer(in_), [self = this->shared_from_this(), session = session_,
                                                       read = ++read_](const auto& error, std::size_t n) {
      if (session != self->session_ || read != self->read_) return;
      if (error) return self->events_.port_failed(self->lost(error));
      self->events_.received(Bytes(self->in_).first(n));
    });
  }

 protected:
  /// Releases what belongs to the session beside the stream.
  virtual void before_close() = 0;

  void cancel_read() {
    ++read_;
    boost::system::error_code ignored;
    stream_.cancel(ignored);
  }
  void report_opened() {
    boost::asio::post(io_, [self = this->shared_from_this(), session = session_] {
      if (session == self->session_) self->events_.port_opened();
    });
  }
  void report_failure(Error error) {
    boost::asio::post(io_, [self = this->shared_from_this(), session = session_, error = std::move(error)] {
      if (session == self->session_) self->events_.port_failed(error);
    });
  }
  [[nodiscard]] Error lost(const boost::system::error_code& error) const {
    return make_error(port_lost, where_, error.message());
  }

  // constant after construction
  boost::asio::io_context& io_;
  const std::string where_;

  // loop thread only
  Stream stream_;
  std::uint32_t session_ = 0;  ///< counts closings

 private:
  PortEvents& events_;
  std::uint32_t read_ = 0;  ///< counts reads begun and cancelled
  std::array<std::uint8_t, AnswerReader::kCapacity> in_{};
  std::array<std::uint8_t, kMaxRequestFrame> out_{};
};

/// The owner's end: when it goes, the port is closed, whatever Asio still holds.
template <class Stream>
class OwnedPort final : public Port {
 public:
  explicit OwnedPort(std::shared_ptr<StreamPort<Stream>> port) : port_(std::move(port)) {}
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
  std::shared_ptr<StreamPort<Stream>> port_;
};

}  // namespace meterseal::meter::host
