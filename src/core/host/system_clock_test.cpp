#include "core/host/system_clock.hpp"

#include <gtest/gtest.h>
#include <sys/timex.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace meterseal::host {
namespace {

namespace fs = std::filesystem;

/// A machine as /sys and /proc show it.
class Machine {
 public:
  Machine() {
    std::string pattern = (fs::temp_directory_path() / "meterseal-clock.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const char* path, std::string_view text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

bool kernel_is_synchronised() {
  timex state{};
  return ::adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

const UtcTime kFloor(seconds(1'700'000'000));

TEST(SystemClock, KnowsAMachineByWhatItShows) {
  struct Row {
    const char* what;
    const char* path;
    const char* text;
    ClockSource source;
  };
  const Row rows[] = {
      {"a board without anything", "proc/cpuinfo", "Features\t: fp asimd evtstrm\n", ClockSource::none},
      {"a battery clock", "sys/class/rtc/rtc0/since_epoch", "1764000000\n", ClockSource::battery_clock},
      {"a battery clock at the floor", "sys/class/rtc/rtc0/since_epoch", "1700000000\n", ClockSource::battery_clock},
      {"the second of two", "sys/class/rtc/rtc1/since_epoch", "1764000000\n", ClockSource::battery_clock},
      {"a clock whose battery is empty", "sys/class/rtc/rtc0/since_epoch", "1699999999\n", ClockSource::none},
      {"a clock that cannot be read", "sys/class/rtc/rtc0/since_epoch", "", ClockSource::none},
      {"a clock without a time", "sys/class/rtc/rtc0/name", "rtc-ds1307 1-0068\n", ClockSource::none},
      {"KVM on x86", "proc/cpuinfo", "flags\t\t: fpu vme hypervisor lahf_lm\n", ClockSource::virtual_machine},
      {"the flag at the end", "proc/cpuinfo", "flags\t\t: fpu hypervisor\n", ClockSource::virtual_machine},
      {"x86 itself", "proc/cpuinfo", "flags\t\t: fpu vme hypervisors lahf_lm\n", ClockSource::none},
      {"QEMU on ARM", "sys/class/dmi/id/sys_vendor", "QEMU\n", ClockSource::virtual_machine},
      {"a maker of boards", "sys/class/dmi/id/sys_vendor", "Raspberry Pi Foundation\n", ClockSource::none},
      {"a hypervisor in the device tree", "proc/device-tree/hypervisor/compatible", "linux,kvm",
       ClockSource::virtual_machine},
      {"Xen", "sys/hypervisor/type", "xen\n", ClockSource::virtual_machine},
  };
  for (const Row& row : rows) {
    const Machine machine;
    machine.write(row.path, row.text);
    const ClockSource expected = kernel_is_synchronised() ? ClockSource::synchronised : row.source;
    EXPECT_EQ(find_clock_source(kFloor, machine.root()), expected) << row.what;
  }
}

TEST(SystemClock, IsKnownWhenTheOwnerSaysSo) {
  const SystemClock clock(ClockTrust::trusted);
  EXPECT_GE(clock.utc().value_or(UtcTime{}), build_date());
  EXPECT_EQ(clock.source(), ClockSource::owner);
}

TEST(SystemClock, IsKnownExactlyWhenThereIsASource) {
  const SystemClock clock(ClockTrust::automatic);
  EXPECT_EQ(clock.utc().has_value(), clock.source() != ClockSource::none);
  EXPECT_EQ(clock.source(), find_clock_source(build_date()));
}

TEST(SystemClock, IsNotKnownBeforeATimeThatWasProved) {
  SystemClock clock(ClockTrust::trusted);
  const UtcTime now = clock.utc().value_or(UtcTime{});
  clock.raise_floor(build_date() - seconds(1));
  EXPECT_EQ(clock.floor(), build_date()) << "an earlier one changes nothing";
  clock.raise_floor(now);
  EXPECT_EQ(clock.floor(), now);
  EXPECT_TRUE(clock.utc());
  clock.raise_floor(now + seconds(86'400));
  EXPECT_FALSE(clock.utc());
  EXPECT_EQ(clock.source(), ClockSource::none);
  clock.reset_floor();
  EXPECT_EQ(clock.floor(), build_date());
  EXPECT_TRUE(clock.utc());
}

TEST(SystemClock, CountsMicrosecondsThatNeverGoBack) {
  const SystemClock clock(ClockTrust::automatic);
  Instant before = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const Instant after = clock.now();
    ASSERT_GE(after, before);
    before = after;
  }
}

TEST(SystemClock, EachSourceHasItsOwnText) {
  const ClockSource sources[] = {ClockSource::none, ClockSource::owner, ClockSource::synchronised,
                                 ClockSource::battery_clock, ClockSource::virtual_machine};
  for (const ClockSource a : sources) {
    EXPECT_FALSE(text_of(a).empty());
    for (const ClockSource b : sources) EXPECT_EQ(text_of(a) == text_of(b), a == b);
  }
}

TEST(SystemClock, WasBuiltOnAWholeDay) {
  EXPECT_EQ(build_date().time_since_epoch().count() % 86'400'000, 0);
  EXPECT_GT(build_date(), UtcTime(seconds(1'750'000'000)));  // 2025: long after this program was begun
}

}  // namespace
}  // namespace meterseal::host
