#include "mqtt/live_values.hpp"

#include <algorithm>

namespace meterseal::mqtt {

namespace {

constexpr std::uint64_t kNoiseCurrentMa = 5;
constexpr std::uint64_t kNoisePowerMva = 1500;

/// Unsigned, so that the smallest int64 is no special case.
std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

/// Largest r with r * r <= value.
std::uint64_t integer_root(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = 1ULL << 62; bit != 0; bit >>= 2) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return root;
}

}  // namespace

std::optional<std::int64_t> apparent_power_mva(std::int64_t voltage_mv, std::int64_t current_ma,
                                               std::optional<std::int64_t> power_mw) {
  std::uint64_t product_uva = 0;
  if (__builtin_mul_overflow(magnitude(voltage_mv), magnitude(current_ma), &product_uva)) return std::nullopt;
  std::uint64_t apparent = product_uva / 1000 + (product_uva % 1000 >= 500 ? 1 : 0);
  if (power_mw) apparent = std::max(apparent, magnitude(*power_mw));
  if (apparent > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<std::int64_t>(apparent);
}

std::int64_t reactive_power_mvar(std::int64_t apparent_mva, std::int64_t power_mw,
                                 std::optional<std::int64_t> current_ma) {
  if (current_ma && magnitude(*current_ma) <= kNoiseCurrentMa) return 0;
  std::uint64_t s = magnitude(apparent_mva);
  std::uint64_t p = magnitude(power_mw);
  if (p >= s) return 0;
  if (s - p <= kNoisePowerMva && s - p <= s / 100) return 0;
  // Above 2 MVA (in mVA) the square leaves 64 bits: drop low bits of both, which are far below the meter's resolution.
  unsigned dropped = 0;
  for (; s > 0x7FFFFFFF; ++dropped) {
    s >>= 1;
    p >>= 1;
  }
  const std::uint64_t reactive = integer_root(s * s - p * p) << dropped;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(reactive, INT64_MAX));
}

std::int64_t power_factor_permille(std::int64_t power_mw, std::int64_t apparent_mva) {
  std::uint64_t p = magnitude(power_mw);
  std::uint64_t s = magnitude(apparent_mva);
  if (s == 0) return 0;
  for (; s > UINT64_MAX / 2000; s >>= 1) p >>= 1;
  const std::uint64_t permille = p >= s ? 1000 : (p * 1000 + s / 2) / s;
  return power_mw < 0 ? -static_cast<std::int64_t>(permille) : static_cast<std::int64_t>(permille);
}

std::optional<std::int64_t> LiveValues::measured(meter::Measurand what) const {
  return meter_.values.fresh(what,
                             meter_.shape.is_slow(what) ? meter_.oldest_slow.value_or(meter_.oldest) : meter_.oldest);
}

std::optional<std::int64_t> LiveValues::measured(Quantity quantity, Slot slot) const {
  const auto what = meter_.shape.source(quantity, slot);
  return what ? measured(*what) : std::nullopt;
}

std::optional<std::int64_t> LiveValues::of(Quantity quantity, Slot slot) const {
  if (!meter_.shape.is_derived(quantity)) return measured(quantity, slot);
  const auto power = measured(Quantity::power, slot);
  const auto current = measured(Quantity::current, slot);
  if (quantity == Quantity::apparent_power) {
    const auto voltage = measured(Quantity::voltage, slot);
    if (!voltage || !current) return std::nullopt;
    return apparent_power_mva(*voltage, *current, power);
  }
  const auto apparent = of(Quantity::apparent_power, slot);
  if (!apparent || !power) return std::nullopt;
  if (quantity == Quantity::factor) return power_factor_permille(*power, *apparent);
  return reactive_power_mvar(*apparent, *power, current);
}

}  // namespace meterseal::mqtt
