#include "ledger/book_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ledger/errors.hpp"

namespace meterseal::ledger {
namespace {

/// Everything that a book can hold, in the largest numbers and texts.
Book full_book() {
  const UtcTime time(milliseconds(253'402'300'799'999));
  const Stamp stamp{4'294'967'295, Instant(microseconds(253'402'300'799'999'000)), time};
  Book book;
  book.serial.assign(std::string(32, '\xFF'));
  book.since = time;
  book.opened = book.last = book.anchor = stamp;
  book.is_proven = true;
  book.step = kMaxEnergyMwh;
  book.days = Days{{9999, 12, 31}, {10000, 1, 1}, true, true};
  book.import = {0, kMaxEnergyMwh, kMaxEnergyMwh, kMaxEnergyMwh, kMaxEnergyMwh};
  book.exported = {kMaxEnergyMwh, -kMaxEnergyMwh, 0, 0, kMaxEnergyMwh};
  book.candidate = Candidate{
      book.serial, stamp, stamp, {kMaxEnergyMwh, kMaxEnergyMwh}, Candidate::Pair{kMaxEnergyMwh, kMaxEnergyMwh}, 255};
  return book;
}

Book small_book() {
  Book book;
  book.last.at = Instant(microseconds(-1));
  return book;
}

std::string text_of(const std::optional<Book>& book) {
  const auto text = encode_book(book);
  EXPECT_FALSE(text.truncated());
  return std::string(text.view());
}

/// The text with another middle and a check sum that fits.
std::string with_check(const std::string& facts) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : facts) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  char check[20];
  std::snprintf(check, sizeof check, "check %08X\n", ~crc);
  return facts + check;
}
std::string replaced(std::string text, std::string_view part, std::string_view by) {
  text.erase(text.size() - 15);
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return with_check(text.replace(at, part.size(), by));
}

TEST(BookText, TheExampleOfTheDocumentIsReadAndWritten) {
  const std::string example =
      "meterseal-ledger 1\n"
      "serial 3138343730323231\n"
      "opened 1 100000000 1773144000000 yes\n"
      "since 1773144000000\n"
      "last 1 3730000000 1773147630000 1953\n"
      "anchor 1 3730000000 1773147630000\n"
      "days 20522 20522 no no\n"
      "import 27216500000 0 27216500000 27215500000 0\n"
      "export 12250000 0 12250000 12000000 0\n"
      "check 7ECCE783\n";
  const auto book = decode_book(example);
  ASSERT_TRUE(book) << with_check(example.substr(0, example.size() - 15));
  const Book read = book->value_or(Book{});
  EXPECT_EQ(read.serial, std::string_view("18470221"));
  EXPECT_EQ(read.import.total(), 27'216'500'000);
  EXPECT_EQ(read.days.value_or(Days{}).open, (CivilDate{2026, 3, 10}));
  EXPECT_EQ(text_of(read), example);
}

TEST(BookText, HoldsEveryBook) {
  for (const std::optional<Book>& book :
       {std::optional<Book>(), std::optional(small_book()), std::optional(full_book())}) {
    const std::string text = text_of(book);
    EXPECT_LE(text.size(), kMaxBookText);
    const auto decoded = decode_book(text);
    ASSERT_TRUE(decoded) << text << decoded.error().detail.view();
    EXPECT_EQ(*decoded, book);
  }
}

TEST(BookText, NoFlippedBitIsTakenForEnergy) {
  for (const std::optional<Book>& book :
       {std::optional<Book>(), std::optional(small_book()), std::optional(full_book())}) {
    const std::string text = text_of(book);
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
      std::string flipped = text;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      const auto decoded = decode_book(flipped);
      ASSERT_FALSE(decoded) << flipped;
      ASSERT_EQ(decoded.error().code, text_damaged) << flipped;
    }
  }
}

TEST(BookText, NoTornOrLengthenedTextIsTaken) {
  const std::string text = text_of(full_book());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto decoded = decode_book(std::string_view(text).substr(0, size));
    ASSERT_FALSE(decoded) << size;
    ASSERT_EQ(decoded.error().code, text_damaged);
  }
  for (const std::string& longer : {text + "\n", text + text, "\n" + text, text + std::string(2000, ' ')}) {
    EXPECT_FALSE(decode_book(longer));
  }
}

TEST(BookText, AnotherVersionIsNamedAsSuch) {
  const auto decoded = decode_book(with_check("meterseal-ledger 2\nanything\n"));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, text_too_new);
}

TEST(BookText, RefusesFactsThatCannotBe) {
  struct Row {
    const char* what;
    const char* part;
    const char* by;
  };
  const Row rows[] = {
      {"another beginning", "meterseal-ledger", "somebodys-ledger"},
      {"a line less", "since -\n", ""},
      {"a line twice", "since -\n", "since -\nsince -\n"},
      {"a line that is not known", "since -\n", "since -\nuntil -\n"},
      {"a word less", "import 0 0 0 0 0", "import 0 0 0 0"},
      {"a word more", "import 0 0 0 0 0", "import 0 0 0 0 0 0"},
      {"two spaces", "import 0", "import  0"},
      {"a space at the end", "since -\n", "since - \n"},
      {"a leading zero", "import 0 0 0 0 0", "import 00 0 0 0 0"},
      {"a plus sign", "import 0 0 0 0 0", "import +5 0 5 5 0"},
      {"minus zero", "import 0 0 0 0 0", "import 0 -0 0 0 0"},
      {"a negative counter", "import 0 0 0 0 0", "import -1 1 0 0 0"},
      {"a counter out of range", "import 0 0 0 0 0", "import 4000000000000001 -5 0 0 0"},
      {"a number of 20 digits", "import 0 0 0 0 0", "import 18446744073709551615 0 0 0 0"},
      {"a negative total", "import 0 0 0 0 0", "import 5 -6 0 0 0"},
      {"a total out of range", "import 0 0 0 0 0", "import 5 4000000000000000 0 0 0"},
      {"an anchor above the total", "import 0 0 0 0 0", "import 5 0 6 5 0"},
      {"a midnight above the anchor", "import 0 0 0 0 0", "import 5 0 4 5 0"},
      {"a negative yesterday", "import 0 0 0 0 0", "import 5 0 5 5 -1"},
      {"no step", "last 0 -1 - 1", "last 0 -1 - 0"},
      {"a boot of 33 bits", "last 0 -1 - 1", "last 4294967296 -1 - 1"},
      {"a time after the year 9999", "since -", "since 253402300800000"},
      {"a time before 1970", "since -", "since -1"},
      {"neither yes nor no", "opened 0 0 - no", "opened 0 0 - maybe"},
      {"half a byte", "serial -", "serial 313"},
      {"lower case", "serial -", "serial 3a"},
      {"no hex", "serial -", "serial 3G"},
      {"33 bytes", "serial -", "serial 000000000000000000000000000000000000000000000000000000000000000000"},
      {"a day shown before the open one", "import", "days 20000 19999 no no\nimport"},
      {"a candidate that fell", "import 0 0 0 0 0\n", "import 0 0 0 0 0\ncandidate 1 - 0 0 - 0 0 - 6 5\n"},
      {"a candidate of no reading", "import 0 0 0 0 0\n", "import 0 0 0 0 0\ncandidate 0 - 0 0 - 0 0 - 5 5\n"},
      {"an export of no candidate", "import 0 0 0 0 0\n", "import 0 0 0 0 0\ncandidate-export 5 5\n"},
      {"export before import", "import 0 0 0 0 0\n", "export 0 0 0 0 0\nimport 0 0 0 0 0\n"},
  };
  for (const Row& row : rows) {
    const auto decoded = decode_book(replaced(text_of(small_book()), row.part, row.by));
    ASSERT_FALSE(decoded) << row.what;
    EXPECT_EQ(decoded.error().code, text_damaged) << row.what;
  }
  EXPECT_TRUE(decode_book(replaced(text_of(small_book()), "since -", "since 5"))) << "the table itself is sound";
}

}  // namespace
}  // namespace meterseal::ledger
