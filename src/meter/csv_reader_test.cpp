#include "meter/csv_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meterseal::meter {
namespace {

using Record = std::vector<std::string>;

std::vector<Record> records(CsvReader& reader) {
  std::vector<Record> all;
  while (reader.next()) all.emplace_back(reader.fields().begin(), reader.fields().end());
  return all;
}

struct Fault {
  const char* sentence;
  std::string text;
  const char* fault;
  std::uint32_t line;
};

TEST(CsvReader, RefusesWhatRfc4180DoesNotAllow) {
  const std::vector<Fault> faults = {
      {"a quote opens and never closes", "a,b\n\"c,d\n", "a quoted field without its closing quote", 2},
      {"text follows a closing quote", "a\n\"b\"c\n", "text after a closing quote", 2},
      {"a quote inside a plain field", "a,b\"c\n", "a quote inside a field that is not quoted", 1},
      {"a lone carriage return", "a\rb\n", "a carriage return without a line feed", 1},
      {"a NUL in a plain field", std::string("a\0b", 3), "a control character", 1},
      {"a NUL in a quoted field", std::string("\"a\0b\"", 5), "a control character", 1},
      {"a tab", "a\tb", "a control character", 1},
      {"more fields than any file has", std::string(CsvReader::kMaxFields, ','), "too many fields", 1},
  };
  for (const Fault& row : faults) {
    SCOPED_TRACE(row.sentence);
    CsvReader reader(row.text);
    while (reader.next()) {
    }
    EXPECT_EQ(reader.fault(), row.fault);
    EXPECT_EQ(reader.line(), row.line);
    EXPECT_FALSE(reader.next()) << "a fault is final";
  }
}

TEST(CsvReader, KeepsCommasAndLineFeedsInsideQuotes) {
  CsvReader reader("1,\"a, b\",\"c\nd\"\n2,,x");
  EXPECT_EQ(records(reader), (std::vector<Record>{{"1", "a, b", "c\nd"}, {"2", "", "x"}}));
  EXPECT_EQ(reader.fault(), "");
}

TEST(CsvReader, CountsLinesThroughQuotedLineFeeds) {
  CsvReader reader("\"a\nb\"\nc\n");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 1U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 3U);
}

TEST(CsvReader, TakesBothLineEndsAByteOrderMarkAndNoLastLineEnd) {
  CsvReader reader(
      "\xEF\xBB\xBF"
      "a,b\r\nc,d\n\n\r\ne,f");
  EXPECT_EQ(records(reader), (std::vector<Record>{{"a", "b"}, {"c", "d"}, {"e", "f"}}));
}

TEST(CsvReader, LeavesADoubledQuoteDoubled) {
  CsvReader reader("\"a \"\"b\"\"\"");
  EXPECT_EQ(records(reader), (std::vector<Record>{{"a \"\"b\"\""}}));
}

TEST(CsvReader, FindsNothingInNothing) {
  for (const char* text : {"", "\n", "\xEF\xBB\xBF", "\r\n\r\n"}) {
    CsvReader reader(text);
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.fault(), "");
  }
}

TEST(CsvReader, AnEmptyFieldAtTheEndIsAField) {
  CsvReader reader("a,\n,b");
  EXPECT_EQ(records(reader), (std::vector<Record>{{"a", ""}, {"", "b"}}));
}

}  // namespace
}  // namespace meterseal::meter
