#include "meter/sim/paced_line.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::meter::sim {
namespace {

constexpr std::uint8_t kGarble = 0x55;  // what two drivers on one wire make of a byte

}  // namespace

std::uint16_t crc16(Bytes bytes) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001U : crc >> 1;
  }
  return static_cast<std::uint16_t>(crc);
}

PacedLine::PacedLine(std::uint32_t baud, std::uint8_t bits_per_char, std::vector<LineMeter> meters)
    : baud_(baud),
      bits_per_char_(bits_per_char),
      silence_(frame_silence(baud, bits_per_char)),
      meters_(std::move(meters)) {}

microseconds PacedLine::wire_time(std::size_t characters) const {
  return microseconds(static_cast<std::int64_t>(characters) * bits_per_char_ * 1000000 / baud_);
}

Instant PacedLine::byte_arrives(std::size_t number) const {
  return answer_begins_ + wire_time(number + 1);
}

void PacedLine::receive(Bytes bytes, Instant now) {
  if (bytes.empty()) return;
  if (!answer_.empty()) {
    ++counters_.collisions;
    is_garbled_ = true;  // and the meters, busy talking, do not listen
    return;
  }
  if (request_.empty() && now < line_is_quiet_since_ + silence_) ++counters_.hurried;
  line_is_quiet_since_ = std::max(line_is_quiet_since_, now) + wire_time(bytes.size());
  for (const std::uint8_t byte : bytes) is_overlong_ = !request_.push_back(byte) || is_overlong_;
}

std::optional<Instant> PacedLine::next_event() const {
  if (!answer_.empty()) return byte_arrives(sent_);
  if (!request_.empty()) return line_is_quiet_since_ + silence_;
  if (!pending_.empty()) return pending_[0].begins;
  return std::nullopt;
}

PacedLine::Frame PacedLine::take_due(Instant now, SimTime time) {
  Frame due;
  if (!request_.empty() && now >= line_is_quiet_since_ + silence_) finish_request();
  if (answer_.empty() && !pending_.empty() && request_.empty() && now >= pending_[0].begins) begin_answer(time);
  while (!answer_.empty() && now >= byte_arrives(sent_)) {
    due.push_back(is_garbled_ ? static_cast<std::uint8_t>(answer_[sent_] ^ kGarble) : answer_[sent_]);
    if (++sent_ < answer_.size()) continue;
    line_is_quiet_since_ = byte_arrives(sent_ - 1);
    answer_.clear();
    is_garbled_ = false;
  }
  return due;
}

/// The silence behind the request is over: whom was it for, and when will that one answer?
void PacedLine::finish_request() {
  const Frame request = std::exchange(request_, {});
  const bool is_good = !std::exchange(is_overlong_, false) && request.size() >= 4 &&
                       crc16(Bytes(request.begin(), request.size())) == 0;  // over its own CRC it is zero
  if (!is_good) {
    ++counters_.garbage;
    return;
  }
  const auto meter = std::ranges::find(meters_, request[0], &LineMeter::address);
  if (meter == meters_.end()) {
    ++counters_.strangers;
    return;
  }
  ++counters_.requests;
  if (meter->faults.is_silent) return;
  ++meter->answers;
  Answer answer;
  answer.begins = line_is_quiet_since_ + std::max(meter->turnaround, silence_);
  if (meter->is_late()) answer.begins += meter->faults.late_by;
  answer.meter = static_cast<std::size_t>(meter - meters_.begin());
  answer.is_corrupt = meter->is_corrupt();
  answer.request = request;
  pending_.push_back(answer);  // a master that sends a fifth request to late meters loses that answer
  std::ranges::sort(pending_, {}, &Answer::begins);
}

void PacedLine::begin_answer(SimTime time) {
  const Answer answer = pending_[0];
  pending_.erase(0);
  LineMeter& target = meters_[answer.meter];
  target.meter.advance_to(time);
  const Pdu pdu = target.meter.answer(Bytes(answer.request.begin() + 1, answer.request.size() - 3));
  answer_.push_back(target.address);
  for (const std::uint8_t byte : pdu) answer_.push_back(byte);
  const std::uint16_t crc = crc16(Bytes(answer_.begin(), answer_.size()));
  answer_.push_back(static_cast<std::uint8_t>(crc));
  answer_.push_back(static_cast<std::uint8_t>(crc >> 8));
  if (answer.is_corrupt) answer_[answer_.size() / 2] ^= 0x10;
  answer_begins_ = std::max(answer.begins, line_is_quiet_since_);
  sent_ = 0;
  ++counters_.answers;
}

}  // namespace meterseal::meter::sim
