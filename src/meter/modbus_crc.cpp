#include "meter/modbus_crc.hpp"

#include <array>

namespace meterseal::meter {

namespace {

constexpr std::uint16_t kReflectedPolynomial = 0xA001;

// Half a byte at a time: 32 bytes of table, half the speed of 512 bytes of table, and the line is the limit anyway.
constexpr std::array<std::uint16_t, 16> make_table() {
  std::array<std::uint16_t, 16> table{};
  for (std::uint16_t i = 0; i < table.size(); ++i) {
    std::uint16_t crc = i;
    for (int bit = 0; bit < 4; ++bit) {
      const bool carry = (crc & 1) != 0;
      crc = static_cast<std::uint16_t>(crc >> 1);
      if (carry) crc ^= kReflectedPolynomial;
    }
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint16_t, 16> kTable = make_table();

std::uint16_t shift_nibble(std::uint16_t crc) {
  return static_cast<std::uint16_t>(crc >> 4 ^ kTable[crc & 0xF]);
}

}  // namespace

std::uint16_t modbus_crc(Bytes bytes) {
  std::uint16_t crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) crc = shift_nibble(shift_nibble(static_cast<std::uint16_t>(crc ^ byte)));
  return crc;
}

}  // namespace meterseal::meter
