#include "mqtt/packet_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mqtt/errors.hpp"
#include "support/mqtt_world.hpp"

namespace meterseal::mqtt {
namespace {

using test::packet;

std::vector<std::string> cut(const test::PacketBytes& stream, std::size_t piece) {
  std::vector<std::uint8_t> memory(300);
  PacketReader reader(memory);
  std::vector<std::string> packets;
  for (std::size_t at = 0; at < stream.size();) {
    const Bytes offered = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
    const auto step = reader.next(offered);
    EXPECT_TRUE(step.has_value());
    EXPECT_GT(step->taken, 0U);
    at += step->taken;
    if (step->packet) packets.push_back(test::hex(*step->packet));
  }
  EXPECT_FALSE(reader.is_within_packet());
  return packets;
}

TEST(PacketReader, CutsTheSamePacketsFromPiecesOfEachSize) {
  test::PacketBytes stream = packet("D0 00 40 02 00 01 30 C8 01 00 01 't'");
  stream.insert(stream.end(), 197, 'x');
  const auto more = packet("D0 00 20 02 00 00");
  stream.insert(stream.end(), more.begin(), more.end());
  const auto whole = cut(stream, stream.size());
  ASSERT_EQ(whole.size(), 5U);
  EXPECT_EQ(whole[1], "40 02 00 01");
  EXPECT_EQ(whole[2].size(), 203U * 3 - 1);
  for (std::size_t piece = 1; piece < stream.size(); ++piece) EXPECT_EQ(cut(stream, piece), whole) << piece;
}

TEST(PacketReader, RefusesAPacketThatIsTooLargeAsSoonAsItIsAnnounced) {
  std::vector<std::uint8_t> memory(300);
  const auto announced = packet("40 AA 02");  // 298 and the header of 3
  PacketReader reader(memory);
  const auto step = reader.next(announced);
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().code, packet_too_large);
  EXPECT_EQ(step.error().detail.view(), "a packet of 301 bytes was announced");
  PacketReader byte_by_byte(memory);
  EXPECT_TRUE(byte_by_byte.next(Bytes(announced).first(1)).has_value());
  EXPECT_TRUE(byte_by_byte.next(Bytes(announced).subspan(1, 1)).has_value());
  EXPECT_EQ(byte_by_byte.next(Bytes(announced).subspan(2, 1)).error().code, packet_too_large);
}

TEST(PacketReader, PassesOverAPublishThatIsTooLargeAndGoesOnBehindIt) {
  test::PacketBytes stream = packet("30 AA 02");  // 298 and the header of 3
  stream.insert(stream.end(), 298, 'x');
  for (const std::uint8_t byte : packet("40 02 00 01")) stream.push_back(byte);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    std::vector<std::uint8_t> memory(300);
    PacketReader reader(memory);
    std::size_t packets = 0;
    for (std::size_t at = 0; at < stream.size();) {
      const auto step = reader.next(Bytes(stream).subspan(at, std::min(piece, stream.size() - at)));
      ASSERT_TRUE(step.has_value()) << piece;
      ASSERT_GT(step->taken, 0U) << piece;
      at += step->taken;
      if (step->packet) {
        ++packets;
        EXPECT_EQ(step->packet->size(), 4U) << piece;
      }
    }
    EXPECT_EQ(packets, 1U) << piece;
    EXPECT_FALSE(reader.is_within_packet());
  }
  PacketReader reader(stream);
  EXPECT_EQ(reader.next(packet("30 FF FF FF 7F")).error().code, packet_too_large) << "256 MiB";
}

TEST(PacketReader, TakesThePacketThatJustFits) {
  std::vector<std::uint8_t> memory(300);
  PacketReader reader(memory);
  test::PacketBytes stream = packet("30 A9 02");
  stream.insert(stream.end(), 297, 'x');
  EXPECT_TRUE(reader.next(Bytes(stream).first(10)).has_value());
  const auto step = reader.next(Bytes(stream).subspan(10));
  ASSERT_TRUE(step.has_value() && step->packet);
  EXPECT_EQ(step->packet->size(), 300U);
}

TEST(PacketReader, RefusesALengthOfFiveBytes) {
  std::vector<std::uint8_t> memory(300);
  PacketReader reader(memory);
  EXPECT_EQ(reader.next(packet("30 FF FF FF FF 01")).error().code, malformed_packet);
}

}  // namespace
}  // namespace meterseal::mqtt
