#pragma once

// Drives a PacedLine over one stream of Asio (a pseudo-terminal's master, a socket): what is read goes in, what is due
// goes out, one timer for the next byte. A peer that does not read loses bytes, as on a wire.
//
// Ownership: by shared_ptr, because queued handlers need it; after close() they touch nothing else. Line and clock must
// outlive close(). Thread: loop thread only.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "meter/sim/host/sim_clock.hpp"
#include "meter/sim/paced_line.hpp"

namespace meterseal::meter::sim::host {

template <class Stream>
class PacedSession : public std::enable_shared_from_this<PacedSession<Stream>> {
 public:
  PacedSession(Stream stream, PacedLine& line, const SimClock& clock)
      : line_(line), clock_(clock), stream_(std::move(stream)), timer_(std::in_place, stream_.get_executor()) {}

  void start() {
    boost::system::error_code ignored;
    std::ignore = stream_.non_blocking(true, ignored);
    read();
    arm();
  }

  void close() {
    is_closed_ = true;
    boost::system::error_code ignored;
    std::ignore = stream_.close(ignored);
    timer_.reset();  // cancels, and unlike cancel() never throws
  }

 private:
  void read() {
    stream_.async_read_some(boost::asio::buffer(input_),
                            [self = this->shared_from_this()](auto error, std::size_t size) {
                              if (self->is_closed_) return;
                              if (error) return self->close();
                              self->line_.receive(Bytes(self->input_.data(), size), wire_now());
                              self->arm();
                              self->read();
                            });
  }

  void arm() {
    const auto next = line_.next_event();
    if (!next || !timer_) return;
    timer_->expires_at(steady(*next));
    timer_->async_wait([self = this->shared_from_this()](auto error) {
      if (self->is_closed_ || error) return;
      const PacedLine::Frame due = self->line_.take_due(wire_now(), self->clock_.now());
      boost::system::error_code ignored;
      if (!due.empty()) self->stream_.write_some(boost::asio::buffer(due.begin(), due.size()), ignored);
      self->arm();
    });
  }

  PacedLine& line_;  // constant after construction
  const SimClock& clock_;
  Stream stream_;                                   // loop thread only
  std::optional<boost::asio::steady_timer> timer_;  // none once closed
  std::array<std::uint8_t, PacedLine::kMaxFrame> input_{};
  bool is_closed_ = false;
};

}  // namespace meterseal::meter::sim::host
