#include "mqtt/packet_encode.hpp"

#include "mqtt/packet_properties.hpp"

namespace meterseal::mqtt {

namespace {

/// @source MQTT 5, 3.1.2.11: session expiry 0, maximum packet size, topic alias maximum 0
constexpr std::uint32_t kConnectProperties = 5 + 5 + 3;

std::size_t string_size(std::string_view text) {
  return 2 + text.size();
}

void write_header(ByteWriter& out, PacketType type, unsigned flags, std::size_t remaining) {
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
  write_variable(out, static_cast<std::uint32_t>(remaining));
}

void write_string(ByteWriter& out, std::string_view text) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.bytes(as_bytes(text));
}

/// Those that are written here are below 128.
void write_id(ByteWriter& out, std::uint32_t id) {
  write_variable(out, id);
}

std::size_t publish_remaining(const Publish& publish, Version version) {
  return string_size(publish.topic) + (publish.qos == Qos::at_most_once ? 0 : 2) + (version == Version::v5 ? 1 : 0) +
         publish.payload.size();
}

/// @source 3.1.2.3
unsigned connect_flags(const Connect& connect) {
  unsigned flags = 0x02;  // clean session, clean start
  if (connect.will) {
    flags |= 0x04U | static_cast<unsigned>(connect.will->qos) << 3 | (connect.will->retain ? 0x20U : 0U);
  }
  if (!connect.user.empty()) flags |= 0x80U | 0x40U;
  return flags;
}

std::size_t connect_remaining(const Connect& connect) {
  const bool v5 = connect.version == Version::v5;
  std::size_t size = 10 + (v5 ? 1 + kConnectProperties : 0) + string_size(connect.client_id);
  if (connect.will) size += (v5 ? 1 : 0) + string_size(connect.will->topic) + string_size(connect.will->payload);
  if (!connect.user.empty()) size += string_size(connect.user) + string_size(connect.password);
  return size;
}

}  // namespace

void encode_connect(ByteWriter& out, const Connect& connect) {
  const bool v5 = connect.version == Version::v5;
  write_header(out, PacketType::connect, 0, connect_remaining(connect));
  write_string(out, "MQTT");
  out.u8(static_cast<std::uint8_t>(connect.version));
  out.u8(static_cast<std::uint8_t>(connect_flags(connect)));
  out.u16(static_cast<std::uint16_t>(connect.keep_alive.count()));
  if (v5) {
    write_variable(out, kConnectProperties);
    write_id(out, property::session_expiry);
    out.u32(0);
    write_id(out, property::maximum_packet_size);
    out.u32(kMaxPacket);
    write_id(out, property::topic_alias_maximum);
    out.u16(0);
  }
  write_string(out, connect.client_id);
  if (connect.will) {
    if (v5) write_variable(out, 0);
    write_string(out, connect.will->topic);
    write_string(out, connect.will->payload);
  }
  if (connect.user.empty()) return;
  write_string(out, connect.user);
  write_string(out, connect.password);
}

std::size_t publish_size(const Publish& publish, Version version) {
  const std::size_t remaining = publish_remaining(publish, version);
  return 1 + variable_size(static_cast<std::uint32_t>(remaining)) + remaining;
}

void encode_publish(ByteWriter& out, const Publish& publish, Version version) {
  const unsigned flags =
      static_cast<unsigned>(publish.qos) << 1 | (publish.retain ? 1U : 0U) | (publish.duplicate ? 8U : 0U);
  write_header(out, PacketType::publish, flags, publish_remaining(publish, version));
  write_string(out, publish.topic);
  if (publish.qos != Qos::at_most_once) out.u16(publish.packet_id);
  if (version == Version::v5) write_variable(out, 0);
  out.bytes(as_bytes(publish.payload));
}

void encode_ack(ByteWriter& out, const Ack& ack, Version version) {
  const bool with_code = version == Version::v5 && ack.code != reason::success;
  write_header(out, ack.type, ack.type == PacketType::pubrel ? 2 : 0, with_code ? 3 : 2);
  out.u16(ack.packet_id);
  if (with_code) out.u8(ack.code);
}

void encode_subscribe(ByteWriter& out, std::uint16_t packet_id, std::span<const std::string_view> filters,
                      Version version) {
  std::size_t remaining = 2 + (version == Version::v5 ? 1 : 0);
  for (const std::string_view filter : filters) remaining += string_size(filter) + 1;
  write_header(out, PacketType::subscribe, 2, remaining);
  out.u16(packet_id);
  if (version == Version::v5) write_variable(out, 0);
  for (const std::string_view filter : filters) {
    write_string(out, filter);
    out.u8(static_cast<std::uint8_t>(Qos::at_least_once));
  }
}

void encode_pingreq(ByteWriter& out) {
  write_header(out, PacketType::pingreq, 0, 0);
}

void encode_disconnect(ByteWriter& out, std::uint8_t code, Version version) {
  const bool with_code = version == Version::v5 && code != reason::success;
  write_header(out, PacketType::disconnect, 0, with_code ? 1 : 0);
  if (with_code) out.u8(code);
}

}  // namespace meterseal::mqtt
