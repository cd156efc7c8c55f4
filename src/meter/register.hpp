#pragma once

// One register of a meter, as its profile describes it (docs/formats/profiles.md).
// Thread: values, any.

#include <cstdint>

#include "core/text.hpp"
#include "meter/measurand.hpp"

namespace meterseal::meter {

using Name = Text<40>;

/// @source MODBUS Application Protocol V1.1b3, 4.3: input registers are read by function 04, holding registers by 03
enum class Table : std::uint8_t {
  input,
  holding
};
[[nodiscard]] constexpr std::uint8_t read_function(Table table) {
  return table == Table::input ? 4 : 3;
}

/// `wordswap`: the low word comes first; the bytes of a word always come high first.
enum class RegisterType : std::uint8_t {
  u16,
  s16,
  u32be,
  s32be,
  u64be,
  s64be,
  f32be,
  u32_wordswap,
  s32_wordswap,
  u64_wordswap,
  s64_wordswap,
  f32_wordswap,
  ascii,  ///< identity only: two characters per word
  hex,    ///< identity only: the hex digits are the text
};
[[nodiscard]] bool is_float(RegisterType type);
[[nodiscard]] bool is_signed_integer(RegisterType type);
[[nodiscard]] bool is_number(RegisterType type);
[[nodiscard]] bool is_low_word_first(RegisterType type);
/// Words that the type takes; 0 for ascii and hex, which take any number.
[[nodiscard]] std::uint8_t words_of(RegisterType type);

enum class Access : std::uint8_t {
  read,
  write,
  read_write
};

/// How often a register is read: at each poll, or each Limits::slow_interval only.
enum class Group : std::uint8_t {
  fast,
  slow
};

/// Identity registers whose value multiplies another register (`times=` in the notes of a profile).
enum Multiplier : std::uint8_t {
  kTimesCtRatio = 1,
  kTimesVtRatio = 2,
  kTimesEnergyPrefix = 4,
};

struct Register {
  Name name;
  std::uint16_t address = 0;  ///< on the wire, from 0
  std::uint8_t words = 1;
  std::int8_t scale = 0;  ///< power of ten: value in `unit` = raw * 10^scale
  Table table = Table::input;
  RegisterType type = RegisterType::u16;
  Unit unit = Unit::none;
  Access access = Access::read;
  Group group = Group::fast;
  Measurand what = Measurand::other;
  std::uint8_t times = 0;  ///< set of Multiplier
  bool is_identity = false;
  bool is_polled = true;  ///< false: "do not poll" in the notes

  [[nodiscard]] std::uint32_t end() const { return std::uint32_t{address} + words; }
};

}  // namespace meterseal::meter
