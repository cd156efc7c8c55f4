#include "meter/sim/host/modbus_tcp_session.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <tuple>
#include <utility>

namespace meterseal::meter::sim::host {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// @source MODBUS Application Protocol V1.1b3, 7: gateway target device failed to respond
constexpr std::uint8_t kTargetSilent = 0x0B;

}  // namespace

ModbusTcpSession::ModbusTcpSession(asio::ip::tcp::socket socket, TcpMeters& shared, const SimClock& clock)
    : shared_(shared), clock_(clock), socket_(std::move(socket)), timer_(std::in_place, socket_.get_executor()) {}

void ModbusTcpSession::close() {
  is_closed_ = true;
  error_code ignored;
  std::ignore = socket_.close(ignored);
  timer_.reset();  // cancels, and unlike cancel() never throws
}

void ModbusTcpSession::read() {
  socket_.async_read_some(asio::buffer(input_.data() + filled_, input_.size() - filled_),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            if (self->is_closed_) return;
                            if (error) return self->close();
                            self->filled_ += size;
                            self->take_next();
                          });
}

/// Answers the first whole packet of the input, or reads on. What is no Modbus TCP ends the connection.
void ModbusTcpSession::take_next() {
  if (filled_ < kHeader) return read();
  ByteReader header(Bytes(input_).first(kHeader));
  header.u16();
  const std::uint16_t protocol = header.u16();
  const std::uint16_t length = header.u16();  // of unit and PDU
  if (protocol != 0 || length < 2 || length > kMaxPacket - kHeader + 1) {
    ++shared_.counters.garbage;
    return close();
  }
  const std::size_t packet = kHeader - 1 + length;
  if (filled_ < packet) return read();
  answer_later(packet);
}

void ModbusTcpSession::answer_later(std::size_t packet) {
  if (!timer_) return;
  const auto meter = std::ranges::find(shared_.meters, input_[kHeader - 1], &LineMeter::address);
  microseconds delay{};
  if (meter != shared_.meters.end()) {
    ++meter->answers;
    delay = meter->turnaround + (meter->is_late() ? meter->faults.late_by : microseconds{});
  }
  timer_->expires_after(delay);
  timer_->async_wait([self = shared_from_this(), packet](error_code error) {
    if (!self->is_closed_ && !error) self->answer(packet);
  });
}

void ModbusTcpSession::answer(std::size_t packet) {
  ByteReader reader(Bytes(input_).first(packet));
  std::uint16_t transaction = reader.u16();
  reader.take(4);
  const std::uint8_t unit = reader.u8();
  const Bytes request = reader.rest();
  const auto meter = std::ranges::find(shared_.meters, unit, &LineMeter::address);
  Pdu pdu;
  const bool is_here = meter != shared_.meters.end();
  if (is_here) {
    ++shared_.counters.requests;
    meter->meter.advance_to(clock_.now());
    pdu = meter->meter.answer(request);
    if (meter->is_corrupt()) ++transaction;  // TCP corrects bits; this it cannot
  } else {
    ++shared_.counters.strangers;
    pdu.push_back(static_cast<std::uint8_t>(request[0] | 0x80U));
    pdu.push_back(kTargetSilent);
  }
  ByteWriter writer(output_);
  writer.u16(transaction);
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(pdu.size() + 1));
  writer.u8(unit);
  writer.bytes(Bytes(pdu.begin(), pdu.size()));
  std::copy(input_.begin() + static_cast<std::ptrdiff_t>(packet), input_.begin() + static_cast<std::ptrdiff_t>(filled_),
            input_.begin());
  filled_ -= packet;
  if (is_here && meter->faults.is_silent) return take_next();
  ++shared_.counters.answers;
  asio::async_write(socket_, asio::buffer(output_, writer.size()),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (self->is_closed_) return;
                      if (error) return self->close();
                      self->take_next();
                    });
}

}  // namespace meterseal::meter::sim::host
