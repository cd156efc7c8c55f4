#pragma once

// What BusMachine is told and what it answers, as data. Thread: values; spans are valid as long as each says.

#include <span>
#include <variant>

#include "meter/meter_health.hpp"
#include "meter/modbus_frame.hpp"

namespace meterseal::meter {

// Events: what happened in the world.
struct Start {};
struct Stop {};
struct PortOpened {};
struct PortFailed {};  ///< it could not be opened, or it broke
struct RequestSent {};
struct Received {
  Bytes bytes;  ///< at least one; valid during the step
};
struct Woke {};
using BusEvent = std::variant<Start, Stop, PortOpened, PortFailed, RequestSent, Received, Woke>;

// Actions: what the host must do, in this order.
struct OpenPort {};    ///< -> PortOpened or PortFailed
struct ClosePort {};   ///< nothing more is reported
struct FlushInput {};  ///< cancel the read, throw away what has arrived
struct SendRequest {
  RequestFrame frame;  ///< -> RequestSent or PortFailed
};
struct StartRead {};  ///< -> Received once, or PortFailed
struct WakeAt {
  Instant at;  ///< -> Woke; replaces the former one
};
/// Words of one request, `index` into MeterPlan::blocks or MeterPlan::identity.
struct Answer {
  std::size_t meter = 0;
  std::size_t index = 0;
  Instant at;                            ///< the last byte was here
  std::span<const std::uint16_t> words;  ///< valid until the next step
};
struct BlockAnswered : Answer {};
struct IdentityAnswered : Answer {};
struct HealthChanged {
  std::size_t meter = 0;
  Health from = Health::unknown;
  Health to = Health::unknown;
};
/// Reported at the first refusal since the last answer.
struct RequestRefused {
  std::size_t meter = 0;
  ReadBlock block;
  std::uint8_t exception_code = 0;
};
struct PortUp {};
struct PortDown {};  ///< all meters are unknown from now on
using BusAction = std::variant<OpenPort, ClosePort, FlushInput, SendRequest, StartRead, WakeAt, BlockAnswered,
                               IdentityAnswered, HealthChanged, RequestRefused, PortUp, PortDown>;
using BusActions = InlineVector<BusAction, 10>;

}  // namespace meterseal::meter
