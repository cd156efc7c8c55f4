#include "meter/decode.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "meter/errors.hpp"

namespace meterseal::meter {
namespace {

constexpr std::int64_t kPowersOfTen[] = {1,           10,           100,          1000,      10000,
                                         100000,      1000000,      10000000,     100000000, 1000000000,
                                         10000000000, 100000000000, 1000000000000};

/// Raw bits, high word first. Up to four words.
std::uint64_t bits_of(RegisterType type, Words words) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    bits = bits << 16 | words[is_low_word_first(type) ? words.size() - 1 - i : i];
  }
  return bits;
}

/// value * 10^this is in thousandths: of the unit, for kWh, kvarh and kVAh of the unit without its kilo.
int milli_exponent(Unit unit) {
  const bool is_kilo = unit == Unit::kilowatt_hour || unit == Unit::kilovar_hour || unit == Unit::kilovolt_ampere_hour;
  return is_kilo ? 6 : 3;
}

bool is_not_available(const Register& entry, std::uint64_t bits, std::uint8_t patterns) {
  const unsigned width = 16U * entry.words;
  const std::uint64_t ones = ~std::uint64_t{0} >> (64 - width);
  if (is_signed_integer(entry.type)) {
    return ((patterns & kSignedMax) != 0 && bits == ones >> 1) ||
           ((patterns & kSignedMin) != 0 && bits == (ones >> 1) + 1);
  }
  return (patterns & kUnsignedOnes) != 0 && bits == ones;
}

/// In thousandths of a ratio; 1000 is "as it is".
std::optional<std::int64_t> factor_milli(const Register& entry, const Multipliers& multipliers) {
  std::int64_t factor = 1000;
  if ((entry.times & kTimesCtRatio) != 0) factor = multipliers.ct_ratio_milli;
  if ((entry.times & kTimesVtRatio) != 0) {
    if (__builtin_mul_overflow(factor, multipliers.vt_ratio_milli, &factor)) return std::nullopt;
    factor /= 1000;
  }
  if ((entry.times & kTimesEnergyPrefix) != 0 && __builtin_mul_overflow(factor, multipliers.energy_prefix, &factor)) {
    return std::nullopt;
  }
  return factor;
}

std::int64_t divide_rounded(std::int64_t value, std::int64_t divisor) {
  const std::int64_t rest = value % divisor;
  const std::int64_t half = divisor / 2;
  return value / divisor + (rest >= half + divisor % 2 ? 1 : rest <= -half - divisor % 2 ? -1 : 0);
}

/// value * 10^exponent * factor / 1000, rounded half away from zero. nullopt: does not fit.
std::optional<std::int64_t> scaled(std::int64_t value, int exponent, std::int64_t factor) {
  if (factor != 1000 && __builtin_mul_overflow(value, factor, &value)) return std::nullopt;
  if (factor != 1000) exponent -= 3;
  if (exponent < 0) return divide_rounded(value, kPowersOfTen[-exponent]);
  if (__builtin_mul_overflow(value, kPowersOfTen[exponent], &value)) return std::nullopt;
  return value;
}

/// A float has 24 bits and 10^exponent at most 28 beside its power of two, so that the product is exact in a double and
/// is rounded once.
std::optional<std::int64_t> scaled(float value, int exponent, std::int64_t factor) {
  double exact = static_cast<double>(value);
  if (factor != 1000) exact = exact * static_cast<double>(factor) / 1000;
  exact = exponent < 0 ? exact / static_cast<double>(kPowersOfTen[-exponent])
                       : exact * static_cast<double>(kPowersOfTen[exponent]);
  exact = std::round(exact);
  if (!(std::fabs(exact) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(exact);
}

std::optional<std::int64_t> integer_of(RegisterType type, std::uint64_t bits, std::uint8_t words) {
  if (is_signed_integer(type)) {
    const unsigned unused = 64U - 16U * words;
    return static_cast<std::int64_t>(bits << unused) >> unused;
  }
  if (bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

float float_of(std::uint64_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

int exponent_of(const Register& entry) {
  return entry.scale + milli_exponent(entry.unit);
}

std::optional<std::int64_t> number_of(const Register& entry, std::uint64_t bits, const Multipliers& multipliers) {
  const auto factor = factor_milli(entry, multipliers);
  if (!factor) return std::nullopt;
  if (is_float(entry.type)) return scaled(float_of(bits), exponent_of(entry), *factor);
  const auto value = integer_of(entry.type, bits, entry.words);
  return value ? scaled(*value, exponent_of(entry), *factor) : std::nullopt;
}

float in_unit(const Register& entry, std::uint64_t bits) {
  const auto power = static_cast<float>(kPowersOfTen[entry.scale < 0 ? -entry.scale : entry.scale]);
  return entry.scale < 0 ? float_of(bits) / power : float_of(bits) * power;
}

struct Range {
  float low;
  float high;
  [[nodiscard]] bool holds(float value) const { return value >= low && value <= high; }
};

/// Does this float make sense only with its words exchanged? Asked of quantities that are never tiny and never huge:
/// 230.2 V, 43663334 in hex, reads as 4.2e-8 V when the words are exchanged. Zero is the same either way.
bool is_swapped(const Register& entry, std::uint64_t bits) {
  Range sensible{};
  switch (entry.unit) {
    case Unit::volt: sensible = {30, 100000}; break;
    case Unit::hertz: sensible = {40, 70}; break;
    case Unit::kilowatt_hour: sensible = {0.001F, 1e8F}; break;
    case Unit::none:
    case Unit::ampere:
    case Unit::watt:
    case Unit::var:
    case Unit::volt_ampere:
    case Unit::degree:
    case Unit::percent:
    case Unit::kilovar_hour:
    case Unit::kilovolt_ampere_hour:
    case Unit::ampere_hour:
    case Unit::second:
    case Unit::minute:
    case Unit::hour:
    case Unit::millisecond:
    case Unit::other: return false;
  }
  if (!is_float(entry.type) || (bits & 0x7FFFFFFF) == 0) return false;
  const float as_read = std::fabs(in_unit(entry, bits));
  const bool is_absurd = !std::isfinite(as_read) || as_read < 1e-5F || as_read > 1e9F;
  return is_absurd && sensible.holds(in_unit(entry, bits << 16 | bits >> 16));
}

Words slice(const PollRequest& request, const Register& entry, Words words) {
  return words.subspan(std::size_t{entry.address} - request.address, entry.words);
}

Result<void> check_length(std::string_view model, std::size_t expected, std::size_t found) {
  if (expected == found) return {};
  Text<224> detail("expected words: ");
  detail.add_uint(expected).add(", found: ").add_uint(found);
  return fail(block_length_wrong, model, detail);
}

char printable(int byte) {
  return byte > ' ' && byte < 0x7F ? static_cast<char>(byte) : ' ';
}

/// Characters up to the first NUL; what is not printable becomes a blank; trimmed.
Text<40> ascii_text(Words words) {
  Text<40> text;
  for (const std::uint16_t word : words) {
    for (const int byte : {word >> 8, word & 0xFF}) {
      if (byte == 0) return trim(text.view());
      const char c = printable(byte);
      text.add(std::string_view(&c, 1));
    }
  }
  return trim(text.view());
}

}  // namespace

Result<Decoded> decode(const Profile& profile, const PollRequest& request, Words words,
                       const Multipliers& multipliers) {
  if (auto good = check_length(profile.model, request.words, words.size()); !good) return tl::unexpected(good.error());
  Decoded decoded;
  for (const std::uint16_t index : request.registers) {
    const Register& entry = profile.registers[index];
    const std::uint64_t bits = bits_of(entry.type, slice(request, entry, words));
    if (is_swapped(entry, bits)) return fail(word_order_swapped, profile.model, entry.name);
    Value value{index, entry.what, std::nullopt};
    if (is_float(entry.type) ? !std::isfinite(float_of(bits))
                             : is_not_available(entry, bits, profile.limits.not_available)) {
      ++decoded.not_available;
    } else {
      value.milli = number_of(entry, bits, multipliers);
      if (!value.milli) ++decoded.out_of_range;
    }
    decoded.values.push_back(value);
  }
  return decoded;
}

std::optional<std::int64_t> resolution_of(const Profile& profile, const PollRequest& request, Words words,
                                          std::uint16_t register_index, const Multipliers& multipliers) {
  const Register& entry = profile.registers[register_index];
  if (entry.table != request.table || entry.address < request.address ||
      entry.end() > std::uint32_t{request.address} + words.size()) {
    return std::nullopt;
  }
  const std::uint64_t bits = bits_of(entry.type, slice(request, entry, words));
  const auto factor = factor_milli(entry, multipliers);
  if (!factor) return std::nullopt;
  std::optional<std::int64_t> step;
  if (is_float(entry.type)) {
    const float value = std::fabs(float_of(bits));
    if (!std::isfinite(value)) return std::nullopt;
    step = scaled(std::nextafter(value, std::numeric_limits<float>::infinity()) - value, exponent_of(entry), *factor);
  } else {
    step = scaled(std::int64_t{1}, exponent_of(entry), *factor);
  }
  return step ? std::optional(std::max<std::int64_t>(*step, 1)) : std::nullopt;
}

Result<Identity> decode_identity(const Profile& profile, std::uint16_t register_index, Words words) {
  const Register& entry = profile.registers[register_index];
  if (auto good = check_length(profile.model, entry.words, words.size()); !good) return tl::unexpected(good.error());
  Identity identity;
  if (entry.type == RegisterType::ascii) {
    identity.text = ascii_text(words);
    return identity;
  }
  bool is_nothing = true;  // a meter that has no such register may answer zeros, an unset one ones
  for (const std::uint16_t word : words) is_nothing = is_nothing && (word == 0 || word == 0xFFFF);
  if (entry.type == RegisterType::hex) {
    for (const std::uint16_t word : words) identity.text.add_hex(word, 4);
  } else {
    identity.milli = number_of(entry, bits_of(entry.type, words), Multipliers{});
    if (identity.milli) identity.text.add_fixed(*identity.milli, 3, 0);
  }
  if (is_nothing) identity.text.clear();
  return identity;
}

Multipliers with_identity(const Multipliers& before, const Register& entry, const Identity& identity) {
  Multipliers after = before;
  if (!identity.milli) return after;
  const std::int64_t milli = *identity.milli;
  const bool is_ratio = milli > 0 && milli <= 10000000;  // the registers hold at most 9999
  if (entry.name == std::string_view("ct_ratio") && is_ratio) after.ct_ratio_milli = milli;
  if (entry.name == std::string_view("vt_ratio") && is_ratio) after.vt_ratio_milli = milli;
  // @source Eastron SDM630 protocol 2.0, register 40031: 0 kilo, 1 mega
  if (entry.name == std::string_view("energy_unit_prefix")) after.energy_prefix = milli == 1000 ? 1000 : 1;
  return after;
}

}  // namespace meterseal::meter
