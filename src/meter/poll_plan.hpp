#pragma once

// Which requests read the wanted registers of a meter: the cheapest cover on the wire within the model's word limit.
// A request of N words costs 8 + 5 + 2N characters, the meter's turnaround and the silence before the next request, so
// reading a hole of a few words is often cheaper than a second request; whether a hole may be read is a property of the
// model (Holes). The split is optimal (dynamic programming over the registers of a table).
//
// Made at set-up, then constant; nothing is allocated afterwards. Thread: functions, any.
// @source MODBUS Application Protocol V1.1b3, 6.3 and 6.4 (frame sizes); MODBUS over serial line V1.02, 2.5.1.1 (t3.5)

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "meter/profile.hpp"

namespace meterseal::meter {

/// What one request costs on one line.
struct PollTiming {
  std::uint32_t baud = 9600;
  std::uint8_t bits_per_char = 10;
  microseconds turnaround{20000};  ///< of the meter: last bit of the request to first bit of the answer
  microseconds gap{60000};         ///< silence that the meter wants before the next request
};

/// On a network the words cost next to nothing and a request costs a round trip.
inline constexpr PollTiming kNetworkTiming{100000000, 10, microseconds(5000), microseconds(0)};

/// Silence that ends a frame: 3.5 characters, and 1.75 ms above 19200 baud. @source MODBUS over serial line
/// V1.02, 2.5.1.1
[[nodiscard]] microseconds frame_silence(std::uint32_t baud, std::uint8_t bits_per_char);

struct PollRequest {
  Table table = Table::input;
  std::uint16_t address = 0;
  std::uint16_t words = 0;
  std::vector<std::uint16_t> registers;  ///< to be decoded from the answer; indices into Profile::registers, ascending

  [[nodiscard]] std::uint8_t function() const { return read_function(table); }
};

struct PollPlan {
  std::vector<PollRequest> requests;
  microseconds expected{};  ///< one cycle of all requests on the line that the plan was made for

  [[nodiscard]] std::size_t words() const;
};

/// @param wanted  indices into profile.registers, ascending (Profile::telemetry or ::all)
/// @return meter::plan_impossible when a register is longer than the word limit, or nothing is wanted
[[nodiscard]] Result<PollPlan> make_poll_plan(const Profile& profile, std::span<const std::uint16_t> wanted,
                                              const PollTiming& line);

/// A request for one register alone: how identity is read.
[[nodiscard]] PollRequest single_request(const Profile& profile, std::uint16_t register_index);

/// One cycle of these requests on another line.
[[nodiscard]] microseconds expected_cycle(std::span<const PollRequest> requests, const PollTiming& line);

}  // namespace meterseal::meter
