#include "ledger/counter.hpp"

#include <algorithm>

namespace meterseal::ledger {

namespace {

constexpr seconds kRegisterDelay{60};

}  // namespace

Continuity compare(std::int64_t before, std::int64_t now, std::int64_t step, std::optional<std::int64_t> most) {
  if (now < before) return before - now <= step ? Continuity::artefact : Continuity::falls;
  if (most && now - before > *most + 2 * step) return Continuity::leaps;
  return Continuity::continues;
}

std::optional<std::int64_t> most_energy(std::int64_t max_power_mw, std::optional<milliseconds> time) {
  if (max_power_mw <= 0 || !time) return std::nullopt;
  const std::int64_t time_s = std::chrono::ceil<seconds>(*time + kRegisterDelay).count();
  const std::int64_t mwh_per_s = max_power_mw / 3600 + 1;
  if (mwh_per_s > kMaxEnergyMwh / time_s) return kMaxEnergyMwh;
  return mwh_per_s * time_s;
}

bool is_rollover(std::int64_t before, std::int64_t now, std::int64_t range, std::optional<std::int64_t> most) {
  const std::int64_t edge = range / 50;  // 2 % at both ends
  if (before > range || before < range - edge || now > edge) return false;
  return !most || range - before + now <= *most;
}

std::int64_t Line::at(UtcTime moment, std::int64_t total_from, std::int64_t total_to) const {
  if (moment <= from) return total_from;
  if (moment >= to) return total_to;
  std::int64_t part = (moment - from).count();
  std::int64_t whole = (to - from).count();
  // From 24 days on the milliseconds do not count: two factors of 31 bits fit into the product.
  for (; whole >= std::int64_t{1} << 31; whole >>= 1) part >>= 1;
  const std::int64_t energy = total_to - total_from;
  return total_from + energy / whole * part + energy % whole * part / whole;
}

}  // namespace meterseal::ledger
