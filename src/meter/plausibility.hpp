#pragma once

// Is a value one that this meter can have measured? What is not is made unavailable before anyone sees it, and counted
// by reason: a filter that hides a broken wire would be worse than none.
//
// Hard ranges first, then relations between the values of one block, which were latched together. When a relation does
// not hold, all its values go, because nobody knows which one is wrong. Counters pass untouched: a fall is the
// ledger's.
//
// Units: thousandths, as in reading.hpp. Thread: loop thread, one per meter. Memory: no heap.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/inline_vector.hpp"
#include "meter/decode.hpp"
#include "meter/profile.hpp"
#include "meter/reading.hpp"

namespace meterseal::meter {

enum class Reason : std::uint8_t {
  scale_doubtful,
  voltage_out_of_range,
  current_out_of_range,
  power_out_of_range,
  factor_out_of_range,
  frequency_out_of_range,
  phases_do_not_add_up,
  active_above_apparent,
  power_above_volt_amperes,
};
inline constexpr std::size_t kReasons = 9;

/// For the log: what is wrong, and where it helps, what to do.
[[nodiscard]] std::string_view text_of(Reason reason);

/// The most that this meter can measure over all its phases: what bounds a plausible rise of its counters.
[[nodiscard]] std::int64_t max_power_mw(const Profile& profile, const Multipliers& multipliers);

struct Rejection {
  std::uint16_t register_index = 0;
  Reason reason = Reason::scale_doubtful;
  std::int64_t milli = 0;  ///< what the meter said
};
/// The first ones of a block; the counters know all.
using Rejections = InlineVector<Rejection, 16>;

class Plausibility {
 public:
  explicit Plausibility(const Profile& profile);

  /// After the identity was read: behind a voltage transformer the volts grow with its ratio.
  void set_multipliers(const Multipliers& multipliers);

  /// Takes away `milli` of each value of the block that cannot be. @param values  one answer, from decode()
  [[nodiscard]] Rejections filter(std::span<Value> values);

  /// Rejected values since the start, by Reason.
  [[nodiscard]] const std::array<std::uint32_t, kReasons>& counts() const { return counts_; }

 private:
  class Block;

  [[nodiscard]] bool is_scale_doubtful(const Block& block) const;
  [[nodiscard]] std::optional<Reason> out_of_range(Measurand what, std::int64_t milli) const;
  static void check_sum(Block& block);
  static void check_apparent(Block& block);
  void check_volt_amperes(Block& block) const;

  std::uint8_t phases_;  // constant after construction
  bool has_doubtful_scale_;
  std::int64_t max_current_ma_;
  std::int64_t max_voltage_mv_ = 0;  // loop thread only
  std::int64_t max_phase_power_mw_ = 0;
  std::int64_t vt_ratio_milli_ = 1000;
  std::array<std::uint32_t, kReasons> counts_{};
};

}  // namespace meterseal::meter
