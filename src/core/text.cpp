#include "core/text.hpp"

#include <algorithm>
#include <charconv>

namespace meterseal {

TextWriter& TextWriter::add(std::string_view text) {
  const std::size_t room = out_.size() - size_;
  const std::size_t n = std::min(room, text.size());
  std::copy_n(text.data(), n, out_.data() + size_);
  size_ += n;
  truncated_ = truncated_ || n < text.size();
  return *this;
}

TextWriter& TextWriter::add_int(std::int64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

TextWriter& TextWriter::add_uint(std::uint64_t value) {
  return add_padded(value, 1);
}

TextWriter& TextWriter::add_padded(std::uint64_t value, std::size_t width) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  for (std::size_t i = length; i < width; ++i) add('0');
  return add({digits.data(), length});
}

TextWriter& TextWriter::add_hex(std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i > 0; --i) {
    const std::size_t shift = 4 * (i - 1);
    const std::uint64_t nibble = shift < 64 ? (value >> shift) & 0xF : 0;
    add("0123456789ABCDEF"[nibble]);
  }
  return *this;
}

TextWriter& TextWriter::add_fixed(std::int64_t value, unsigned scale, unsigned decimals) {
  // Magnitudes as unsigned, so that the smallest int64 is no special case.
  const bool negative = value < 0;
  std::uint64_t magnitude = negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  for (; scale > decimals; --scale) {
    // Only the last digit dropped decides the rounding; earlier ones are dropped without it (no double rounding).
    magnitude = scale - 1 == decimals ? magnitude / 10 + (magnitude % 10 >= 5 ? 1 : 0) : magnitude / 10;
  }
  std::uint64_t power = 1;
  for (unsigned i = 0; i < scale; ++i) power *= 10;
  if (negative && magnitude != 0) add('-');
  add_uint(magnitude / power);
  if (decimals == 0) return *this;
  add('.');
  if (scale > 0) add_padded(magnitude % power, scale);
  for (; scale < decimals; ++scale) add('0');
  return *this;
}

bool parse_decimal(std::string_view text, std::uint64_t low, std::uint64_t high, std::uint64_t& value) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (parsed < low || parsed > high) return false;
  value = parsed;
  return true;
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

namespace {

/// Length of the UTF-8 sequence that begins at `lead`, 0 when no sequence may begin so. @source RFC 3629, section 4
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// The second byte's range depends on the first: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_second_byte(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return second >= 0x80 && second <= 0xBF;
  }
}

}  // namespace

bool is_utf8_without_nul(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = sequence_length(lead);
    if (lead == 0 || length == 0 || length > text.size() - i) return false;
    if (length > 1 && !is_second_byte(lead, static_cast<unsigned char>(text[i + 1]))) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace meterseal
