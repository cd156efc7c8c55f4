#include "app/log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <regex>
#include <thread>

#include "app/errors.hpp"

namespace meterseal::app {
namespace {

std::string shown(std::string_view text) {
  return format_log_line(LogStyle::terminal, LogLevel::info, "MQTT", text);
}

TEST(Log, HostileTextCannotForgeALine) {
  EXPECT_EQ(shown("a\n12:00:00.000 MQTT: Connected"), "MQTT: a\\x0A12:00:00.000 MQTT: Connected");
  EXPECT_EQ(shown("\x1B[2J\r\x7F\t"), "MQTT: \\x1B[2J\\x0D\\x7F\\x09");
  EXPECT_EQ(shown("\xC2\x9B"
                  "31m"),
            "MQTT: \\xC2\\x9B31m")
      << "8-bit control";
  EXPECT_EQ(shown("\xFF\xC3"), "MQTT: \\xFF\\xC3");
  EXPECT_EQ(shown(std::string_view("a\0b", 3)), "MQTT: a\\x00b");
  EXPECT_EQ(format_log_line(LogStyle::journal, LogLevel::info, "", "<3>forged"), "<6><3>forged");
  EXPECT_EQ(format_log_line(LogStyle::terminal, LogLevel::info, "T\nG", "x"), "T\\x0AG: x");
}

TEST(Log, TextOfAllLanguagesIsShown) {
  EXPECT_EQ(shown("Zähler € 😀 broker"), "MQTT: Zähler € 😀 broker");
}

TEST(Log, LongTextIsCut) {
  const std::string line = shown(std::string(10'000, 'x'));
  EXPECT_LT(line.size(), 2100U);
  EXPECT_TRUE(line.ends_with("..."));
}

TEST(Log, LevelsAreWordsOnATerminalAndPrioritiesInTheJournal) {
  struct Row {
    LogLevel level;
    const char* terminal;
    const char* journal;
  };
  const Row rows[] = {{LogLevel::error, "error: BUS: x", "<3>BUS: x"},
                      {LogLevel::warning, "warning: BUS: x", "<4>BUS: x"},
                      {LogLevel::info, "BUS: x", "<6>BUS: x"},
                      {LogLevel::debug, "BUS: x", "<7>BUS: x"}};
  for (const Row& row : rows) {
    EXPECT_EQ(format_log_line(LogStyle::terminal, row.level, "BUS", "x"), row.terminal);
    EXPECT_EQ(format_log_line(LogStyle::journal, row.level, "BUS", "x"), row.journal);
  }
}

TEST(Log, WritesTheLineOfTheSecurityPageToStandardError) {
  const auto log = make_log(LogLevel::info, LogStyle::terminal);
  testing::internal::CaptureStderr();
  log->info("MQTT", "Connected to broker.example.com:8883 (TLS)");
  log->warn("MQTT", "{} %n");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(
      std::regex_match(lines, std::regex(R"~(\d\d:\d\d:\d\d\.\d{3} MQTT: Connected to broker\.example\.com:8883 \(TLS\)
\d\d:\d\d:\d\d\.\d{3} warning: MQTT: \{\} %n
)~"))) << lines;
}

TEST(Log, WritesOnlyWhatWasAskedFor) {
  const std::pair<LogLevel, int> rows[] = {
      {LogLevel::error, 1}, {LogLevel::warning, 2}, {LogLevel::info, 3}, {LogLevel::debug, 4}};
  for (const auto& [level, expected] : rows) {
    const auto log = make_log(level, LogStyle::journal);
    testing::internal::CaptureStderr();
    for (const auto each : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug})
      log->write(each, "T", "x");
    const std::string lines = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), expected) << lines;
    EXPECT_TRUE(lines.starts_with("<3>T: x\n")) << lines;
  }
}

TEST(Log, LinesOfSeveralThreadsStayWhole) {
  const auto log = make_log(LogLevel::info, LogStyle::journal);
  testing::internal::CaptureStderr();
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 200; ++i) log->info("OUT", "0123456789");
      });
    }
  }
  const std::string lines = testing::internal::GetCapturedStderr();
  std::string expected;
  for (int i = 0; i < 800; ++i) expected += "<6>OUT: 0123456789\n";
  EXPECT_EQ(lines, expected);
}

TEST(Log, JournalIsRecognisedByItsOwnStreamOnly) {
  struct stat status{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_EQ(log_style(own.c_str()), LogStyle::journal);
  EXPECT_EQ(log_style((own + "1").c_str()), LogStyle::terminal);
  EXPECT_EQ(log_style(""), LogStyle::terminal);
  EXPECT_EQ(log_style(nullptr), LogStyle::terminal);
}

TEST(Log, LevelsHaveTheirNames) {
  EXPECT_EQ(parse_log_level("error"), LogLevel::error);
  EXPECT_EQ(parse_log_level("warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("info"), LogLevel::info);
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  for (const auto* text : {"", "Info", "warn", "2"})
    EXPECT_EQ(parse_log_level(text).error().code, bad_log_level) << text;
}

}  // namespace
}  // namespace meterseal::app
