#pragma once

// The properties of MQTT 5: one walk over them that checks identifier, type, place and repetition, and keeps the few
// that this client acts upon. Everything else is known and ignored.
// Thread: values, any. @source MQTT 5, 2.2.2. Errors: malformed_packet, protocol_error

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "mqtt/packet.hpp"

namespace meterseal::mqtt {

/// @source MQTT 5, 2.2.2.2
enum class PropertyId : std::uint8_t {
  payload_format = 1,
  message_expiry = 2,
  content_type = 3,
  response_topic = 8,
  correlation_data = 9,
  subscription_id = 11,
  session_expiry = 17,
  assigned_client_id = 18,
  server_keep_alive = 19,
  authentication_method = 21,
  authentication_data = 22,
  request_problem_information = 23,
  will_delay = 24,
  request_response_information = 25,
  response_information = 26,
  server_reference = 28,
  reason_string = 31,
  receive_maximum = 33,
  topic_alias_maximum = 34,
  topic_alias = 35,
  maximum_qos = 36,
  retain_available = 37,
  user_property = 38,
  maximum_packet_size = 39,
  wildcard_available = 40,
  subscription_id_available = 41,
  shared_available = 42,
};

/// Reads a variable byte integer. @source MQTT 5, 1.5.5
/// @return nullopt when it is cut off, too long or not as short as it can be
[[nodiscard]] std::optional<std::uint32_t> read_variable(ByteReader& in);
void write_variable(ByteWriter& out, std::uint32_t value);
[[nodiscard]] std::size_t variable_size(std::uint32_t value);

/// Reads the properties of a packet of `type`, with their length in front.
/// @param found  gets what belongs into it: all of a ConnAck that is a property, `reason` of the others
[[nodiscard]] Result<void> read_properties(ByteReader& in, PacketType type, ConnAck& found);

}  // namespace meterseal::mqtt
