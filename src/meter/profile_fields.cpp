#include "meter/profile_fields.hpp"

#include <array>
#include <cstddef>

namespace meterseal::meter {
namespace {

template <class T>
struct Word {
  std::string_view text;
  T value;
};

template <class T, std::size_t N>
std::optional<T> look_up(const Word<T> (&words)[N], std::string_view text) {
  for (const Word<T>& word : words) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

constexpr Word<Table> kTables[] = {{"input", Table::input}, {"holding", Table::holding}};

constexpr Word<RegisterType> kTypes[] = {
    {"u16", RegisterType::u16},
    {"s16", RegisterType::s16},
    {"u32be", RegisterType::u32be},
    {"s32be", RegisterType::s32be},
    {"u64be", RegisterType::u64be},
    {"s64be", RegisterType::s64be},
    {"f32be", RegisterType::f32be},
    {"u32_wordswap", RegisterType::u32_wordswap},
    {"s32_wordswap", RegisterType::s32_wordswap},
    {"u64_wordswap", RegisterType::u64_wordswap},
    {"s64_wordswap", RegisterType::s64_wordswap},
    {"f32_wordswap", RegisterType::f32_wordswap},
    {"ascii", RegisterType::ascii},
    {"hex", RegisterType::hex},
};

constexpr Word<Unit> kUnits[] = {
    {"", Unit::none},
    {"V", Unit::volt},
    {"A", Unit::ampere},
    {"W", Unit::watt},
    {"var", Unit::var},
    {"VA", Unit::volt_ampere},
    {"Hz", Unit::hertz},
    {"deg", Unit::degree},
    {"%", Unit::percent},
    {"kWh", Unit::kilowatt_hour},
    {"kvarh", Unit::kilovar_hour},
    {"kVAh", Unit::kilovolt_ampere_hour},
    {"Ah", Unit::ampere_hour},
    {"s", Unit::second},
    {"min", Unit::minute},
    {"h", Unit::hour},
    {"ms", Unit::millisecond},
};

constexpr Word<Access> kAccesses[] = {{"r", Access::read}, {"w", Access::write}, {"rw", Access::read_write}};

constexpr Word<Group> kGroups[] = {{"fast", Group::fast}, {"slow", Group::slow}};

constexpr Word<Holes> kHoles[] = {{"zero", Holes::zero}, {"ones", Holes::ones}, {"exception", Holes::exception}};

constexpr Word<std::uint8_t> kNotAvailables[] = {
    {"unsigned_ones", kUnsignedOnes},
    {"signed_max", kSignedMax},
    {"signed_min", kSignedMin},
};

constexpr Word<std::uint8_t> kMultipliers[] = {
    {"ct_ratio", kTimesCtRatio},
    {"vt_ratio", kTimesVtRatio},
    {"energy_unit_prefix", kTimesEnergyPrefix},
};

// By prefix of the name. The longer prefix stands first.
constexpr Word<Unit> kUnitsOfNames[] = {
    {"voltage_", Unit::volt},
    {"current_", Unit::ampere},
    {"power_active_", Unit::watt},
    {"power_apparent_", Unit::volt_ampere},
    {"power_reactive_", Unit::var},
    {"power_factor_", Unit::none},
    {"phase_angle_", Unit::degree},
    {"frequency", Unit::hertz},
    {"energy_active_", Unit::kilowatt_hour},
    {"energy_reactive_", Unit::kilovar_hour},
    {"energy_apparent_", Unit::kilovolt_ampere_hour},
    {"demand_power_active_", Unit::watt},
    {"demand_power_apparent_", Unit::volt_ampere},
    {"demand_power_reactive_", Unit::var},
    {"demand_current_", Unit::ampere},
    {"thd_", Unit::percent},
};

constexpr int kMaxScale = 6;  // beyond it the product of a float and its scale is not exact in a double

bool is_lower_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_model_char(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::optional<Name> parse_name(std::string_view text, bool (*is_allowed)(char)) {
  if (text.empty() || text.size() > Name::capacity()) return std::nullopt;
  for (const char c : text) {
    if (!is_allowed(c)) return std::nullopt;
  }
  return Name(text);
}

bool is_all(std::string_view text, char c) {
  return text.find_first_not_of(c) == std::string_view::npos;
}

/// The text behind `key` at the start of one of the notes, which are separated by semicolons.
std::optional<std::string_view> note(std::string_view notes, std::string_view key) {
  while (!notes.empty()) {
    const std::size_t end = notes.find(';');
    const std::string_view item = trim(notes.substr(0, end));
    if (item.starts_with(key)) return trim(item.substr(key.size()));
    if (end == std::string_view::npos) break;
    notes.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Table> parse_table(std::string_view text) {
  return look_up(kTables, text);
}
std::optional<RegisterType> parse_register_type(std::string_view text) {
  return look_up(kTypes, text);
}
std::optional<Unit> parse_unit(std::string_view text) {
  return look_up(kUnits, text);
}
std::optional<Access> parse_access(std::string_view text) {
  return look_up(kAccesses, text);
}
std::optional<Group> parse_group(std::string_view text) {
  return look_up(kGroups, text);
}
std::optional<Holes> parse_holes(std::string_view text) {
  return look_up(kHoles, text);
}

std::optional<std::int8_t> parse_scale(std::string_view text) {
  if (text.starts_with("0.") && text.ends_with('1')) {
    const std::string_view zeros = text.substr(2, text.size() - 3);
    if (!is_all(zeros, '0') || zeros.size() + 1 > kMaxScale) return std::nullopt;
    return static_cast<std::int8_t>(-static_cast<int>(zeros.size()) - 1);
  }
  if (!text.starts_with('1') || !is_all(text.substr(1), '0') || text.size() - 1 > kMaxScale) return std::nullopt;
  return static_cast<std::int8_t>(text.size() - 1);
}

std::optional<std::uint16_t> parse_hex16(std::string_view text) {
  if (!text.starts_with("0x") || text.size() < 3 || text.size() > 6) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(2)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(to_lower(c));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

std::optional<Name> parse_register_name(std::string_view text) {
  return parse_name(text, is_lower_name);
}
std::optional<Name> parse_model_name(std::string_view text) {
  return parse_name(text, is_model_char);
}

std::optional<std::uint64_t> parse_functions(std::string_view text) {
  std::uint64_t functions = 0;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    std::uint64_t function = 0;
    if (!parse_decimal(word, 1, 63, function)) return std::nullopt;
    functions |= std::uint64_t{1} << function;
  }
  if (functions == 0) return std::nullopt;
  return functions;
}

std::optional<CharacterFrame> parse_frame(std::string_view text) {
  constexpr Word<Parity> kParities[] = {{"N", Parity::none}, {"E", Parity::even}, {"O", Parity::odd}};
  if (text.size() != 3 || text[0] != '8' || (text[2] != '1' && text[2] != '2')) return std::nullopt;
  const auto parity = look_up(kParities, text.substr(1, 1));
  if (!parity) return std::nullopt;
  return CharacterFrame{*parity, static_cast<std::uint8_t>(text[2] - '0')};
}

std::optional<std::uint8_t> parse_not_available(std::string_view text) {
  unsigned set = 0;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    const auto pattern = look_up(kNotAvailables, word);
    if (!pattern) return std::nullopt;
    set |= *pattern;
  }
  return static_cast<std::uint8_t>(set);
}

std::optional<std::int64_t> parse_kilowatt_hours(std::string_view text) {
  const std::size_t point = text.find('.');
  std::uint64_t whole = 0;
  if (!parse_decimal(text.substr(0, point), 0, 1000000000000, whole)) return std::nullopt;
  std::uint64_t fraction = 0;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    if (digits.size() > 6 || !parse_decimal(digits, 0, 999999, fraction)) return std::nullopt;
    for (std::size_t i = digits.size(); i < 6; ++i) fraction *= 10;
  }
  const std::uint64_t mwh = whole * 1000000 + fraction;
  if (mwh == 0) return std::nullopt;
  return static_cast<std::int64_t>(mwh);
}

std::optional<std::uint8_t> parse_times(std::string_view notes) {
  const auto factors = note(notes, "times=");
  if (!factors) return std::uint8_t{0};
  unsigned set = 0;
  for (std::string_view rest = *factors;;) {
    const std::size_t end = rest.find('*');
    const auto factor = look_up(kMultipliers, rest.substr(0, end));
    if (!factor) return std::nullopt;
    set |= *factor;
    if (end == std::string_view::npos) return static_cast<std::uint8_t>(set);
    rest.remove_prefix(end + 1);
  }
}

bool names_a_source(std::string_view notes) {
  const auto source = note(notes, "src=");
  return source && !source->empty();
}

bool forbids_polling(std::string_view notes) {
  return note(notes, "do not poll").has_value();
}

bool is_identity_name(std::string_view register_name) {
  return register_name == "serial_number" || register_name == "meter_code" || multiplier_of(register_name) != 0;
}

std::uint8_t multiplier_of(std::string_view register_name) {
  return look_up(kMultipliers, register_name).value_or(std::uint8_t{0});
}

std::optional<Unit> unit_of_name(std::string_view register_name) {
  for (const auto& [prefix, unit] : kUnitsOfNames) {
    if (register_name.starts_with(prefix)) return unit;
  }
  return std::nullopt;
}

std::string_view next_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace meterseal::meter
