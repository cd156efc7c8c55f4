#pragma once

// A half-duplex RS485 line with meters on it, as a sans-I/O machine: bytes of the master go in with the moment they
// arrived, bytes of the meters come out at the moments at which a wire of this baud rate would have delivered them. A
// request is complete when its own wire time and 3.5 characters of silence are over; then the meter's turnaround
// passes.
//
// Whoever drives it calls receive() with what was read, and at next_event() take_due() for what is to be written. Times
// are computed from the moments of the wire, so that a late timer delays a byte and never the following ones.
//
// Bounded: 256 bytes of request, kMaxPending answers. Thread: value, one thread at a time.
// @source MODBUS over serial line V1.02, 2.5

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/bytes.hpp"
#include "core/inline_vector.hpp"
#include "core/time.hpp"
#include "meter/poll_plan.hpp"
#include "meter/sim/sim_meter.hpp"

namespace meterseal::meter::sim {

/// What may go wrong with a meter on purpose. Every n-th answer: 0 is never.
struct Faults {
  bool is_silent = false;
  std::uint32_t late_every = 0;
  microseconds late_by{};
  std::uint32_t corrupt_every = 0;  ///< one bit is wrong, and so the CRC
};

struct LineMeter {
  std::uint8_t address = 1;
  SimMeter meter;
  microseconds turnaround{20000};  ///< at least 3.5 characters on a serial line
  Faults faults;
  std::uint32_t answers = 0;  ///< this one included

  [[nodiscard]] bool is_late() const { return faults.late_every != 0 && answers % faults.late_every == 0; }
  [[nodiscard]] bool is_corrupt() const { return faults.corrupt_every != 0 && answers % faults.corrupt_every == 0; }
};

struct LineCounters {
  std::uint64_t requests = 0;  ///< understood by a meter of this line
  std::uint64_t answers = 0;
  std::uint64_t garbage = 0;     ///< frames with a wrong CRC
  std::uint64_t strangers = 0;   ///< good frames for an address that is not here
  std::uint64_t collisions = 0;  ///< the master spoke while a meter did
  std::uint64_t hurried = 0;     ///< requests with less than 3.5 characters of silence before them
};

/// @source MODBUS over serial line V1.02, 2.5.1.2 and appendix B
[[nodiscard]] std::uint16_t crc16(Bytes bytes);

class PacedLine {
 public:
  static constexpr std::size_t kMaxPending = 4;
  static constexpr std::size_t kMaxFrame = 256;
  using Frame = InlineVector<std::uint8_t, kMaxFrame>;

  PacedLine(std::uint32_t baud, std::uint8_t bits_per_char, std::vector<LineMeter> meters);

  /// Bytes of the master that arrived now; the first of them began to travel now.
  void receive(Bytes bytes, Instant now);
  [[nodiscard]] std::optional<Instant> next_event() const;
  /// Bytes that the line has delivered by now. @param time  simulated, for the readings of an answer that begins
  [[nodiscard]] Frame take_due(Instant now, SimTime time);

  [[nodiscard]] std::vector<LineMeter>& meters() { return meters_; }
  [[nodiscard]] const LineCounters& counters() const { return counters_; }

 private:
  struct Answer {
    Instant begins;
    std::size_t meter = 0;
    bool is_corrupt = false;
    Frame request;
  };

  [[nodiscard]] microseconds wire_time(std::size_t characters) const;
  [[nodiscard]] Instant byte_arrives(std::size_t number) const;
  void finish_request();
  void begin_answer(SimTime time);

  std::uint32_t baud_;  // constant after construction
  std::uint8_t bits_per_char_;
  microseconds silence_;
  std::vector<LineMeter> meters_;  // loop thread only
  Frame request_;
  bool is_overlong_ = false;
  Instant line_is_quiet_since_ = Instant::min();
  InlineVector<Answer, kMaxPending> pending_;  // by `begins`
  Frame answer_;                               // on the wire now
  std::size_t sent_ = 0;
  Instant answer_begins_;
  bool is_garbled_ = false;
  LineCounters counters_;
};

}  // namespace meterseal::meter::sim
