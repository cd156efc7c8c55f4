#include "console/command_line.hpp"

#include <gtest/gtest.h>

#include "console/errors.hpp"
#include "core/text.hpp"

namespace meterseal::console {
namespace {

TEST(CommandLine, RefusesWhatIsNoLineOfText) {
  const std::pair<std::string, const char*> rows[] = {
      {std::string(1025, 'x'), "the line is longer than 1024 bytes"},
      {std::string("Status\0 1", 9), "the line is not UTF-8 text"},
      {"Status \xFF", "the line is not UTF-8 text"},
      {"Status \xC3", "the line is not UTF-8 text"},
      {"Status\x1B[2J", "the line has a control character"},
      {"Status 1\nRestart 1", "the line has a control character"},
      {"Status \x7F", "the line has a control character"},
      {"Status123456", "the index behind the command has more than 5 digits"},
  };
  for (const auto& [line, detail] : rows) {
    const auto parsed = parse_line(line);
    ASSERT_FALSE(parsed) << detail;
    EXPECT_EQ(parsed.error().code, line_malformed);
    EXPECT_EQ(parsed.error().detail.view(), detail);
  }
}

TEST(CommandLine, RefusesTheSameInMessages) {
  EXPECT_EQ(parse_message("STATUS", std::string(1025, 'x')).error().detail.view(),
            "the line is longer than 1024 bytes");
  EXPECT_EQ(parse_message("STATUS", "1\n").error().detail.view(), "the line has a control character");
  EXPECT_EQ(parse_message("STA\xFFTUS", "1").error().detail.view(), "the line is not UTF-8 text");
  EXPECT_EQ(parse_message("STATUS999999", "").error().detail.view(),
            "the index behind the command has more than 5 digits");
}

struct Row {
  const char* sentence;
  const char* line;
  const char* name;
  std::optional<std::uint32_t> index;
  const char* data;
};

TEST(CommandLine, ReadsTasmotasGrammar) {
  const Row rows[] = {
      {"command alone", "Status", "Status", std::nullopt, ""},
      {"command and data", "TelePeriod 60", "TelePeriod", std::nullopt, "60"},
      {"index", "Status0", "Status", 0, ""},
      {"index and data", "MqttFingerprint2 AA BB", "MqttFingerprint", 2, "AA BB"},
      {"blanks around everything", " \t TelePeriod \t 60  ", "TelePeriod", std::nullopt, "60"},
      {"blanks inside the data", "MqttHost a  b", "MqttHost", std::nullopt, "a  b"},
      {"line ends of all systems", "Status 1\r\n", "Status", std::nullopt, "1"},
      {"question mark without a blank", "TelePeriod?", "TelePeriod", std::nullopt, "?"},
      {"a topic pasted in front", "cmnd/emon_1/STATUS 10", "STATUS", std::nullopt, "10"},
      {"a deep topic", "CMND/haus/emon_1/Status0", "Status", 0, ""},
      {"a topic in the data", "Publish cmnd/x/POWER ON", "Publish", std::nullopt, "cmnd/x/POWER ON"},
      {"no command", "; Status", "", std::nullopt, "; Status"},
      {"nothing", "  ", "", std::nullopt, ""},
      {"the largest index", "Status99999", "Status", 99'999, ""},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_line(row.line);
    ASSERT_TRUE(parsed) << row.sentence;
    EXPECT_EQ(parsed->name, row.name) << row.sentence;
    EXPECT_EQ(parsed->index, row.index) << row.sentence;
    EXPECT_EQ(parsed->data, row.data) << row.sentence;
  }
}

TEST(CommandLine, ReadsMessagesLikeLines) {
  const auto parsed = parse_message("STATUS0", " 5 ").value();
  EXPECT_EQ(parsed.name, "STATUS");
  EXPECT_EQ(parsed.index, 0U);
  EXPECT_EQ(parsed.data, "5");
  EXPECT_TRUE(parse_message("STATUS", "")->is_query());
  EXPECT_TRUE(parse_message("STATUS", "?")->is_query());
  EXPECT_FALSE(parse_message("STATUS", "??")->is_query());
  EXPECT_EQ(parse_message("a b", "")->name, "") << "a level with a blank is no command";
}

TEST(ParseNumber, TakesDecimalHexadecimalAndWords) {
  const std::pair<const char*, std::int64_t> rows[] = {
      {"0", 0},       {"60", 60},   {"-5", -5},  {"+7", 7},    {"0x10", 16},   {"0XfF", 255},
      {"-0x10", -16}, {"010", 10},  {"off", 0},  {"False", 0}, {"ON", 1},      {"true", 1},
      {"toggle", 2},  {"BLINK", 3}, {"UP", 100}, {"all", 255}, {"blinkoff", 4}};
  for (const auto& [text, number] : rows) EXPECT_EQ(parse_number(text), number) << text;
}

TEST(ParseNumber, TakesNothingElse) {
  for (const auto* text : {"", "-", "+", "0x", "60s", "6 0", "1.5", "--5", "-+5", "+-5", "0x-5", "x10", "onn",
                           "99999999999999999999", "0x10000000000000000", "1e3"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

TEST(ShownInput, IsTheCommandInCapitalsAndItsData) {
  EXPECT_EQ(shown_input(parse_line("foo 12").value()), "FOO 12");
  EXPECT_EQ(shown_input(parse_line("mqttfingerprint3").value()), "MQTTFINGERPRINT3");
  EXPECT_EQ(shown_input(parse_line("foo1 Bar").value()), "FOO1 Bar");
  EXPECT_EQ(shown_input(parse_line("= x").value()), "= x");
}

TEST(ShownInput, IsShortCleanText) {
  EXPECT_EQ(shown_input(std::string(1'000'000, 'x')).size(), 63U);
  EXPECT_EQ(shown_input("a\x1B[2J\n\xFF\x80"), "a?[2J???");
  const std::string umlauts = shown_input(std::string(62, 'x') + "äöü");
  EXPECT_EQ(umlauts, std::string(62, 'x')) << "the two bytes of ä do not fit";
  EXPECT_TRUE(is_utf8_without_nul(shown_input(parse_line("foo " + std::string(58, 'x') + "€€").value())));
}

}  // namespace
}  // namespace meterseal::console
