#include "core/host/system_clock.hpp"

#include <sys/timex.h>

#include <chrono>
#include <fstream>
#include <string>
#include <system_error>

namespace meterseal::host {

namespace {

/// @source adjtimex(2): modes 0 only reads; TIME_ERROR and STA_UNSYNC while nobody disciplines the clock
bool is_synchronised() {
  timex state{};
  return adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A board may have the clock and no battery: then its time begins in the past after each power cut.
/// @source Linux, Documentation/ABI/testing/rtc-cdev and sysfs-class-rtc: since_epoch in seconds
bool has_battery_clock(UtcTime floor, const std::filesystem::path& root) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root / "sys/class/rtc", error)) {
    std::ifstream file(entry.path() / "since_epoch");
    std::int64_t time_s = 0;
    if (file >> time_s && seconds(time_s) >= floor.time_since_epoch()) return true;
  }
  return false;
}

/// @source the signs that systemd-detect-virt(1) goes by: the hypervisor bit of CPUID, Xen, the device tree, DMI
bool is_virtual_machine(const std::filesystem::path& root) {
  std::error_code error;
  if (!first_line(root / "sys/hypervisor/type").empty()) return true;
  if (std::filesystem::exists(root / "proc/device-tree/hypervisor", error)) return true;
  const std::string vendor = first_line(root / "sys/class/dmi/id/sys_vendor");
  for (const char* known : {"QEMU", "KVM", "VMware", "innotek", "Xen", "Parallels", "Amazon EC2", "Google"}) {
    if (vendor.starts_with(known)) return true;
  }
  std::ifstream cpus(root / "proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.starts_with("flags")) return (line + " ").find(" hypervisor ") != std::string::npos;
  }
  return false;
}

UtcTime wall_now() {
  return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
}

}  // namespace

std::string_view text_of(ClockSource source) {
  switch (source) {
    case ClockSource::none: return "not known";
    case ClockSource::owner: return "declared right in the configuration file";
    case ClockSource::synchronised: return "synchronised by a time service";
    case ClockSource::battery_clock: return "set from a battery clock";
    case ClockSource::virtual_machine: return "set by the host of this virtual machine";
  }
  return {};
}

UtcTime build_date() {
  return UtcTime(seconds(METERSEAL_BUILD_DATE_S));
}

ClockSource find_clock_source(UtcTime floor, const std::filesystem::path& root) {
  if (is_synchronised()) return ClockSource::synchronised;
  if (has_battery_clock(floor, root)) return ClockSource::battery_clock;
  if (is_virtual_machine(root)) return ClockSource::virtual_machine;
  return ClockSource::none;
}

SystemClock::SystemClock(ClockTrust trust)
    : floor_(build_date()), source_(trust == ClockTrust::trusted ? ClockSource::owner : ClockSource::none) {}

void SystemClock::raise_floor(UtcTime proven) {
  if (proven > floor_.load()) floor_.store(proven);
}

Instant SystemClock::now() const {
  return Instant(std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

std::optional<UtcTime> SystemClock::utc() const {
  const UtcTime wall = wall_now();
  if (wall < floor_.load()) return std::nullopt;
  if (source_.load() != ClockSource::none) return wall;
  if (now() < next_look_.load()) return std::nullopt;
  next_look_.store(now() + seconds(1));
  source_.store(find_clock_source(floor_.load()));
  return source_.load() != ClockSource::none ? std::optional(wall) : std::nullopt;
}

ClockSource SystemClock::source() const {
  return utc() ? source_.load() : ClockSource::none;
}

}  // namespace meterseal::host
