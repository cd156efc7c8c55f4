#include "mqtt/packet_decode.hpp"

#include <gtest/gtest.h>

#include "mqtt/errors.hpp"
#include "support/mqtt_world.hpp"

namespace meterseal::mqtt {
namespace {

using test::packet;

constexpr Version v3 = Version::v3_1_1;
constexpr Version v5 = Version::v5;

struct Bad {
  std::string_view what;
  std::string_view bytes;
  Version version;
  const Code& code;
  std::string_view detail;
};

TEST(PacketDecode, RefusesWhatABrokerMayNotSend) {
  const Bad table[] = {
      {"type 0", "00 00", v3, malformed_packet, "a packet of type 0"},
      {"an HTTP answer", "48 54 54 50", v3, malformed_packet, "reserved flags are set"},
      {"one byte", "20", v3, malformed_packet, "a packet without header"},
      {"a length that does not end", "20 80 80 80", v3, malformed_packet, "a packet without length"},
      {"a CONNECT", "10 02 00 00", v3, protocol_error, "a packet that only clients may send"},
      {"a SUBSCRIBE", "82 02 00 01", v3, malformed_packet, "reserved flags are set"},
      {"a PINGREQ", "C0 00", v3, protocol_error, "a packet that only clients may send"},
      {"an UNSUBACK", "B0 02 00 01", v3, protocol_error, "an UNSUBACK without UNSUBSCRIBE"},
      {"an AUTH", "F0 00", v5, protocol_error, "an AUTH, although no authentication method is in use"},

      {"CONNACK cut off", "20 01 00", v3, malformed_packet, "a CONNACK is cut off"},
      {"CONNACK with reserved flags", "20 02 02 00", v3, malformed_packet, "reserved flags of a CONNACK are set"},
      {"CONNACK followed by garbage", "20 04 00 00 DE AD", v3, malformed_packet, "a CONNACK is too long"},
      {"CONNACK with flags in its header", "21 02 00 00", v3, malformed_packet, "reserved flags are set"},
      {"CONNACK of MQTT 5 without properties", "20 02 00 00", v5, malformed_packet,
       "the properties do not fit into their packet"},
      {"CONNACK with properties longer than itself", "20 03 00 00 05", v5, malformed_packet,
       "the properties do not fit into their packet"},
      {"CONNACK with bytes after its properties", "20 04 00 00 00 00", v5, malformed_packet, "a CONNACK is too long"},
      {"receive maximum 0", "20 06 00 00 03 21 00 00", v5, protocol_error, "the receive maximum is 0 (property 33)"},
      {"maximum packet size 0", "20 08 00 00 05 27 00 00 00 00", v5, protocol_error,
       "the maximum packet size is 0 (property 39)"},
      {"maximum QoS 2", "20 05 00 00 02 24 02", v5, protocol_error, "the maximum QoS is neither 0 nor 1 (property 36)"},
      {"a yes that is 2", "20 05 00 00 02 25 02", v5, protocol_error, "a yes or no is neither (property 37)"},
      {"a property twice", "20 09 00 00 06 21 00 05 21 00 05", v5, protocol_error, "a property twice (property 33)"},
      {"an unknown property", "20 05 00 00 02 7F 00", v5, malformed_packet, "an unknown property"},
      {"a property number that is 1 only in its low byte", "20 06 00 00 03 81 02 00", v5, malformed_packet,
       "an unknown property"},
      {"a property of PUBLISH in CONNACK", "20 05 00 00 02 01 00", v5, protocol_error,
       "a property in the wrong packet (property 1)"},
      {"a property that only clients send", "20 05 00 00 02 17 01", v5, malformed_packet, "an unknown property"},
      {"a property cut off", "20 05 00 00 02 21 00", v5, malformed_packet, "a property is cut off or not UTF-8"},
      {"a reason that is not UTF-8", "20 08 00 00 05 1F 00 02 C3 28", v5, malformed_packet,
       "a property is cut off or not UTF-8"},
      {"a reason with NUL", "20 07 00 00 04 1F 00 01 00", v5, malformed_packet, "a property is cut off or not UTF-8"},
      {"PINGRESP with a superfluous length byte", "D0 80 00", v5, malformed_packet,
       "a length is not as short as it can be"},

      {"PUBLISH with QoS 3", "36 05 00 01 't' 00 01", v3, malformed_packet, "a PUBLISH with QoS 3"},
      {"PUBLISH repeated with QoS 0", "38 03 00 01 't'", v3, malformed_packet,
       "a PUBLISH with QoS 0 is marked as a repetition"},
      {"PUBLISH without topic", "30 02 00 00", v3, malformed_packet,
       "the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard"},
      {"PUBLISH to a wildcard", "30 05 00 03 'a/#'", v3, malformed_packet,
       "the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard"},
      {"PUBLISH to a single-level wildcard", "30 05 00 03 'a/+'", v3, malformed_packet,
       "the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard"},
      {"PUBLISH to a topic with NUL", "30 05 00 03 'a' 00 'b'", v3, malformed_packet,
       "the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard"},
      {"PUBLISH to a topic with a surrogate", "30 05 00 03 ED A0 80", v3, malformed_packet,
       "the topic of a PUBLISH is empty, not UTF-8 or holds a wildcard"},
      {"PUBLISH with a topic longer than itself", "30 03 00 09 't'", v3, malformed_packet,
       "the topic of a PUBLISH is cut off"},
      {"PUBLISH with QoS 1 without identifier", "32 03 00 01 't'", v3, malformed_packet, "a PUBLISH is cut off"},
      {"PUBLISH with identifier 0", "32 05 00 01 't' 00 00", v3, protocol_error,
       "a PUBLISH has the packet identifier 0"},
      {"PUBLISH with a topic alias", "30 07 00 01 't' 03 23 00 01", v5, protocol_error,
       "a topic alias, although none may be used (property 35)"},
      {"PUBLISH with subscription identifier 0", "30 06 00 01 't' 02 0B 00", v5, protocol_error,
       "a subscription identifier is 0 (property 11)"},
      {"PUBLISH of MQTT 5 without properties", "30 03 00 01 't'", v5, malformed_packet,
       "the properties do not fit into their packet"},

      {"PUBACK cut off", "40 01 00", v3, malformed_packet, "an acknowledgement is cut off"},
      {"PUBACK with identifier 0", "40 02 00 00", v3, protocol_error, "an acknowledgement has the packet identifier 0"},
      {"PUBACK too long", "40 03 00 01 00", v3, malformed_packet, "an acknowledgement is too long"},
      {"PUBACK with bytes after its properties", "40 05 00 01 00 00 00", v5, malformed_packet,
       "an acknowledgement is too long"},
      {"PUBREL without its flags", "60 02 00 01", v3, malformed_packet, "reserved flags are set"},
      {"SUBACK cut off", "90 01 00", v3, malformed_packet, "a SUBACK is cut off"},
      {"SUBACK with identifier 0", "90 03 00 00 00", v3, protocol_error, "a SUBACK has the packet identifier 0"},
      {"SUBACK with a code of MQTT 5", "90 03 00 01 87", v3, malformed_packet,
       "a SUBACK with a code that does not exist"},
      {"SUBACK with code 3", "90 04 00 01 00 03", v5, malformed_packet, "a SUBACK with a code that does not exist"},
      {"PINGRESP too long", "D0 01 00", v3, malformed_packet, "a PINGRESP is too long"},
      {"DISCONNECT from a broker of MQTT 3.1.1", "E0 00", v3, protocol_error, "a DISCONNECT from the broker"},
      {"DISCONNECT too long", "E0 03 8B 00 00", v5, malformed_packet, "a DISCONNECT is too long"},
  };
  for (const Bad& row : table) {
    const auto bytes = packet(row.bytes);
    const auto decoded = decode_packet(bytes, row.version);
    ASSERT_FALSE(decoded.has_value()) << row.what;
    EXPECT_EQ(decoded.error().code.name, row.code.name) << row.what;
    EXPECT_EQ(decoded.error().detail.view(), row.detail) << row.what;
  }
}

template <class T>
T decoded(std::string_view text, Version version) {
  static test::PacketBytes bytes;  // views point into it
  bytes = packet(text);
  const auto result = decode_packet(bytes, version);
  EXPECT_TRUE(result.has_value()) << text;
  return std::get<T>(result.value());
}

TEST(PacketDecode, ReadsConnack) {
  EXPECT_EQ(decoded<ConnAck>("20 02 00 00", v3).code, 0);
  EXPECT_TRUE(decoded<ConnAck>("20 02 01 00", v3).session_present);
  EXPECT_EQ(decoded<ConnAck>("20 02 00 05", v3).code, 5);
}

TEST(PacketDecode, ReadsWhatABrokerSaysAboutItself) {
  const auto connack = decoded<ConnAck>(
      "20 21 00 00 1E 21 00 0A 24 01 25 00 27 00 00 10 00 12 00 01 'x' 13 00 3C 28 01 29 00 2A 01 1F 00 02 'hi'", v5);
  EXPECT_EQ(connack.receive_maximum, 10);
  EXPECT_EQ(connack.maximum_qos, Qos::at_least_once);
  EXPECT_FALSE(connack.retain_available);
  EXPECT_EQ(connack.maximum_packet_size, 4096U);
  EXPECT_EQ(connack.server_keep_alive, seconds(60));
  EXPECT_EQ(connack.reason, "hi");
}

TEST(PacketDecode, ReadsTheRefusalOfABrokerThatKnowsNoMqtt5) {
  EXPECT_EQ(decoded<ConnAck>("20 02 00 01", v5).code, 1);
}

TEST(PacketDecode, ReadsThePublishOfTheStandard) {
  // @source MQTT 3.1.1, 3.3.2.3: topic "a/b", packet identifier 10
  const auto publish = decoded<Publish>("32 07 00 03 'a/b' 00 0A", v3);
  EXPECT_EQ(publish.topic, "a/b");
  EXPECT_EQ(publish.packet_id, 10);
  EXPECT_EQ(publish.qos, Qos::at_least_once);
  EXPECT_TRUE(publish.payload.empty());
}

TEST(PacketDecode, ReadsAllFlagsAndThePayloadOfAPublish) {
  const auto publish = decoded<Publish>("3D 0A 00 01 't' 01 02 'hello'", v3);
  EXPECT_EQ(publish.qos, Qos::exactly_once);
  EXPECT_TRUE(publish.retain);
  EXPECT_TRUE(publish.duplicate);
  EXPECT_EQ(publish.packet_id, 0x0102);
  EXPECT_EQ(publish.payload, "hello");
}

TEST(PacketDecode, PassesOverThePropertiesOfAPublish) {
  const auto publish = decoded<Publish>(
      "30 24 00 01 't' 1F 01 01 02 00 00 00 0A 03 00 01 'c' 08 00 01 'r' 09 00 01 FF 0B 80 01 0B 07 26 00 01 'k' 00 01 "
      "'v' '!'",
      v5);
  EXPECT_EQ(publish.topic, "t");
  EXPECT_EQ(publish.payload, "!");
}

TEST(PacketDecode, ReadsAcknowledgementsWithAndWithoutReason) {
  EXPECT_EQ(decoded<Ack>("40 02 12 34", v3).packet_id, 0x1234);
  EXPECT_EQ(decoded<Ack>("40 02 12 34", v5).code, 0);
  EXPECT_EQ(decoded<Ack>("40 03 00 01 87", v5).code, reason::not_authorized);
  const auto ack = decoded<Ack>("40 09 00 01 97 05 1F 00 02 'no'", v5);
  EXPECT_EQ(ack.code, reason::quota_exceeded);
  EXPECT_EQ(ack.reason, "no");
  EXPECT_EQ(decoded<Ack>("62 02 00 01", v3).type, PacketType::pubrel);
}

TEST(PacketDecode, ReadsSubackPingrespAndDisconnect) {
  EXPECT_EQ(test::hex(decoded<SubAck>("90 05 00 01 00 01 80", v3).codes), "00 01 80");
  EXPECT_EQ(test::hex(decoded<SubAck>("90 04 00 01 00 8F", v5).codes), "8F");
  decoded<PingResp>("D0 00", v3);
  EXPECT_EQ(decoded<Disconnect>("E0 00", v5).code, 0);
  EXPECT_EQ(decoded<Disconnect>("E0 01 8E", v5).code, reason::session_taken_over);
}

TEST(PacketDecode, AcceptsALengthThatCouldBeShorterWhereTheStandardDoes) {
  decoded<PingResp>("D0 80 00", v3);
}

}  // namespace
}  // namespace meterseal::mqtt
