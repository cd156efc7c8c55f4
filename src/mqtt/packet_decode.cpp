#include "mqtt/packet_decode.hpp"

#include "core/text.hpp"
#include "mqtt/errors.hpp"
#include "mqtt/packet_properties.hpp"

namespace meterseal::mqtt {

namespace {

using Outcome = Result<Incoming>;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(malformed_packet, {}, what);
}
tl::unexpected<Error> violation(std::string_view what) {
  return fail(protocol_error, {}, what);
}

/// @source 2.2.2
std::uint8_t reserved_flags_of(PacketType type) {
  return type == PacketType::pubrel ? 2 : 0;
}

Result<std::string_view> read_reason(ByteReader& in, PacketType type) {
  ConnAck found;
  if (auto read = read_properties(in, type, found); !read) return tl::unexpected<Error>(read.error());
  return found.reason;
}

Outcome decode_connack(ByteReader in, Version version) {
  ConnAck connack;
  const std::uint8_t flags = in.u8();
  connack.code = in.u8();
  if (in.failed()) return malformed("a CONNACK is cut off");
  if ((flags & 0xFE) != 0) return malformed("reserved flags of a CONNACK are set");
  connack.session_present = (flags & 1) != 0;
  // A broker without MQTT 5 refuses it in the form of its own version, which has no properties. @source MQTT 5, 3.1.2.2
  const bool is_old_refusal = in.left() == 0 && connack.code != reason::success;
  if (version == Version::v5 && !is_old_refusal) {
    if (auto read = read_properties(in, PacketType::connack, connack); !read) {
      return tl::unexpected<Error>(read.error());
    }
  }
  if (in.left() != 0) return malformed("a CONNACK is too long");
  return connack;
}

Outcome decode_publish(ByteReader in, std::uint8_t flags, Version version) {
  Publish publish;
  const auto qos = static_cast<std::uint8_t>(flags >> 1 & 3);
  if (qos == 3) return malformed("a PUBLISH with QoS 3");
  publish.qos = static_cast<Qos>(qos);
  publish.retain = (flags & 1) != 0;
  publish.duplicate = (flags & 8) != 0;
  if (publish.duplicate && qos == 0) return malformed("a PUBLISH with QoS 0 is marked as a repetition");
  publish.topic = as_text(in.take(in.u16()));
  if (in.failed()) return malformed("the topic of a PUBLISH is cut off");
  if (!is_topic_name(publish.topic)) {
    return malformed("the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard");
  }
  if (qos > 0) {
    publish.packet_id = in.u16();
    if (in.failed()) return malformed("a PUBLISH is cut off");
    if (publish.packet_id == 0) return violation("a PUBLISH has the packet identifier 0");
  }
  if (version == Version::v5) {
    if (auto read = read_reason(in, PacketType::publish); !read) return tl::unexpected<Error>(read.error());
  }
  publish.payload = as_text(in.rest());
  return publish;
}

Outcome decode_ack(ByteReader in, PacketType type, Version version) {
  Ack ack;
  ack.type = type;
  ack.packet_id = in.u16();
  if (in.failed()) return malformed("an acknowledgement is cut off");
  if (ack.packet_id == 0) return violation("an acknowledgement has the packet identifier 0");
  // Reason code and properties may be left out. @source MQTT 5, 3.4.2.1, 3.4.2.2.1
  if (version == Version::v5 && in.left() > 0) {
    ack.code = in.u8();
    if (in.left() > 0) {
      const auto text = read_reason(in, type);
      if (!text) return tl::unexpected<Error>(text.error());
      ack.reason = *text;
    }
  }
  if (in.left() != 0) return malformed("an acknowledgement is too long");
  return ack;
}

Outcome decode_suback(ByteReader in, Version version) {
  SubAck suback;
  suback.packet_id = in.u16();
  if (in.failed()) return malformed("a SUBACK is cut off");
  if (suback.packet_id == 0) return violation("a SUBACK has the packet identifier 0");
  if (version == Version::v5) {
    const auto text = read_reason(in, PacketType::suback);
    if (!text) return tl::unexpected<Error>(text.error());
    suback.reason = *text;
  }
  suback.codes = in.rest();
  for (const std::uint8_t code : suback.codes) {
    const bool granted = code <= static_cast<std::uint8_t>(Qos::exactly_once);
    const bool refused = version == Version::v5 ? code >= reason::failure : code == reason::failure;
    if (!granted && !refused) return malformed("a SUBACK with a code that does not exist");
  }
  return suback;
}

Outcome decode_disconnect(ByteReader in, Version version) {
  if (version != Version::v5) return violation("a DISCONNECT from the broker");
  Disconnect disconnect;
  if (in.left() > 0) disconnect.code = in.u8();
  if (in.left() > 0) {
    const auto text = read_reason(in, PacketType::disconnect);
    if (!text) return tl::unexpected<Error>(text.error());
    disconnect.reason = *text;
  }
  if (in.left() != 0) return malformed("a DISCONNECT is too long");
  return disconnect;
}

}  // namespace

Result<Incoming> decode_packet(Bytes packet, Version version) {
  if (packet.size() < 2) return malformed("a packet without header");
  const auto type = static_cast<PacketType>(packet[0] >> 4);
  const auto flags = static_cast<std::uint8_t>(packet[0] & 0xF);
  ByteReader in(packet.subspan(1));
  std::uint8_t last = in.u8();
  const bool is_long = (last & 0x80) != 0;
  while ((last & 0x80) != 0) last = in.u8();
  if (in.failed()) return malformed("a packet without length");
  // MQTT 3.1.1 allows it. @source MQTT 5, 1.5.5
  if (version == Version::v5 && is_long && last == 0) return malformed("a length is not as short as it can be");
  if (type != PacketType::publish && flags != reserved_flags_of(type)) return malformed("reserved flags are set");
  switch (type) {
    case PacketType::connack: return decode_connack(in, version);
    case PacketType::publish: return decode_publish(in, flags, version);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return decode_ack(in, type, version);
    case PacketType::suback: return decode_suback(in, version);
    case PacketType::pingresp:
      if (in.left() != 0) return malformed("a PINGRESP is too long");
      return PingResp{};
    case PacketType::disconnect: return decode_disconnect(in, version);
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq: return violation("a packet that only clients may send");
    case PacketType::unsuback: return violation("an UNSUBACK without UNSUBSCRIBE");
    case PacketType::auth: return violation("an AUTH, although no authentication method is in use");
  }
  return malformed("a packet of type 0");
}

}  // namespace meterseal::mqtt
