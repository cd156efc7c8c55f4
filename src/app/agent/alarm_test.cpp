#include "app/agent/alarm.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::app {
namespace {

class AlarmCommand : public testing::Test {
 protected:
  AlarmCommand() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder =
        std::filesystem::temp_directory_path() / ("meterseal-alarm-" + std::to_string(::getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder);
    clock.set_utc(utc_from_civil_utc({{2026, 8, 23}, 13, 5, 0, 0, 0}));
  }
  ~AlarmCommand() override { std::filesystem::remove_all(folder); }

  /// A small program of the owner: shell text, `$1` is the test's folder.
  [[nodiscard]] AlarmConfig shell(const std::string& text) const {
    return {{"/bin/sh", "-c", text + "; true", "alarm", folder.string()}};
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream file(folder / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(folder / name); }
  [[nodiscard]] std::size_t lines_with(std::string_view part) const {
    std::size_t count = 0;
    for (const std::string& line : log.lines()) count += line.find(part) != std::string::npos ? 1 : 0;
    return count;
  }
  bool until(const std::function<bool()>& done) { return test::run_until(loop, done); }

  std::filesystem::path folder;
  boost::asio::io_context loop;
  test::FakeClock clock;
  test::CollectingLog log;
};

TEST_F(AlarmCommand, DoesNothingWhereNoneIsConfigured) {
  Alarm alarm(loop, clock, log, {}, "emon_1");
  alarm.raise(AlarmKind::security_refusal, "{}");
  EXPECT_EQ(loop.poll(), 0U);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(AlarmCommand, GetsItsFactsAsOneJsonObjectOnStandardInput) {
  Alarm alarm(loop, clock, log, shell("cat >$1/part && mv $1/part $1/facts"), "emon_1");
  alarm.raise(AlarmKind::security_refusal, R"({"reason":"trust_pin_mismatch"})");
  ASSERT_TRUE(until([&] { return exists("facts"); }));
  EXPECT_EQ(content("facts"),
            R"({"alarm":"security_refusal","device":"emon_1","time":"2026-08-23T13:05:00Z","kept_back":0,)"
            R"("facts":{"reason":"trust_pin_mismatch"}})"
            "\n");
}

TEST_F(AlarmCommand, HasNoTimeWhileTheClockIsUnknown) {
  clock.set_utc(std::nullopt);
  Alarm alarm(loop, clock, log, shell("cat >$1/part && mv $1/part $1/facts"), "emon_1");
  alarm.raise(AlarmKind::trust_learned, "{}");
  ASSERT_TRUE(until([&] { return exists("facts"); }));
  EXPECT_NE(content("facts").find(R"("time":null)"), std::string::npos);
}

TEST_F(AlarmCommand, InheritsNeitherEnvironmentNorDescriptors) {
  ::setenv("METERSEAL_TEST_SECRET", "canary", 1);
  const int open_file = ::open("/dev/null", O_RDONLY);  // NOLINT: on purpose without O_CLOEXEC
  Alarm alarm(loop, clock, log,
              shell("tr '\\0' '\\n' </proc/$$/environ >$1/env; exec >$1/fd; ls /proc/$$/fd; touch $1/done"), "emon_1");
  alarm.raise(AlarmKind::security_refusal, "{}");
  ASSERT_TRUE(until([&] { return exists("done"); }));
  EXPECT_EQ(content("env"), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n");
  // Neither through a pipe nor with a redirection of ls: the shell would hold a descriptor of its own for a moment.
  EXPECT_EQ(content("fd"), "0\n1\n2\n");
  ::close(open_file);
  ::unsetenv("METERSEAL_TEST_SECRET");
}

TEST_F(AlarmCommand, PassesItsArgumentsThroughNoShell) {
  const std::string hostile = "; touch " + (folder / "pwned").string() + " $(id) `id`";
  Alarm alarm(loop, clock, log, {{"/usr/bin/touch", (folder / "called").string(), (folder / "a b;c").string(), "--"}},
              hostile);
  alarm.raise(AlarmKind::security_refusal, "{}");
  ASSERT_TRUE(until([&] { return exists("called"); }));
  EXPECT_TRUE(exists("a b;c"));
  EXPECT_FALSE(exists("pwned"));
}

TEST_F(AlarmCommand, IsKilledWithItsChildrenWhenItTakesTooLong) {
  AlarmLimits limits;
  limits.run = milliseconds(300);
  Alarm alarm(loop, clock, log, shell("sleep 600 & echo $! >$1/part; mv $1/part $1/child; sleep 600"), "emon_1",
              limits);
  alarm.raise(AlarmKind::security_refusal, "{}");
  ASSERT_TRUE(until([&] { return log.contains("took longer than 300 ms and was killed"); }));
  const pid_t child = std::stoi(content("child"));
  // An orphan stays a zombie until the machine's first process has collected it.
  EXPECT_TRUE(until([&] {
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    std::string number;
    std::string name;
    std::string state = "gone";
    status >> number >> name >> state;
    if (state == "gone" || state == "Z") return true;
    loop.run_for(std::chrono::milliseconds(10));
    return false;
  }));
}

TEST_F(AlarmCommand, RunsOneAtATimeAndKeepsEightWaiting) {
  AlarmLimits limits;
  limits.at_once = 100;
  Alarm alarm(loop, clock, log,
              shell("mkdir $1/running || touch $1/overlap; cat >>$1/all; while [ ! -e $1/go ]; do sleep 0.02; done; "
                    "rmdir $1/running"),
              "emon_1", limits);
  for (int i = 0; i < 11; ++i) alarm.raise(AlarmKind::security_refusal, "{\"n\":" + std::to_string(i) + "}");
  EXPECT_EQ(lines_with("too many alarms wait, dropped: security_refusal"), 2U);
  std::ofstream(folder / "go").flush();
  const auto all = [&] {
    const std::string text = content("all");
    return std::count(text.begin(), text.end(), '\n');
  };
  ASSERT_TRUE(until([&] { return all() == 9; }));
  const std::string text = content("all");
  for (int i = 0; i < 9; ++i) EXPECT_NE(text.find("{\"n\":" + std::to_string(i) + "}"), std::string::npos) << i;
  EXPECT_FALSE(exists("overlap"));
}

TEST_F(AlarmCommand, HoldsBackTheFourthOfOneKindAndCountsIt) {
  Alarm alarm(loop, clock, log, shell("cat >>$1/all"), "emon_1");
  for (int i = 0; i < 6; ++i) alarm.raise(AlarmKind::security_refusal, "{}");
  alarm.raise(AlarmKind::trust_conflict, "{}");  // another kind has its own budget
  ASSERT_TRUE(until([&] { return content("all").find("trust_conflict") != std::string::npos; }));
  EXPECT_EQ(lines_with("running /bin/sh for security_refusal"), 3U);

  clock.advance(seconds(1199));
  alarm.raise(AlarmKind::security_refusal, "{}");
  EXPECT_EQ(lines_with("running /bin/sh for security_refusal"), 3U);
  clock.advance(seconds(1));
  alarm.raise(AlarmKind::security_refusal, "{}");
  ASSERT_TRUE(until([&] { return content("all").find("\"kept_back\":4") != std::string::npos; }));
  alarm.raise(AlarmKind::security_refusal, "{}");
  EXPECT_EQ(lines_with("running /bin/sh for security_refusal"), 4U);
}

TEST_F(AlarmCommand, SaysThatTheProgramIsNotThere) {
  Alarm alarm(loop, clock, log, {{(folder / "missing").string()}}, "emon_1");
  alarm.raise(AlarmKind::security_refusal, "{}");
  EXPECT_TRUE(log.contains("missing for security_refusal: cannot be run: No such file or directory"));
}

TEST_F(AlarmCommand, SaysThatItFailed) {
  Alarm alarm(loop, clock, log, {{"/bin/false"}}, "emon_1");
  alarm.raise(AlarmKind::certificate_expiry, "{}");
  ASSERT_TRUE(until([&] { return log.contains("/bin/false for certificate_expiry: failed with exit code 1"); }));
}

TEST_F(AlarmCommand, TakesFactsThatAreTooLongAsNone) {
  Alarm alarm(loop, clock, log, shell("cat >$1/part && mv $1/part $1/facts"), "emon_1");
  alarm.raise(AlarmKind::security_refusal, "{\"a\":\"" + std::string(20'000, 'x') + "\"}");
  ASSERT_TRUE(until([&] { return exists("facts"); }));
  EXPECT_NE(content("facts").find(R"("facts":null})"), std::string::npos);
}

TEST_F(AlarmCommand, EndsWithItsOwner) {
  pid_t child = 0;
  {
    Alarm alarm(loop, clock, log, shell("echo $$ >$1/part; mv $1/part $1/pid; sleep 600"), "emon_1");
    alarm.raise(AlarmKind::security_refusal, "{}");
    ASSERT_TRUE(until([&] { return exists("pid"); }));
    child = std::stoi(content("pid"));
  }
  EXPECT_EQ(::kill(child, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace meterseal::app
