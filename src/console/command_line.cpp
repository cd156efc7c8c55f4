#include "console/command_line.hpp"

#include <algorithm>
#include <charconv>

#include "console/errors.hpp"
#include "core/text.hpp"

namespace meterseal::console {

namespace {

/// @source Tasmota 15.2: the repeated input is cut at 63 characters
constexpr std::size_t kMaxShown = 63;
constexpr std::size_t kMaxIndexDigits = 5;

struct Word {
  std::string_view text;
  std::int64_t number;
};
/// @source Tasmota 15.2, words that stand for numbers
constexpr Word kWords[] = {{"OFF", 0},   {"FALSE", 0}, {"STOP", 0},     {"CELSIUS", 0},    {"DOWN", 0},   {"CLOSE", 0},
                           {"ON", 1},    {"TRUE", 1},  {"START", 1},    {"FAHRENHEIT", 1}, {"USER", 1},   {"TOGGLE", 2},
                           {"ADMIN", 2}, {"BLINK", 3}, {"BLINKOFF", 4}, {"UP", 100},       {"OPEN", 100}, {"ALL", 255}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word_character(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '_';
}
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

Result<void> check_text(std::string_view text) {
  if (text.size() > kMaxLine) return fail(line_malformed, {}, "the line is longer than 1024 bytes");
  if (!is_utf8_without_nul(text)) return fail(line_malformed, {}, "the line is not UTF-8 text");
  if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    return fail(line_malformed, {}, "the line has a control character");
  }
  return {};
}

/// Splits "Status10" into its name and its index.
Result<CommandLine> command_of(std::string_view word, std::string_view data) {
  std::size_t digits = 0;
  while (digits < word.size() && is_digit(word[word.size() - 1 - digits])) ++digits;
  CommandLine line{word.substr(0, word.size() - digits), std::nullopt, trim(data)};
  if (digits == 0) return line;
  if (digits > kMaxIndexDigits) return fail(line_malformed, {}, "the index behind the command has more than 5 digits");
  std::uint64_t index = 0;
  (void)parse_decimal(word.substr(word.size() - digits), 0, 99'999, index);
  line.index = static_cast<std::uint32_t>(index);
  return line;
}

/// A topic that was pasted with its command: `cmnd/anything/` in front is skipped.
std::string_view without_topic(std::string_view line) {
  constexpr std::string_view prefix = "cmnd/";
  if (line.size() < prefix.size() || !equals_ignoring_case(line.substr(0, prefix.size()), prefix)) return line;
  const std::string_view topic = line.substr(0, line.find_first_of(" \t"));
  return line.substr(topic.rfind('/') + 1);
}

/// Bounded text for a JSON reply: control characters and broken UTF-8 become '?', a cut never tears a character.
std::string shown(std::string text) {
  if (!is_utf8_without_nul(text)) {
    std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  std::replace_if(text.begin(), text.end(), is_control, '?');
  if (text.size() <= kMaxShown) return text;
  std::size_t end = kMaxShown;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

Result<CommandLine> parse_line(std::string_view line) {
  // The end of the line belongs to the way it came, not to its text.
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (auto good = check_text(line); !good) return tl::unexpected(good.error());
  line = without_topic(trim(line));
  const auto end = std::find_if_not(line.begin(), line.end(), is_word_character);
  const auto length = static_cast<std::size_t>(end - line.begin());
  return command_of(line.substr(0, length), line.substr(length));
}

Result<CommandLine> parse_message(std::string_view word, std::string_view payload) {
  if (auto good = check_text(word); !good) return tl::unexpected(good.error());
  if (auto good = check_text(payload); !good) return tl::unexpected(good.error());
  if (!std::all_of(word.begin(), word.end(), is_word_character)) return CommandLine{{}, std::nullopt, word};
  return command_of(word, payload);
}

std::optional<std::int64_t> parse_number(std::string_view data) {
  for (const Word& word : kWords) {
    if (equals_ignoring_case(data, word.text)) return word.number;
  }
  const bool negative = data.starts_with('-');
  if (negative || data.starts_with('+')) data.remove_prefix(1);
  const bool hexadecimal = data.starts_with("0x") || data.starts_with("0X");
  if (hexadecimal) data.remove_prefix(2);
  std::int64_t value = 0;
  // from_chars would take a second sign.
  if (data.empty() || data.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(data.data(), data.data() + data.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != data.data() + data.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string shown_input(const CommandLine& line) {
  std::string text;
  for (const char c : line.name) text.push_back(to_upper(c));
  if (line.index) text += std::to_string(*line.index);
  if (!text.empty() && !line.data.empty()) text.push_back(' ');
  text += line.data;
  return shown(std::move(text));
}

std::string shown_input(std::string_view raw) {
  // Cut first, so that a huge payload costs nothing; `shown` cuts to the final length between two characters.
  return shown(std::string(raw.substr(0, 2 * kMaxShown)));
}

}  // namespace meterseal::console
