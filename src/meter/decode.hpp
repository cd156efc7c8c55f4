#pragma once

// Words of one answer -> values. The only place where a float of a meter is looked at: integers are scaled by integers,
// floats are rounded to the thousandth of their unit, and what is no number is nullopt.
//
// Units: thousandths of the register's unit, for energies thousandths of Wh, varh, VAh (measurand.hpp).
// Thread: functions, any. Memory: no heap.

#include <cstdint>
#include <optional>
#include <span>

#include "core/inline_vector.hpp"
#include "core/result.hpp"
#include "core/text.hpp"
#include "meter/poll_plan.hpp"
#include "meter/profile.hpp"
#include "meter/reading.hpp"

namespace meterseal::meter {

using Words = std::span<const std::uint16_t>;

/// Registers of one answer: a read asks for at most 125 words. @source MODBUS Application Protocol V1.1b3, 6.3
using Values = InlineVector<Value, 125>;

struct Decoded {
  Values values;  ///< one per register of the request, in its order
  std::uint16_t not_available =
      0;                           ///< of these: the meter says so (pattern of the model, or a float that is no number)
  std::uint16_t out_of_range = 0;  ///< of these: larger than the program can count
};

/// What the identity registers of a meter say about its other registers: a meter behind transformers may give the
/// values of the secondary side, and an SDM630 may count in MWh. Ones until they are read.
struct Multipliers {
  std::int64_t ct_ratio_milli = 1000;
  std::int64_t vt_ratio_milli = 1000;
  std::int64_t energy_prefix = 1;

  friend bool operator==(const Multipliers&, const Multipliers&) = default;
};

/// @param words  the answer to `request`
/// @return meter::block_length_wrong (bug); meter::word_order_swapped: a voltage, frequency or counter makes sense only
///         with its words exchanged, so the meter's register order was changed and nothing of the block can be believed
[[nodiscard]] Result<Decoded> decode(const Profile& profile, const PollRequest& request, Words words,
                                     const Multipliers& multipliers);

/// One step of a register at its present value, in the thousandths that decode() gives (mWh for a counter): the spacing
/// of floats, or the scale. At least 1. nullopt: the register is not in this answer, or is no number now.
[[nodiscard]] std::optional<std::int64_t> resolution_of(const Profile& profile, const PollRequest& request, Words words,
                                                        std::uint16_t register_index, const Multipliers& multipliers);

struct Identity {
  Text<40> text;                      ///< serial number as people read it; empty: the meter has none to tell
  std::optional<std::int64_t> milli;  ///< of a register that is a number
};

/// @param words  the answer to the single request for this register
[[nodiscard]] Result<Identity> decode_identity(const Profile& profile, std::uint16_t register_index, Words words);

/// `before`, changed by an identity register that was read. Values that no meter means (a ratio of 0) change nothing.
[[nodiscard]] Multipliers with_identity(const Multipliers& before, const Register& entry, const Identity& identity);

}  // namespace meterseal::meter
