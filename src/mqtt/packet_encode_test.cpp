#include "mqtt/packet_encode.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "support/mqtt_world.hpp"

namespace meterseal::mqtt {
namespace {

constexpr Version v3 = Version::v3_1_1;
constexpr Version v5 = Version::v5;

std::string encoded(const std::function<void(ByteWriter&)>& encode) {
  std::vector<std::uint8_t> memory(1024);
  ByteWriter out(memory);
  encode(out);
  EXPECT_FALSE(out.failed());
  return test::hex(out.written());
}
std::string hex_of(std::string_view text) {
  return test::hex(test::packet(text));
}

TEST(PacketEncode, WritesConnectWithNothingButAnIdentifier) {
  Connect connect;
  connect.client_id = "m";
  connect.keep_alive = seconds(10);
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_connect(out, connect); }),
            hex_of("10 0D 00 04 'MQTT' 04 02 00 0A 00 01 'm'"));
}

TEST(PacketEncode, WritesConnectOfTheStandardWithWillUserAndPassword) {
  // @source MQTT 3.1.1, 3.1.2: flags CE for user name, password, will QoS 1, will, clean session
  Connect connect;
  connect.client_id = "id";
  connect.keep_alive = seconds(10);
  connect.user = "u";
  connect.password = "pw";
  connect.will = Publish{"w/t", "off", Qos::at_least_once, false, false, 0};
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_connect(out, connect); }),
            hex_of("10 1F 00 04 'MQTT' 04 CE 00 0A 00 02 'id' 00 03 'w/t' 00 03 'off' 00 01 'u' 00 02 'pw'"));
  connect.will->retain = true;
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_connect(out, connect); }).substr(27, 2), "EE");
}

TEST(PacketEncode, AnnouncesItsLimitsInMqtt5) {
  Connect connect;
  connect.version = v5;
  connect.client_id = "m";
  connect.keep_alive = seconds(30);
  connect.will = Publish{"w", "x", Qos::at_most_once, false, false, 0};
  EXPECT_EQ(
      encoded([&](ByteWriter& out) { encode_connect(out, connect); }),
      hex_of(
          "10 22 00 04 'MQTT' 05 06 00 1E 0D 11 00 00 00 00 27 00 04 00 00 22 00 00 00 01 'm' 00 00 01 'w' 00 01 'x'"));
}

TEST(PacketEncode, WritesPublish) {
  const Publish publish{"a/b", "xyz", Qos::at_least_once, true, false, 10};
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_publish(out, publish, v3); }),
            hex_of("33 0A 00 03 'a/b' 00 0A 'xyz'"));
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_publish(out, publish, v5); }),
            hex_of("33 0B 00 03 'a/b' 00 0A 00 'xyz'"));
  const Publish once{"a/b", "xyz", Qos::at_most_once, false, false, 0};
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_publish(out, once, v3); }), hex_of("30 08 00 03 'a/b' 'xyz'"));
}

TEST(PacketEncode, WritesLengthsAsTheStandardShowsThem) {
  // @source MQTT 3.1.1, 2.2.3, table 2.4
  const std::pair<std::size_t, std::string> table[] = {
      {127, "7F"},          {128, "80 01"},          {16'383, "FF 7F"},
      {16'384, "80 80 01"}, {2'097'151, "FF FF 7F"}, {2'097'152, "80 80 80 01"}};
  for (const auto& [remaining, text] : table) {
    const std::string payload(remaining - 3, 'x');
    const Publish publish{"t", payload, Qos::at_most_once, false, false, 0};
    std::vector<std::uint8_t> memory(remaining + 5);
    ByteWriter out(memory);
    encode_publish(out, publish, v3);
    EXPECT_EQ(test::hex(out.written().subspan(1, (text.size() + 1) / 3)), text);
    EXPECT_EQ(out.size(), publish_size(publish, v3));
  }
}

TEST(PacketEncode, SaysWhenThereIsNoRoom) {
  std::uint8_t memory[9];
  ByteWriter out(memory);
  encode_publish(out, {"a/b", "xyz", Qos::at_most_once, false, false, 0}, v3);
  EXPECT_TRUE(out.failed());
}

TEST(PacketEncode, WritesTheSmallPackets) {
  const std::string_view filters[] = {"a/b", "c/d"};
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_subscribe(out, 10, filters, v3); }),
            hex_of("82 0E 00 0A 00 03 'a/b' 01 00 03 'c/d' 01"));
  EXPECT_EQ(encoded([&](ByteWriter& out) { encode_subscribe(out, 10, filters, v5); }),
            hex_of("82 0F 00 0A 00 00 03 'a/b' 01 00 03 'c/d' 01"));
  EXPECT_EQ(encoded([](ByteWriter& out) { encode_pingreq(out); }), "C0 00");
  EXPECT_EQ(encoded([](ByteWriter& out) { encode_disconnect(out, 0, v5); }), "E0 00");
  EXPECT_EQ(encoded([](ByteWriter& out) { encode_disconnect(out, reason::protocol_error, v5); }), "E0 01 82");
  EXPECT_EQ(encoded([](ByteWriter& out) { encode_disconnect(out, reason::protocol_error, v3); }), "E0 00");
  EXPECT_EQ(encoded([](ByteWriter& out) { encode_ack(out, {PacketType::puback, 7, 0, {}}, v5); }), "40 02 00 07");
  EXPECT_EQ(
      encoded([](ByteWriter& out) { encode_ack(out, {PacketType::pubcomp, 7, reason::packet_id_not_found, {}}, v5); }),
      "70 03 00 07 92");
}

TEST(PacketEncode, KnowsTheTextOfEachReason) {
  EXPECT_EQ(reason_text(0x87), "not authorized");
  EXPECT_EQ(reason_text(0x8E), "session taken over");
  EXPECT_EQ(reason_text(0x7F), "");
}

}  // namespace
}  // namespace meterseal::mqtt
