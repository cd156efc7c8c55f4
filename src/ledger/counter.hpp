#pragma once

// One counter of a meter, continued over its rollovers, resets and replacements: total = raw + base, where base changes
// whenever raw jumps. And the question that comes first: does this value continue the one before?
//
// Units: mWh in int64. Every value lies within 0 and kMaxEnergyMwh, base within its negative, so that sums and
// differences of any two never overflow. Thread: values, any.

#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace meterseal::ledger {

/// 4 TWh: a million times what the largest counter of a known meter shows (profiles/models.csv).
inline constexpr std::int64_t kMaxEnergyMwh = 4'000'000'000'000'000;

struct Counter {
  std::int64_t raw = 0;          ///< the register, at the last accepted reading
  std::int64_t base = 0;         ///< total minus raw
  std::int64_t at_anchor = 0;    ///< total at the last reading whose time is known
  std::int64_t at_midnight = 0;  ///< total at the begin of the open day
  std::int64_t yesterday = 0;    ///< energy of the day before

  [[nodiscard]] std::int64_t total() const { return raw + base; }
  /// From here on the register counts from `new_raw`; the total stays.
  void rebase(std::int64_t new_raw) {
    base += raw - new_raw;
    raw = new_raw;
  }
  friend bool operator==(const Counter&, const Counter&) = default;
};

enum class Continuity : std::uint8_t {
  continues,
  artefact,  ///< lower by no more than one step of the register
  falls,
  leaps,  ///< higher by more than can have flowed
};

/// How a register went from `before` to `now`.
/// @param step  of the register, the larger of both moments
/// @param most  what can have flowed since `before`; nullopt: not known
[[nodiscard]] Continuity compare(std::int64_t before, std::int64_t now, std::int64_t step,
                                 std::optional<std::int64_t> most);

/// What can flow through a connection in this time, with 60 s more because meters renew their registers late.
/// @return nullopt when the time or the power is not known
[[nodiscard]] std::optional<std::int64_t> most_energy(std::int64_t max_power_mw, std::optional<milliseconds> time);

/// The counter passed the end of its range and went on from zero.
[[nodiscard]] bool is_rollover(std::int64_t before, std::int64_t now, std::int64_t range,
                               std::optional<std::int64_t> most);

/// The total at `moment`, on the straight line between two readings; outside of them the nearer one.
struct Line {
  UtcTime from;
  UtcTime to;
  [[nodiscard]] std::int64_t at(UtcTime moment, std::int64_t total_from, std::int64_t total_to) const;
};

}  // namespace meterseal::ledger
