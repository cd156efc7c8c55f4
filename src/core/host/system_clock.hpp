#pragma once

// Both clocks of a Linux host, and whether its wall clock can be believed. A gateway without a battery clock starts
// with a time of the past and gets the right one minutes later by NTP: until then readings carry no time.
//
// Known = not before the floor (the day this program was built, or what was proved since), and one of ClockSource. The
// source is looked for once a second until there is one and then kept: a clock that was right once only drifts when its
// time server goes away.
//
// Units: Instant counts microseconds of CLOCK_MONOTONIC, as std::chrono::steady_clock does. Thread: any.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/time.hpp"

namespace meterseal::host {

enum class ClockSource : std::uint8_t {
  none,             ///< the wall clock is not known
  owner,            ///< `clock = "trusted"` in the configuration file
  synchronised,     ///< the kernel's flag, set by the NTP or PTP service
  battery_clock,    ///< a real-time clock whose own time is not before the floor
  virtual_machine,  ///< the host of this machine gave it the time at start
};
/// For the log: "synchronised by a time server".
[[nodiscard]] std::string_view text_of(ClockSource source);

/// What the owner says about the clock in the configuration file.
enum class ClockTrust : std::uint8_t {
  automatic,
  trusted
};

/// Midnight UTC of the day on which this program was built.
[[nodiscard]] UtcTime build_date();

/// Looks at the kernel's flag, /sys/class/rtc and the signs of a virtual machine, in this order.
/// @param root  where /sys and /proc are, for tests
[[nodiscard]] ClockSource find_clock_source(UtcTime floor, const std::filesystem::path& root = "/");

class SystemClock : public Clock {
 public:
  explicit SystemClock(ClockTrust trust);

  /// Who forges the time by network cannot set the clock back before it. Starts at build_date().
  [[nodiscard]] UtcTime floor() const { return floor_.load(); }
  /// @param proven  a time that is past for certain; an earlier one than the floor changes nothing
  void raise_floor(UtcTime proven);
  void reset_floor() { floor_.store(build_date()); }

  [[nodiscard]] Instant now() const override;
  /// nullopt while the wall clock is not known.
  [[nodiscard]] std::optional<UtcTime> utc() const override;
  /// Why utc() is known, `none` when it is not.
  [[nodiscard]] ClockSource source() const;

 private:
  std::atomic<UtcTime> floor_;                  // any thread
  mutable std::atomic<ClockSource> source_;     // any thread
  mutable std::atomic<Instant> next_look_{{}};  // any thread
};

}  // namespace meterseal::host
