#pragma once

// The properties of MQTT 5: one walk over them that checks identifier, type, place and repetition, and keeps the few
// that this client acts upon. Everything else is known and ignored.
// Thread: values, any. @source MQTT 5, 2.2.2. Errors: malformed_packet, protocol_error

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "mqtt/packet.hpp"

namespace meterseal::mqtt {

/// @source MQTT 5, 2.2.2.2
namespace property {
inline constexpr std::uint32_t payload_format = 1;
inline constexpr std::uint32_t message_expiry = 2;
inline constexpr std::uint32_t content_type = 3;
inline constexpr std::uint32_t response_topic = 8;
inline constexpr std::uint32_t correlation_data = 9;
inline constexpr std::uint32_t subscription_id = 11;
inline constexpr std::uint32_t session_expiry = 17;
inline constexpr std::uint32_t assigned_client_id = 18;
inline constexpr std::uint32_t server_keep_alive = 19;
inline constexpr std::uint32_t authentication_method = 21;
inline constexpr std::uint32_t authentication_data = 22;
inline constexpr std::uint32_t request_problem_information = 23;
inline constexpr std::uint32_t will_delay = 24;
inline constexpr std::uint32_t request_response_information = 25;
inline constexpr std::uint32_t response_information = 26;
inline constexpr std::uint32_t server_reference = 28;
inline constexpr std::uint32_t reason_string = 31;
inline constexpr std::uint32_t receive_maximum = 33;
inline constexpr std::uint32_t topic_alias_maximum = 34;
inline constexpr std::uint32_t topic_alias = 35;
inline constexpr std::uint32_t maximum_qos = 36;
inline constexpr std::uint32_t retain_available = 37;
inline constexpr std::uint32_t user_property = 38;
inline constexpr std::uint32_t maximum_packet_size = 39;
inline constexpr std::uint32_t wildcard_available = 40;
inline constexpr std::uint32_t subscription_id_available = 41;
inline constexpr std::uint32_t shared_available = 42;
}  // namespace property

/// Reads a variable byte integer. @source MQTT 5, 1.5.5
/// @return nullopt when it is cut off, too long or not as short as it can be
[[nodiscard]] std::optional<std::uint32_t> read_variable(ByteReader& in);
void write_variable(ByteWriter& out, std::uint32_t value);
[[nodiscard]] std::size_t variable_size(std::uint32_t value);

/// Reads the properties of a packet of `type`, with their length in front.
/// @param found  gets what belongs into it: all of a ConnAck that is a property, `reason` of the others
[[nodiscard]] Result<void> read_properties(ByteReader& in, PacketType type, ConnAck& found);

}  // namespace meterseal::mqtt
