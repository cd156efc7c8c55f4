#include "meter/line_timing.hpp"

#include <algorithm>

namespace meterseal::meter {

namespace {

constexpr std::uint32_t kFastestScaledBaud = 19'200;
constexpr microseconds kFastSilence{1750};
constexpr microseconds kUsbBurst{50'000};       // three FTDI latency periods of 16 ms
constexpr microseconds kUsbDrain{20'000};       // one of them and a little
constexpr microseconds kNetworkPause{500'000};  // a lost TCP segment is repeated after 200 ms at the earliest
constexpr microseconds kNetworkDrain{50'000};
constexpr std::uint8_t kMeasureFirst = 4;
constexpr std::uint8_t kMeasureEvery = 8;
// Up slowly, down at once: an answer that is late for once must not make all others late.
constexpr int kRise = 32;

}  // namespace

LineTiming LineTiming::serial(std::uint32_t baud, std::uint8_t bits_per_character) {
  LineTiming line;
  line.baud_ = baud;
  line.bits_per_character_ = bits_per_character;
  line.frame_silence_ = baud > kFastestScaledBaud ? kFastSilence : line.wire_time(7) / 2;
  line.longest_pause_ = kUsbBurst + line.wire_time(2);
  line.drain_silence_ = std::max(kUsbDrain, line.frame_silence_);
  return line;
}

LineTiming LineTiming::network() {
  LineTiming line;
  line.longest_pause_ = kNetworkPause;
  line.drain_silence_ = kNetworkDrain;
  return line;
}

microseconds LineTiming::wire_time(std::size_t bytes) const {
  if (baud_ == 0) return microseconds{0};
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes) * bits_per_character_;
  return microseconds{static_cast<std::int64_t>((bits * 1'000'000 + baud_ - 1) / baud_)};
}

bool TurnaroundEstimate::needs_measurement() const {
  return exchanges_ < kMeasureFirst;
}

void TurnaroundEstimate::learn(microseconds seen) {
  seen = std::max(seen, microseconds{0});
  if (!known_ || seen < estimate_) {
    estimate_ = seen;
  } else {
    estimate_ += (seen - estimate_) / kRise;
  }
  known_ = true;
  learn_nothing();
}

void TurnaroundEstimate::learn_nothing() {
  ++exchanges_;
  if (exchanges_ == kMeasureFirst - 1 + kMeasureEvery) exchanges_ = kMeasureFirst - 1;
}

}  // namespace meterseal::meter
