#pragma once

// An application message, in or out. Thread: values, any. @source MQTT 3.1.1, 3.3; MQTT 5, 3.3

#include <cstdint>
#include <string>

namespace meterseal::mqtt {

enum class Qos : std::uint8_t {
  at_most_once = 0,
  at_least_once = 1,
  exactly_once = 2
};

struct Message {
  std::string topic;    ///< UTF-8 without NUL and wildcards, at most 65,535 bytes
  std::string payload;  ///< any bytes
  Qos qos = Qos::at_least_once;
  bool retain = false;
};

/// Names one outgoing QoS 1 message between its sender and the client. Chosen by the sender, unique while in flight.
using Token = std::uint64_t;

enum class Version : std::uint8_t {
  v3_1_1 = 4,
  v5 = 5
};  ///< the value is the protocol level byte

}  // namespace meterseal::mqtt
