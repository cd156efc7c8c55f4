#pragma once

// The packets of MQTT 3.1.1 and MQTT 5 as this client sees them: what a broker may send (Incoming) and the few that it
// sends itself (packet_encode.hpp). Texts and payloads are views into the bytes they were read from.
// Thread: values, any. @source OASIS MQTT 3.1.1 (2014), OASIS MQTT 5.0 (2019); section numbers below are the same in
// both unless said.

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/bytes.hpp"
#include "core/time.hpp"
#include "mqtt/message.hpp"

namespace meterseal::mqtt {

/// Largest packet in either direction, with its header.
inline constexpr std::size_t kMaxPacket = std::size_t{256} * 1024;
/// @source 1.5.3: two bytes of length
inline constexpr std::size_t kMaxString = 65'535;

/// @source 2.2.1 (MQTT 5: 2.1.2)
enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
  auth = 15,
};

/// Return codes of MQTT 3.1.1 (CONNACK 3.2.2.3) and reason codes of MQTT 5 (2.4) that this client tells apart or sends.
namespace reason {
inline constexpr std::uint8_t success = 0x00;
inline constexpr std::uint8_t v3_version = 1;
inline constexpr std::uint8_t v3_client_id = 2;
inline constexpr std::uint8_t v3_unavailable = 3;
inline constexpr std::uint8_t v3_credentials = 4;
inline constexpr std::uint8_t v3_not_authorized = 5;
inline constexpr std::uint8_t failure = 0x80;  ///< this one and all above are failures
inline constexpr std::uint8_t malformed_packet = 0x81;
inline constexpr std::uint8_t protocol_error = 0x82;
inline constexpr std::uint8_t unsupported_version = 0x84;
inline constexpr std::uint8_t client_id_invalid = 0x85;
inline constexpr std::uint8_t bad_credentials = 0x86;
inline constexpr std::uint8_t not_authorized = 0x87;
inline constexpr std::uint8_t server_unavailable = 0x88;
inline constexpr std::uint8_t server_busy = 0x89;
inline constexpr std::uint8_t banned = 0x8A;
inline constexpr std::uint8_t server_shutting_down = 0x8B;
inline constexpr std::uint8_t session_taken_over = 0x8E;
inline constexpr std::uint8_t packet_id_not_found = 0x92;
inline constexpr std::uint8_t packet_too_large = 0x95;
inline constexpr std::uint8_t quota_exceeded = 0x97;
}  // namespace reason

/// "not authorized" for 0x87; empty for a number that MQTT 5 does not know.
[[nodiscard]] std::string_view reason_text(std::uint8_t code);

struct Publish {
  std::string_view topic;
  std::string_view payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  bool duplicate = false;
  std::uint16_t packet_id = 0;  ///< 0 with QoS 0 only
};

/// What the broker says about itself is in CONNACK; the defaults are those of MQTT 5 and hold for 3.1.1.
struct ConnAck {
  std::uint8_t code = reason::success;
  bool session_present = false;
  std::uint16_t receive_maximum = 65'535;
  std::uint32_t maximum_packet_size = UINT32_MAX;
  Qos maximum_qos = Qos::exactly_once;
  bool retain_available = true;
  std::optional<seconds> server_keep_alive;
  std::string_view reason;  ///< for people, whatever the broker says
};

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
struct Ack {
  PacketType type = PacketType::puback;
  std::uint16_t packet_id = 0;
  std::uint8_t code = reason::success;
  std::string_view reason;
};

struct SubAck {
  std::uint16_t packet_id = 0;
  Bytes codes;  ///< one for each filter: granted QoS, or a failure from 0x80 on
  std::string_view reason;
};

struct PingResp {};

/// From the broker only in MQTT 5.
struct Disconnect {
  std::uint8_t code = reason::success;
  std::string_view reason;
};

using Incoming = std::variant<PingResp, ConnAck, Publish, Ack, SubAck, Disconnect>;

/// A topic to publish on: not empty, UTF-8 without NUL, no wildcard, at most 65,535 bytes. @source 4.7
[[nodiscard]] bool is_topic_name(std::string_view topic);

}  // namespace meterseal::mqtt
