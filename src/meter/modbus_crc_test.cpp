#include "meter/modbus_crc.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace meterseal::meter {
namespace {

TEST(ModbusCrc, OfTheStandardCheckTextIs4B37) {
  EXPECT_EQ(modbus_crc(as_bytes("123456789")), 0x4B37);
}

TEST(ModbusCrc, OfNothingIsTheStartValueSoThatZerosAreNoFrame) {
  EXPECT_EQ(modbus_crc({}), 0xFFFF);
  const std::vector<std::uint8_t> zeros(8, 0);
  EXPECT_NE(modbus_crc(zeros), 0);
}

// tests/data/modbus_frames.txt: vendor documents, captures of users, misprints.
TEST(ModbusCrc, HoldsForEveryPublishedFrameAndForNoMisprint) {
  std::ifstream file(METERSEAL_SOURCE_DIR "/tests/data/modbus_frames.txt");
  int good = 0;
  int bad = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string id, direction, check, hex;
    std::getline(fields, id, '|');
    std::getline(fields, direction, '|');
    std::getline(fields, check, '|');
    std::getline(fields, hex, '|');
    std::vector<std::uint8_t> frame;
    std::istringstream digits(hex);
    for (unsigned byte = 0; digits >> std::hex >> byte;) frame.push_back(static_cast<std::uint8_t>(byte));
    const bool expected = check == " good ";
    EXPECT_EQ(modbus_crc(frame) == 0, expected) << line;
    ++(expected ? good : bad);
  }
  EXPECT_EQ(good, 79);
  EXPECT_EQ(bad, 3);
}

}  // namespace
}  // namespace meterseal::meter
