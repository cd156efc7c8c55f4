#include "meter/register.hpp"

namespace meterseal::meter {

bool is_float(RegisterType type) {
  return type == RegisterType::f32be || type == RegisterType::f32_wordswap;
}

bool is_number(RegisterType type) {
  return words_of(type) != 0;
}

bool is_signed_integer(RegisterType type) {
  return type == RegisterType::s16 || type == RegisterType::s32be || type == RegisterType::s64be ||
         type == RegisterType::s32_wordswap || type == RegisterType::s64_wordswap;
}

bool is_low_word_first(RegisterType type) {
  return type == RegisterType::u32_wordswap || type == RegisterType::s32_wordswap ||
         type == RegisterType::u64_wordswap || type == RegisterType::s64_wordswap || type == RegisterType::f32_wordswap;
}

std::uint8_t words_of(RegisterType type) {
  switch (type) {
    case RegisterType::u16:
    case RegisterType::s16: return 1;
    case RegisterType::u32be:
    case RegisterType::s32be:
    case RegisterType::f32be:
    case RegisterType::u32_wordswap:
    case RegisterType::s32_wordswap:
    case RegisterType::f32_wordswap: return 2;
    case RegisterType::u64be:
    case RegisterType::s64be:
    case RegisterType::u64_wordswap:
    case RegisterType::s64_wordswap: return 4;
    case RegisterType::ascii:
    case RegisterType::hex: return 0;
  }
  return 0;
}

}  // namespace meterseal::meter
