#pragma once

// Bounded text: Text<N> owns at most N bytes, TextWriter fills somebody else's buffer. Neither allocates, neither
// throws, neither overflows: what does not fit is cut and `truncated()` says so, for good.
// Numbers are written without locale. Fixed-point numbers follow Tasmota: exactly N decimals, rounded half away from
// zero, zeros kept, never an exponent.
// Thread: values, any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace meterseal {

class TextWriter {
 public:
  /// @param out  caller's memory, must outlive the writer
  explicit TextWriter(std::span<char> out) : out_(out) {}

  TextWriter& add(std::string_view text);
  TextWriter& add(char c) { return add(std::string_view(&c, 1)); }
  TextWriter& add_int(std::int64_t value);
  TextWriter& add_uint(std::uint64_t value);
  /// @param width  minimum number of digits, filled with zeros on the left
  TextWriter& add_padded(std::uint64_t value, std::size_t width);
  /// @param digits  number of hex digits, upper case, most significant first
  TextWriter& add_hex(std::uint64_t value, std::size_t digits);
  /// Writes value * 10^-scale with `decimals` decimals: add_fixed(231499, 3, 0) is "231".
  TextWriter& add_fixed(std::int64_t value, unsigned scale, unsigned decimals);

  [[nodiscard]] std::string_view view() const { return {out_.data(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool truncated_ = false;
};

template <std::size_t N>
class Text {
 public:
  constexpr Text() = default;
  Text(std::string_view text) { assign(text); }  // NOLINT: text is what it is
  Text(const char* text) { assign(text); }       // NOLINT

  void assign(std::string_view text) {
    size_ = 0;
    truncated_ = false;
    add(text);
  }
  Text& add(std::string_view text) {
    return edit([&](TextWriter& w) { w.add(text); });
  }
  Text& add_int(std::int64_t value) {
    return edit([&](TextWriter& w) { w.add_int(value); });
  }
  Text& add_uint(std::uint64_t value) {
    return edit([&](TextWriter& w) { w.add_uint(value); });
  }
  Text& add_hex(std::uint64_t value, std::size_t digits) {
    return edit([&](TextWriter& w) { w.add_hex(value, digits); });
  }
  Text& add_fixed(std::int64_t value, unsigned scale, unsigned decimals) {
    return edit([&](TextWriter& w) { w.add_fixed(value, scale, decimals); });
  }
  void clear() { assign({}); }

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool truncated() const { return truncated_; }
  static constexpr std::size_t capacity() { return N; }

  friend bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }
  friend bool operator==(const Text& a, std::string_view b) { return a.view() == b; }

 private:
  template <class F>
  Text& edit(F write) {
    TextWriter w(std::span<char>(bytes_).subspan(size_));
    write(w);
    size_ += w.size();
    truncated_ = truncated_ || w.truncated();
    return *this;
  }

  std::array<char, N> bytes_{};
  std::size_t size_ = 0;
  bool truncated_ = false;
};

/// Whole text is one decimal number within [low, high]: no sign tricks, no spaces, no rest.
/// @return false and `value` untouched otherwise
[[nodiscard]] bool parse_decimal(std::string_view text, std::uint64_t low, std::uint64_t high, std::uint64_t& value);

/// ASCII only, independent of locale.
[[nodiscard]] char to_lower(char c);
[[nodiscard]] char to_upper(char c);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string_view trim(std::string_view text);  ///< blanks, tabs, CR, LF at both ends

/// Well-formed UTF-8 without NUL: what MQTT asks of a string. @source MQTT 3.1.1, 1.5.3
[[nodiscard]] bool is_utf8_without_nul(std::string_view text);

}  // namespace meterseal
