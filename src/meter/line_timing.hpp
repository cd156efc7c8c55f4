#pragma once

// How long things take on the wire, so that the bus can sleep instead of being woken for every byte.
// Thread: values, any. All times in microseconds.

#include <cstddef>
#include <cstdint>

#include "core/time.hpp"

namespace meterseal::meter {

class LineTiming {
 public:
  /// @param bits_per_character  start, 8 data, parity, stop: 10 or 11
  [[nodiscard]] static LineTiming serial(std::uint32_t baud, std::uint8_t bits_per_character);
  /// A network connection: no wire time that we know, no silence that anybody measures.
  [[nodiscard]] static LineTiming network();

  /// Rounded up; zero on a network.
  [[nodiscard]] microseconds wire_time(std::size_t bytes) const;
  /// 3.5 characters, by which receivers recognise the start of a frame.
  /// @source Modbus over Serial Line V1.02, 2.5.1.1: fixed at 1.75 ms above 19,200 baud
  [[nodiscard]] microseconds frame_silence() const { return frame_silence_; }
  /// A pause inside a frame after which its rest will not come. Longer than the standard's 1.5 characters, which nobody
  /// behind a USB adapter can measure: those hand over bytes in bursts (FTDI: every 16 ms as delivered).
  [[nodiscard]] microseconds longest_pause() const { return longest_pause_; }
  /// After a failure, silence of this length means that nothing of the failed exchange is under way any more.
  [[nodiscard]] microseconds drain_silence() const { return drain_silence_; }

 private:
  std::uint32_t baud_ = 0;
  std::uint8_t bits_per_character_ = 0;
  microseconds frame_silence_{0};
  microseconds longest_pause_{0};
  microseconds drain_silence_{0};
};

/// How long a meter usually thinks before it answers: the time from the end of the request to the start of the answer,
/// leaning towards the smallest seen. Too small costs one more wake-up of the host, too large costs bus time.
class TurnaroundEstimate {
 public:
  [[nodiscard]] microseconds value() const { return estimate_; }

  /// True before the first exchanges and before every eighth later: the host then wakes as early as an answer can be
  /// complete, because an estimate that is slept through can never be seen to be too large.
  [[nodiscard]] bool needs_measurement() const;
  /// An exchange was answered. `seen` is the turnaround when the host was awake before the last byte came.
  void learn(microseconds seen);
  void learn_nothing();

 private:
  microseconds estimate_{0};
  std::uint8_t exchanges_ = 0;  ///< counts the first ones, then the time to the next measurement
  bool known_ = false;
};

}  // namespace meterseal::meter
