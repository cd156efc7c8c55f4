#include "mqtt/packet_properties.hpp"

#include <array>

#include "core/text.hpp"
#include "mqtt/errors.hpp"

namespace meterseal::mqtt {

namespace {

enum class ValueKind : std::uint8_t {
  none,
  byte,
  two_bytes,
  four_bytes,
  variable,
  binary,
  string,
  pair
};

constexpr std::uint16_t place(PacketType type) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type));
}
constexpr std::uint16_t kAcks = place(PacketType::puback) | place(PacketType::pubrec) | place(PacketType::pubrel) |
                                place(PacketType::pubcomp) | place(PacketType::suback) | place(PacketType::unsuback);

struct Rule {
  ValueKind kind = ValueKind::none;
  std::uint16_t places = 0;  ///< in packets that a broker may send
};

/// @source MQTT 5, 2.2.2.2, table 2-4
constexpr Rule rule_of(std::uint32_t id) {
  constexpr std::uint16_t connack = place(PacketType::connack);
  constexpr std::uint16_t publish = place(PacketType::publish);
  switch (id) {
    case property::payload_format: return {ValueKind::byte, publish};
    case property::message_expiry: return {ValueKind::four_bytes, publish};
    case property::content_type:
    case property::response_topic: return {ValueKind::string, publish};
    case property::correlation_data: return {ValueKind::binary, publish};
    case property::subscription_id: return {ValueKind::variable, publish};
    case property::topic_alias: return {ValueKind::two_bytes, publish};
    case property::session_expiry: return {ValueKind::four_bytes, connack};
    case property::assigned_client_id:
    case property::response_information: return {ValueKind::string, connack};
    case property::server_keep_alive:
    case property::receive_maximum:
    case property::topic_alias_maximum: return {ValueKind::two_bytes, connack};
    case property::maximum_packet_size: return {ValueKind::four_bytes, connack};
    case property::maximum_qos:
    case property::retain_available:
    case property::wildcard_available:
    case property::subscription_id_available:
    case property::shared_available: return {ValueKind::byte, connack};
    case property::authentication_method: return {ValueKind::string, connack};
    case property::authentication_data: return {ValueKind::binary, connack};
    case property::server_reference: return {ValueKind::string, connack | place(PacketType::disconnect)};
    case property::reason_string: return {ValueKind::string, connack | kAcks | place(PacketType::disconnect)};
    case property::user_property: return {ValueKind::pair, publish | connack | kAcks | place(PacketType::disconnect)};
    default: return {};  // unknown, or sent by clients only
  }
}

struct Value {
  std::uint32_t number = 0;
  std::string_view text;
};

std::optional<std::string_view> read_string(ByteReader& in) {
  const std::string_view text = as_text(in.take(in.u16()));
  if (in.failed() || !is_utf8_without_nul(text)) return std::nullopt;
  return text;
}

std::optional<Value> read_value(ByteReader& in, ValueKind kind) {
  Value value;
  switch (kind) {
    case ValueKind::none: return std::nullopt;
    case ValueKind::byte: value.number = in.u8(); break;
    case ValueKind::two_bytes: value.number = in.u16(); break;
    case ValueKind::four_bytes: value.number = in.u32(); break;
    case ValueKind::variable: {
      const auto number = read_variable(in);
      if (!number) return std::nullopt;
      value.number = *number;
      break;
    }
    case ValueKind::binary: value.text = as_text(in.take(in.u16())); break;
    case ValueKind::string:
    case ValueKind::pair: {
      const auto text = read_string(in);
      if (!text || (kind == ValueKind::pair && !read_string(in))) return std::nullopt;
      value.text = *text;
      break;
    }
  }
  if (in.failed()) return std::nullopt;
  return value;
}

tl::unexpected<Error> violation(std::string_view what, std::uint32_t id) {
  Text<96> detail(what);
  detail.add(" (property ").add_uint(id).add(")");
  return fail(protocol_error, {}, detail);
}

Result<void> take(std::uint32_t id, const Value& value, ConnAck& found) {
  switch (id) {
    case property::server_keep_alive: found.server_keep_alive = seconds(value.number); break;
    case property::receive_maximum:
      if (value.number == 0) return violation("the receive maximum is 0", id);
      found.receive_maximum = static_cast<std::uint16_t>(value.number);
      break;
    case property::maximum_qos:
      if (value.number > 1) return violation("the maximum QoS is neither 0 nor 1", id);
      found.maximum_qos = static_cast<Qos>(value.number);
      break;
    case property::retain_available:
      if (value.number > 1) return violation("a yes or no is neither", id);
      found.retain_available = value.number == 1;
      break;
    case property::maximum_packet_size:
      if (value.number == 0) return violation("the maximum packet size is 0", id);
      found.maximum_packet_size = value.number;
      break;
    case property::reason_string: found.reason = value.text; break;
    case property::topic_alias:
      // Our Topic Alias Maximum is 0. @source MQTT 5, 3.3.2.3.4
      return violation("a topic alias, although none may be used", id);
    case property::payload_format:
    case property::wildcard_available:
    case property::subscription_id_available:
    case property::shared_available:
      if (value.number > 1) return violation("a yes or no is neither", id);
      break;
    case property::subscription_id:
      if (value.number == 0) return violation("a subscription identifier is 0", id);
      break;
    default: break;
  }
  return {};
}

bool may_repeat(std::uint32_t id) {
  return id == property::user_property || id == property::subscription_id;
}

}  // namespace

std::optional<std::uint32_t> read_variable(ByteReader& in) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint8_t byte = in.u8();
    if (in.failed()) return std::nullopt;
    value |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    if (byte == 0 && i > 0) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

void write_variable(ByteWriter& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.u8(static_cast<std::uint8_t>(value | 0x80));
  out.u8(static_cast<std::uint8_t>(value));
}

std::size_t variable_size(std::uint32_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

Result<void> read_properties(ByteReader& in, PacketType type, ConnAck& found) {
  const auto length = read_variable(in);
  if (!length || *length > in.left()) return fail(malformed_packet, {}, "the properties do not fit into their packet");
  ByteReader properties(in.take(*length));
  std::uint64_t seen = 0;
  while (properties.left() > 0) {
    const auto id = read_variable(properties);
    const Rule rule = id ? rule_of(*id) : Rule{};
    if (rule.kind == ValueKind::none) return fail(malformed_packet, {}, "an unknown property");
    if ((rule.places & place(type)) == 0) return violation("a property in the wrong packet", *id);
    const std::uint64_t bit = std::uint64_t{1} << *id;
    if ((seen & bit) != 0 && !may_repeat(*id)) return violation("a property twice", *id);
    seen |= bit;
    const auto value = read_value(properties, rule.kind);
    if (!value) return fail(malformed_packet, {}, "a property is cut off or not UTF-8");
    if (auto taken = take(*id, *value, found); !taken) return taken;
  }
  return {};
}

}  // namespace meterseal::mqtt
