#include "outbox/confirm.hpp"

#include <algorithm>
#include <cstdint>

#include "outbox/errors.hpp"

namespace meterseal::outbox {
namespace {

/// Takes tokens from the front of a text, with JSON's blanks around them.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Text without escapes: no name that is known here has any.
  [[nodiscard]] bool take_text(std::string_view& text) {
    if (!take('"')) return false;
    const std::size_t end = rest_.find('"');
    if (end == std::string_view::npos) return false;
    text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }
  [[nodiscard]] bool take_number(std::uint64_t& number) {
    skip_blanks();
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (rest_.starts_with('0') || !parse_decimal(rest_.substr(0, end), 1, INT64_MAX, number)) return false;
    rest_.remove_prefix(end);
    return true;
  }
  [[nodiscard]] bool is_at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  /// @source RFC 8259, 2
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
};

bool is_series_name(std::string_view text) {
  return !text.empty() && text.size() <= Text<16>::capacity() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
  });
}

/// @return what is wrong; empty: nothing
std::string_view read_ranges(Reader& in, std::vector<SequenceRange>& ranges) {
  if (!in.take('[')) return "Confirm is no list";
  do {
    if (ranges.size() == kMaxConfirmRanges) return "too many ranges";
    SequenceRange& range = ranges.emplace_back();
    if (!in.take('[') || !in.take_number(range.first) || !in.take(',') || !in.take_number(range.last) || !in.take(']'))
      return "a range is no [first,last]";
    if (range.first > range.last) return "a range goes backwards";
  } while (in.take(','));
  return in.take(']') ? "" : "the list does not end";
}

std::string_view read_members(Reader& in, Confirmation& confirmation) {
  if (!in.take('{')) return "no object";
  do {
    std::string_view key;
    if (!in.take_text(key) || !in.take(':')) return "no key";
    if (key == "Outbox" && confirmation.outbox.empty()) {
      std::string_view name;
      if (!in.take_text(name) || !is_series_name(name)) return "Outbox is no name";
      confirmation.outbox.assign(name);
    } else if (key == "Confirm" && confirmation.ranges.empty()) {
      if (const std::string_view fault = read_ranges(in, confirmation.ranges); !fault.empty()) return fault;
    } else {
      return "another key, or one twice";
    }
  } while (in.take(','));
  if (!in.take('}') || !in.is_at_end()) return "the object does not end, or more follows";
  return confirmation.outbox.empty() || confirmation.ranges.empty() ? "Outbox or Confirm is missing" : "";
}

}  // namespace

Result<Confirmation> parse_confirmation(std::string_view text) {
  if (text.size() > kMaxConfirmText) return fail(confirm_malformed, "CONFIRM", "is too long");
  Confirmation confirmation;
  Reader in(text);
  const std::string_view fault = read_members(in, confirmation);
  if (!fault.empty()) return fail(confirm_malformed, "CONFIRM", fault);
  return confirmation;
}

}  // namespace meterseal::outbox
