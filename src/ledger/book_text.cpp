#include "ledger/book_text.hpp"

#include <array>

#include "core/bytes.hpp"
#include "ledger/errors.hpp"

namespace meterseal::ledger {

namespace {

constexpr std::string_view kVersionLine = "meterseal-ledger 1\n";
constexpr std::string_view kAnyVersion = "meterseal-ledger ";
constexpr std::size_t kCheckLine = 6 + 8 + 1;  // "check 01234567\n"
constexpr std::string_view kNothing = "-";

constexpr std::int64_t kMaxUtcMs = 253'402'300'799'999;  // the end of the year 9999
constexpr std::int64_t kMaxInstantUs = kMaxUtcMs * 1000;

using BookText = Text<kMaxBookText>;

/// @source IEEE 802.3: CRC-32, reflected, polynomial EDB88320; "123456789" gives CBF43926
std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : as_bytes(text)) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

class Writer {
 public:
  Writer& line(std::string_view name) {
    text_.add(name);
    return *this;
  }
  void end() { text_.add("\n"); }
  Writer& word(std::string_view word) {
    text_.add(" ").add(word);
    return *this;
  }
  Writer& number(std::int64_t value) {
    text_.add(" ").add_int(value);
    return *this;
  }
  Writer& hex(std::string_view bytes) {
    if (bytes.empty()) return word(kNothing);
    text_.add(" ");
    for (const std::uint8_t byte : as_bytes(bytes)) text_.add_hex(byte, 2);
    return *this;
  }
  Writer& utc(std::optional<UtcTime> time) { return time ? number(time->time_since_epoch().count()) : word(kNothing); }
  Writer& stamp(const Stamp& stamp) {
    return number(stamp.boot).number(stamp.at.time_since_epoch().count()).utc(stamp.utc);
  }
  Writer& counter(const Counter& counter) {
    return number(counter.raw)
        .number(counter.base)
        .number(counter.at_anchor)
        .number(counter.at_midnight)
        .number(counter.yesterday);
  }
  BookText& text() { return text_; }

 private:
  BookText text_;
};

std::string_view yes_no(bool value) {
  return value ? "yes" : "no";
}

void write_candidate(Writer& writer, const Candidate& candidate) {
  writer.line("candidate").number(candidate.readings).hex(candidate.serial).stamp(candidate.first);
  writer.stamp(candidate.latest).number(candidate.import.first).number(candidate.import.latest).end();
  if (!candidate.exported) return;
  writer.line("candidate-export").number(candidate.exported->first).number(candidate.exported->latest).end();
}

void write_book(Writer& writer, const Book& book) {
  writer.line("serial").hex(book.serial).end();
  writer.line("opened").stamp(book.opened).word(yes_no(book.is_proven)).end();
  writer.line("since").utc(book.since).end();
  writer.line("last").stamp(book.last).number(book.step).end();
  writer.line("anchor").stamp(book.anchor).end();
  if (book.days) {
    writer.line("days").number(days_from_civil(book.days->open)).number(days_from_civil(book.days->shown));
    writer.word(yes_no(book.days->open_is_estimated)).word(yes_no(book.days->yesterday_is_estimated)).end();
  }
  writer.line("import").counter(book.import).end();
  if (book.exported) writer.line("export").counter(*book.exported).end();
  if (book.candidate) write_candidate(writer, *book.candidate);
}

void add_check(BookText& text) {
  const std::uint32_t crc = crc32(text);
  text.add("check ").add_hex(crc, 8).add("\n");
}

/// Takes lines and words from the front. After the first thing that does not fit everything fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Begins the line of this name, if it is the next one.
  bool line(std::string_view name) {
    if (failed_ || !line_.empty()) return fail();
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(name)) return false;
    line_ = rest_.substr(0, end).substr(name.size());
    if (line_.empty() || line_.front() != ' ') return fail();
    rest_.remove_prefix(end + 1);
    return true;
  }
  void must_line(std::string_view name) {
    if (!line(name)) fail();
  }

  std::string_view word() {
    if (line_.empty() || line_.front() != ' ') return fail(), std::string_view{};
    line_.remove_prefix(1);
    const std::string_view word = line_.substr(0, line_.find(' '));
    line_.remove_prefix(word.size());
    return word;
  }
  std::int64_t number(std::int64_t low, std::int64_t high) { return number_of(word(), low, high); }
  std::optional<UtcTime> utc() {
    const std::string_view text = word();
    if (text == kNothing) return std::nullopt;
    return UtcTime(milliseconds(number_of(text, 0, kMaxUtcMs)));
  }
  bool yes_no() {
    const std::string_view text = word();
    if (text != "yes" && text != "no") fail();
    return text == "yes";
  }
  Text<32> hex() {
    const std::string_view text = word();
    Text<32> bytes;
    if (text == kNothing) return bytes;
    if (text.size() % 2 != 0 || text.size() > 2 * bytes.capacity()) return fail(), bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      const char byte = static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
      bytes.add(std::string_view(&byte, 1));
    }
    return bytes;
  }
  Stamp stamp() {
    Stamp stamp;
    stamp.boot = static_cast<BootId>(number(0, UINT32_MAX));
    stamp.at = Instant(microseconds(number(-kMaxInstantUs, kMaxInstantUs)));
    stamp.utc = utc();
    return stamp;
  }
  Counter counter() {
    Counter counter;
    counter.raw = number(0, kMaxEnergyMwh);
    counter.base = number(-counter.raw, kMaxEnergyMwh - counter.raw);
    counter.at_anchor = number(0, failed_ ? 0 : counter.total());
    counter.at_midnight = number(0, counter.at_anchor);
    counter.yesterday = number(0, kMaxEnergyMwh);
    return counter;
  }

  bool fail() {
    failed_ = true;
    line_ = {};
    return false;
  }
  [[nodiscard]] bool is_done() const { return !failed_ && rest_.empty() && line_.empty(); }

 private:
  std::int64_t number_of(std::string_view text, std::int64_t low, std::int64_t high) {
    const bool is_negative = text.starts_with('-');
    std::uint64_t digits = 0;
    if (!parse_decimal(text.substr(is_negative ? 1 : 0), 0, INT64_MAX, digits)) return fail(), low;
    const std::int64_t value = is_negative ? -static_cast<std::int64_t>(digits) : static_cast<std::int64_t>(digits);
    if (value < low || value > high) return fail(), low;
    return value;
  }
  unsigned digit(char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const std::size_t value = kDigits.find(c);
    if (value == std::string_view::npos) return fail(), 0;
    return static_cast<unsigned>(value);
  }

  std::string_view rest_;
  std::string_view line_;
  bool failed_ = false;
};

Days read_days(Reader& reader) {
  constexpr std::int64_t kMaxDays = kMaxUtcMs / 86'400'000 + 1;
  Days days;
  const std::int64_t open = reader.number(-1, kMaxDays);
  days.open = civil_from_days(open);
  days.shown = civil_from_days(reader.number(open, kMaxDays));
  days.open_is_estimated = reader.yes_no();
  days.yesterday_is_estimated = reader.yes_no();
  return days;
}

Candidate::Pair read_pair(Reader& reader) {
  Candidate::Pair pair;
  pair.first = reader.number(0, kMaxEnergyMwh);
  pair.latest = reader.number(pair.first, kMaxEnergyMwh);
  return pair;
}

Candidate read_candidate(Reader& reader) {
  Candidate candidate;
  candidate.readings = static_cast<std::uint8_t>(reader.number(1, UINT8_MAX));
  candidate.serial = reader.hex();
  candidate.first = reader.stamp();
  candidate.latest = reader.stamp();
  candidate.import = read_pair(reader);
  if (reader.line("candidate-export")) candidate.exported = read_pair(reader);
  return candidate;
}

Book read_book(Reader& reader) {
  Book book;
  reader.must_line("serial");
  book.serial = reader.hex();
  reader.must_line("opened");
  book.opened = reader.stamp();
  book.is_proven = reader.yes_no();
  reader.must_line("since");
  book.since = reader.utc();
  reader.must_line("last");
  book.last = reader.stamp();
  book.step = reader.number(1, kMaxEnergyMwh);
  reader.must_line("anchor");
  book.anchor = reader.stamp();
  if (reader.line("days")) book.days = read_days(reader);
  reader.must_line("import");
  book.import = reader.counter();
  if (reader.line("export")) book.exported = reader.counter();
  if (reader.line("candidate")) book.candidate = read_candidate(reader);
  return book;
}

tl::unexpected<Error> damaged(std::string_view why) {
  return fail(text_damaged, "energy book", why);
}

}  // namespace

Text<kMaxBookText> encode_book(const std::optional<Book>& book) {
  Writer writer;
  writer.text().add(kVersionLine);
  if (book) write_book(writer, *book);
  add_check(writer.text());
  return writer.text();
}

Result<std::optional<Book>> decode_book(std::string_view text) {
  if (text.size() > kMaxBookText || text.size() < kCheckLine) return damaged("has no length that a book has");
  BookText expected(text.substr(0, text.size() - kCheckLine));
  add_check(expected);
  if (!(expected == text)) return damaged("its check sum does not fit");
  if (!text.starts_with(kVersionLine)) {
    if (text.starts_with(kAnyVersion)) return fail(text_too_new, "energy book", "was written by a newer version");
    return damaged("does not begin as a book does");
  }
  const std::string_view facts = text.substr(0, text.size() - kCheckLine).substr(kVersionLine.size());
  std::optional<Book> book;
  if (!facts.empty()) {
    Reader reader(facts);
    book = read_book(reader);
    if (!reader.is_done()) return damaged("a line is not as it must be");
  }
  if (!(encode_book(book) == text)) return damaged("is not written as this program writes it");
  return book;
}

}  // namespace meterseal::ledger
