#pragma once

// Writes the packets of this client. Where the writer has no room, its failed() says so and the packet is not to be
// sent. Texts must be UTF-8 of at most 65,535 bytes (is_topic_name, configuration). Thread: any (pure).

#include <optional>
#include <span>

#include "mqtt/packet.hpp"

namespace meterseal::mqtt {

struct Connect {
  Version version = Version::v3_1_1;
  std::string_view client_id;
  std::string_view user;  ///< empty: neither user name nor password
  std::string_view password;
  std::optional<Publish> will;
  seconds keep_alive{};
};

/// Clean session (3.1.1) or clean start with session expiry 0 (5). MQTT 5: announces kMaxPacket and no topic aliases.
void encode_connect(ByteWriter& out, const Connect& connect);

/// Size of the whole packet, before it is written.
[[nodiscard]] std::size_t publish_size(const Publish& publish, Version version);
void encode_publish(ByteWriter& out, const Publish& publish, Version version);

/// PUBACK, PUBREC or PUBCOMP; the reason code goes out in MQTT 5 only.
void encode_ack(ByteWriter& out, const Ack& ack, Version version);

/// All filters with QoS 1.
void encode_subscribe(ByteWriter& out, std::uint16_t packet_id, std::span<const std::string_view> filters,
                      Version version);

void encode_pingreq(ByteWriter& out);

/// @param code  goes out in MQTT 5 only
void encode_disconnect(ByteWriter& out, std::uint8_t code, Version version);

}  // namespace meterseal::mqtt
