#pragma once

// Two clocks, never mixed:
//   Instant  the loop clock: monotonic, counts from an arbitrary zero of this boot, never jumps. For deadlines and
//   ages. UtcTime  the wall clock: milliseconds since 1970-01-01T00:00:00Z, 64 bits on every platform (armhf's time_t
//   has 32).
//            It may be wrong, may jump, may be unknown: a gateway without a battery clock starts in 1970.
// A Stamp is what a reading carries from the bus to the broker. When the wall clock is not known yet, boot and Instant
// are stored and the time is filled in later from both (relabelling, docs/path-of-a-reading.md).
// Thread: values, any.

#include <chrono>
#include <cstdint>
#include <optional>

namespace meterseal {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct LoopClock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<LoopClock>;
  static constexpr bool is_steady = true;
};
using Instant = LoopClock::time_point;

struct UtcClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<UtcClock>;
  static constexpr bool is_steady = false;
};
using UtcTime = UtcClock::time_point;

/// Number of a boot of the host, from the state directory: grows by one with each boot, so that instants of different
/// boots are never compared.
using BootId = std::uint32_t;

struct Stamp {
  BootId boot = 0;
  Instant at;                  ///< last byte of the block that was read
  std::optional<UtcTime> utc;  ///< nullopt: wall clock unknown at that moment

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// A calendar day, proleptic Gregorian.
struct CivilDate {
  std::int32_t year = 1970;
  std::uint8_t month = 1;  ///< 1..12
  std::uint8_t day = 1;    ///< 1..31

  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

/// A wall-clock moment in some time zone.
struct CivilTime {
  CivilDate date;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
  std::uint16_t millisecond = 0;
  std::int32_t utc_offset_s = 0;  ///< local minus UTC, seconds
};

/// @source Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days from civil, civil from days)
[[nodiscard]] std::int64_t days_from_civil(CivilDate date);  ///< days since 1970-01-01
[[nodiscard]] CivilDate civil_from_days(std::int64_t days);
[[nodiscard]] CivilDate next_day(CivilDate date);
[[nodiscard]] CivilDate previous_day(CivilDate date);

/// `time` in UTC (offset 0).
[[nodiscard]] CivilTime civil_utc(UtcTime time);
[[nodiscard]] UtcTime utc_from_civil_utc(const CivilTime& time);

/// The site's time zone, implemented over the host's zone database. Pure code asks it and never adds 24 hours.
class Calendar {
 public:
  virtual ~Calendar() = default;
  [[nodiscard]] virtual CivilTime local(UtcTime time) const = 0;
  /// First instant of `date` at this site: local midnight, or the first moment after it where midnight is skipped.
  [[nodiscard]] virtual UtcTime start_of(CivilDate date) const = 0;
};

/// Both clocks of the host. `utc()` is nullopt while the wall clock cannot be trusted (docs/architecture.md, Clock).
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual std::optional<UtcTime> utc() const = 0;
};

}  // namespace meterseal
