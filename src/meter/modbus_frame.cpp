#include "meter/modbus_frame.hpp"

#include <algorithm>

#include "meter/modbus_crc.hpp"

namespace meterseal::meter {

namespace {

constexpr std::uint8_t kExceptionFlag = 0x80;
constexpr std::size_t kRtuException = 5;   // unit, function | 0x80, code, check
constexpr std::size_t kMbapHeader = 6;     // transaction, protocol 0, length of what follows
constexpr std::size_t kMbapException = 9;  // header, unit, function | 0x80, code
constexpr std::uint16_t kMbapMinLength = 3;
constexpr std::uint16_t kMbapMaxLength = 254;
// Unit, function and byte count together: enough to believe that an answer has begun.
constexpr std::size_t kHead = 3;

std::uint8_t code_of(Function function) {
  return static_cast<std::uint8_t>(function);
}

}  // namespace

RequestFrame encode_read(Framing framing, const ReadRequest& request, std::uint16_t transaction) {
  std::array<std::uint8_t, kMaxRequestFrame> bytes{};
  ByteWriter out(bytes);
  if (framing == Framing::mbap) {
    out.u16(transaction);
    out.u16(0);
    out.u16(6);
  }
  out.u8(request.unit);
  out.u8(code_of(request.block.function));
  out.u16(request.block.start);
  out.u16(request.block.words);
  if (framing == Framing::rtu) {
    const std::uint16_t crc = modbus_crc(out.written());
    out.u8(static_cast<std::uint8_t>(crc & 0xFF));
    out.u8(static_cast<std::uint8_t>(crc >> 8));
  }
  RequestFrame frame;
  for (const std::uint8_t byte : out.written()) frame.push_back(byte);
  return frame;
}

std::size_t answer_length(Framing framing, std::uint16_t words) {
  const std::size_t around = framing == Framing::rtu ? 5 : kMbapHeader + 3;
  return around + 2U * words;
}

void AnswerReader::expect(Framing framing, const ReadRequest& request, std::uint16_t transaction) {
  framing_ = framing;
  request_ = request;
  transaction_ = transaction;
  request_frame_ = encode_read(framing, request, transaction);
  owed_.clear();
  echo_possible_ = framing == Framing::rtu;
  size_ = 0;
  skipped_ = 0;
  damaged_ = false;
}

void AnswerReader::add_owed(const ReadRequest& request) {
  if (!owed_.full()) owed_.push_back(request);
}

std::size_t AnswerReader::feed(Bytes bytes) {
  const std::size_t n = std::min(bytes.size(), buffer_.size() - size_);
  std::copy_n(bytes.begin(), n, buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += n;
  return n;
}

Frame AnswerReader::next() {
  std::size_t at = 0;
  Fit fit;
  for (; at < size_; ++at) {
    fit = fit_at(Bytes(buffer_).first(size_).subspan(at));
    if (fit.state == Fit::State::whole || fit.state == Fit::State::partial) break;
    damaged_ = damaged_ || fit.state == Fit::State::damaged;
    fit = {};
  }
  skipped_ += at;
  drop(at);
  if (fit.state != Fit::State::whole) return conclude(fit);

  fit.frame.skipped = skipped_;
  skipped_ = 0;
  if (fit.frame.kind == Frame::Kind::echo) echo_possible_ = false;
  if (fit.frame.kind == Frame::Kind::answer) store_words(Bytes(buffer_).first(fit.length));
  drop(fit.length);
  return fit.frame;
}

// No whole frame is in the buffer; what is left of it is the possible beginning of one.
Frame AnswerReader::conclude(const Fit& open_end) {
  Frame frame;
  frame.begun = size_ >= kHead;
  if (damaged_ && !frame.begun) {
    damaged_ = false;
    frame.kind = Frame::Kind::damaged;
    return frame;
  }
  const std::size_t shortest = framing_ == Framing::rtu ? kRtuException : kMbapException;
  frame.missing = size_ > 0 ? open_end.length - size_ : shortest;
  return frame;
}

AnswerReader::Fit AnswerReader::fit_at(Bytes at) const {
  if (framing_ == Framing::mbap) return fit_mbap(at);
  const Fit answer = fit_rtu(at);
  const Fit echo = fit_echo(at);
  if (answer.state == Fit::State::whole) return answer;
  if (echo.state == Fit::State::whole) return echo;
  if (answer.state != Fit::State::partial) return echo.state == Fit::State::partial ? echo : answer;
  return echo.state == Fit::State::partial && echo.length < answer.length ? echo : answer;
}

// An answer of `unit` to `block`, or its refusal: length from the function code, then the check.
AnswerReader::Fit AnswerReader::fit_rtu(Bytes at) const {
  Fit best;
  const auto consider = [&](const ReadRequest& request, Frame::Kind kind, std::optional<std::size_t> owed) {
    if (at[0] != request.unit) return;
    const std::uint8_t function = code_of(request.block.function);
    const bool refused = at.size() > 1 && at[1] == (function | kExceptionFlag);
    if (at.size() > 1 && at[1] != function && !refused) return;
    if (at.size() > 2 && !refused && at[2] != 2U * request.block.words) return;
    Fit fit;
    fit.length = at.size() == 1 || refused ? kRtuException : answer_length(Framing::rtu, request.block.words);
    fit.frame.kind = refused && kind == Frame::Kind::answer ? Frame::Kind::exception : kind;
    fit.frame.owed = owed;
    if (at.size() < fit.length) {
      fit.state = Fit::State::partial;
    } else {
      fit.frame.exception_code = refused ? at[2] : std::uint8_t{0};
      fit.state = modbus_crc(at.first(fit.length)) == 0 ? Fit::State::whole : Fit::State::damaged;
    }
    const bool shorter = fit.state == best.state && fit.length < best.length;
    if (fit.state > best.state || shorter) best = fit;
  };
  // Owed ones first: a refusal names neither register nor length, so while one is owed it is not believed.
  for (std::size_t i = 0; i < owed_.size(); ++i) consider(owed_[i], Frame::Kind::late, i);
  consider(request_, Frame::Kind::answer, std::nullopt);
  return best;
}

AnswerReader::Fit AnswerReader::fit_echo(Bytes at) const {
  const Bytes sent = bytes_of(request_frame_);
  const std::size_t n = std::min(at.size(), sent.size());
  Fit fit;
  if (!echo_possible_ || !std::equal(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(n), at.begin())) {
    return fit;
  }
  fit.state = n == sent.size() ? Fit::State::whole : Fit::State::partial;
  fit.length = sent.size();
  fit.frame.kind = Frame::Kind::echo;
  return fit;
}

AnswerReader::Fit AnswerReader::fit_mbap(Bytes at) const {
  Fit fit;
  ByteReader in(at);
  const std::uint16_t transaction = in.u16();
  const std::uint16_t protocol = in.u16();
  const std::uint16_t length = in.u16();
  // The protocol number is 0; it is all that tells a header from garbage before the length is there.
  if ((at.size() > 2 && at[2] != 0) || (at.size() > 3 && protocol != 0)) return fit;
  if (!in.failed() && (length < kMbapMinLength || length > kMbapMaxLength)) return fit;
  fit.length = in.failed() ? kMbapException : kMbapHeader + length;
  if (at.size() < fit.length) {
    fit.state = Fit::State::partial;
    return fit;
  }
  fit.state = Fit::State::whole;
  const std::uint8_t unit = in.u8();
  const std::uint8_t function = in.u8();
  const std::uint8_t detail = in.u8();  // byte count, or the code of a refusal
  const std::uint8_t wanted = code_of(request_.block.function);
  const std::size_t data = 2U * request_.block.words;
  if (transaction != transaction_) {
    fit.frame.kind = Frame::Kind::late;
  } else if (unit == request_.unit && function == wanted && detail == data && length == 3 + data) {
    fit.frame.kind = Frame::Kind::answer;
  } else if (unit == request_.unit && function == (wanted | kExceptionFlag) && length == kMbapMinLength) {
    fit.frame.kind = Frame::Kind::exception;
    fit.frame.exception_code = detail;
  } else {
    fit.frame.kind = Frame::Kind::damaged;
  }
  return fit;
}

void AnswerReader::store_words(Bytes frame) {
  ByteReader in(frame);
  in.take(framing_ == Framing::rtu ? 3 : kMbapHeader + 3);
  word_count_ = request_.block.words;
  for (std::size_t i = 0; i < word_count_; ++i) words_[i] = in.u16();
}

void AnswerReader::drop(std::size_t n) {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(n), buffer_.begin() + static_cast<std::ptrdiff_t>(size_),
            buffer_.begin());
  size_ -= n;
}

}  // namespace meterseal::meter
