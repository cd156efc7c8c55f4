#pragma once

// CRC-32 as Ethernet and zlib use it: finds every single damaged byte of a stored row. Against accidents, not
// attackers.
// @source ISO 3309; polynomial 0xEDB88320 (reflected), initial value and final XOR all ones
// Thread: any.

#include <array>
#include <cstdint>
#include <string_view>

namespace meterseal::outbox {

constexpr std::array<std::uint32_t, 256> make_crc32_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t entry = i;
    for (int bit = 0; bit < 8; ++bit) entry = (entry >> 1) ^ ((entry & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = entry;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 256> kCrc32Table = make_crc32_table();

class Crc32 {
 public:
  constexpr Crc32& add(std::string_view bytes) {
    for (const char c : bytes) add_byte(static_cast<std::uint8_t>(c));
    return *this;
  }
  constexpr Crc32& add(std::int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      add_byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  [[nodiscard]] constexpr std::uint32_t value() const { return ~state_; }

 private:
  constexpr void add_byte(std::uint8_t byte) { state_ = (state_ >> 8) ^ kCrc32Table[(state_ ^ byte) & 0xFF]; }

  std::uint32_t state_ = 0xFFFFFFFFU;
};

}  // namespace meterseal::outbox
