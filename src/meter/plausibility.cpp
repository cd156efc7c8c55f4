#include "meter/plausibility.hpp"

#include <algorithm>

namespace meterseal::meter {
namespace {

// Line to neutral: 230 V systems stay below 253 V, 277 V systems below 293 V. Zero is a dead phase.
// @source IEC 60038, table 1 (230 V and 277 V, +-10 %)
constexpr std::int64_t kMaxVoltageMv = 300000;
// Meters are specified to 1.2 times their maximum current for a short time; beyond it is no measurement.
constexpr std::int64_t kCurrentPercent = 120;
constexpr std::int64_t kMaxFactor = 1001;
constexpr std::int64_t kMinFrequencyMhz = 45000;
constexpr std::int64_t kMaxFrequencyMhz = 65000;

// Registers of a block are not latched at quite the same moment, and the smallest step of some meters is 1 W.
constexpr std::int64_t kSlackMw = 10000;

// In Measurand, the total of a quantity follows its three phases.
constexpr unsigned kPhasesAndTotal = 4;
static_assert(static_cast<unsigned>(Measurand::power_active_total) ==
              static_cast<unsigned>(Measurand::power_active_l1) + 3);
static_assert(static_cast<unsigned>(Measurand::power_apparent_total) ==
              static_cast<unsigned>(Measurand::power_apparent_l1) + 3);
static_assert(static_cast<unsigned>(Measurand::power_factor_total) ==
              static_cast<unsigned>(Measurand::power_factor_l1) + 3);

std::int64_t magnitude(std::int64_t value) {
  return value < 0 ? -value : value;
}

std::int64_t max_voltage_mv(const Multipliers& multipliers) {
  return kMaxVoltageMv * multipliers.vt_ratio_milli / 1000;
}

std::int64_t max_current_ma(const Profile& profile) {
  return profile.limits.max_current_ma * kCurrentPercent / 100;
}

/// What a range is about; energies and whatever has no limit are `free`.
enum class Kind : std::uint8_t {
  free,
  counter,
  voltage,
  voltage_between_lines,
  current,
  current_sum,
  power,
  power_sum,
  factor,
  frequency
};

Kind kind_of(Measurand what) {
  switch (what) {
    case Measurand::voltage_l1:
    case Measurand::voltage_l2:
    case Measurand::voltage_l3: return Kind::voltage;
    case Measurand::voltage_l1_l2:
    case Measurand::voltage_l2_l3:
    case Measurand::voltage_l3_l1: return Kind::voltage_between_lines;
    case Measurand::current_l1:
    case Measurand::current_l2:
    case Measurand::current_l3: return Kind::current;
    case Measurand::current_neutral: return Kind::current_sum;
    case Measurand::power_active_l1:
    case Measurand::power_active_l2:
    case Measurand::power_active_l3:
    case Measurand::power_apparent_l1:
    case Measurand::power_apparent_l2:
    case Measurand::power_apparent_l3:
    case Measurand::power_reactive_l1:
    case Measurand::power_reactive_l2:
    case Measurand::power_reactive_l3: return Kind::power;
    case Measurand::power_active_total:
    case Measurand::power_active_import_total:
    case Measurand::power_active_export_total:
    case Measurand::power_apparent_total:
    case Measurand::power_reactive_total: return Kind::power_sum;
    case Measurand::power_factor_l1:
    case Measurand::power_factor_l2:
    case Measurand::power_factor_l3:
    case Measurand::power_factor_total: return Kind::factor;
    case Measurand::frequency: return Kind::frequency;
    case Measurand::energy_active_import_total:
    case Measurand::energy_active_import_l1:
    case Measurand::energy_active_import_l2:
    case Measurand::energy_active_import_l3:
    case Measurand::energy_active_export_total:
    case Measurand::energy_active_export_l1:
    case Measurand::energy_active_export_l2:
    case Measurand::energy_active_export_l3:
    case Measurand::energy_active_total:
    case Measurand::energy_reactive_import_total:
    case Measurand::energy_reactive_export_total:
    case Measurand::energy_apparent_total: return Kind::counter;
    case Measurand::phase_angle_l1:
    case Measurand::phase_angle_l2:
    case Measurand::phase_angle_l3:
    case Measurand::phase_angle_total:
    case Measurand::other: return Kind::free;
  }
  return Kind::free;
}

Measurand phase(Measurand first, unsigned number) {
  return static_cast<Measurand>(static_cast<unsigned>(first) + number);
}

}  // namespace

std::string_view text_of(Reason reason) {
  switch (reason) {
    case Reason::scale_doubtful:
      return "line voltage is off by ten: this edition counts in other units, copy its profile with another scale";
    case Reason::voltage_out_of_range: return "voltage beyond any mains";
    case Reason::current_out_of_range: return "current beyond the meter";
    case Reason::power_out_of_range: return "power beyond the meter";
    case Reason::factor_out_of_range: return "power factor beyond one";
    case Reason::frequency_out_of_range: return "frequency beyond 45 to 65 Hz";
    case Reason::phases_do_not_add_up: return "powers of the phases do not add up to the total";
    case Reason::active_above_apparent: return "active power above apparent power";
    case Reason::power_above_volt_amperes: return "power above voltage times current times power factor";
  }
  return {};
}

std::int64_t max_power_mw(const Profile& profile, const Multipliers& multipliers) {
  return profile.phases * (max_voltage_mv(multipliers) * max_current_ma(profile) / 1000);
}

/// The values of one block by measurand, and what was rejected of them.
class Plausibility::Block {
 public:
  Block(std::span<Value> values, std::array<std::uint32_t, kReasons>& counts) : values_(values), counts_(counts) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].what != Measurand::other)
        position_[static_cast<std::size_t>(values[i].what)] = static_cast<std::uint8_t>(i + 1);
    }
  }

  [[nodiscard]] std::span<Value> values() const { return values_; }

  [[nodiscard]] std::optional<std::int64_t> of(Measurand what) const {
    const std::size_t position = position_[static_cast<std::size_t>(what)];
    return position == 0 ? std::nullopt : values_[position - 1].milli;
  }

  void reject(Value& value, Reason reason) {
    if (!value.milli) return;
    ++counts_[static_cast<std::size_t>(reason)];
    rejections_.push_back({value.register_index, reason, *value.milli});  // a full list loses the rest, not the count
    value.milli.reset();
  }

  void reject(Measurand what, Reason reason) {
    const std::size_t position = position_[static_cast<std::size_t>(what)];
    if (position != 0) reject(values_[position - 1], reason);
  }

  [[nodiscard]] const Rejections& rejections() const { return rejections_; }

 private:
  std::span<Value> values_;
  std::array<std::uint32_t, kReasons>& counts_;
  std::array<std::uint8_t, kMeasurands> position_{};  // 0: not in this block
  Rejections rejections_;
};

Plausibility::Plausibility(const Profile& profile)
    : phases_(profile.phases),
      has_doubtful_scale_(profile.limits.has_doubtful_scale),
      max_current_ma_(max_current_ma(profile)) {
  set_multipliers(Multipliers{});
}

void Plausibility::set_multipliers(const Multipliers& multipliers) {
  vt_ratio_milli_ = multipliers.vt_ratio_milli;
  max_voltage_mv_ = max_voltage_mv(multipliers);
  max_phase_power_mw_ = max_voltage_mv_ * max_current_ma_ / 1000;
}

Rejections Plausibility::filter(std::span<Value> values) {
  Block block(values, counts_);
  const bool is_doubtful = has_doubtful_scale_ && is_scale_doubtful(block);
  for (Value& value : block.values()) {
    if (is_doubtful && kind_of(value.what) != Kind::counter) block.reject(value, Reason::scale_doubtful);
    if (!value.milli) continue;
    if (const auto reason = out_of_range(value.what, *value.milli)) block.reject(value, *reason);
  }
  check_apparent(block);
  check_volt_amperes(block);
  check_sum(block);
  return block.rejections();
}

// A phase may be dead or float a little; all of them at 8 to 30 V or at 800 to 3000 V are a wrong power of ten.
bool Plausibility::is_scale_doubtful(const Block& block) const {
  std::int64_t highest = 0;
  for (unsigned i = 0; i < 3; ++i) highest = std::max(highest, block.of(phase(Measurand::voltage_l1, i)).value_or(0));
  const std::int64_t secondary_mv = highest * 1000 / vt_ratio_milli_;
  return (secondary_mv >= 8000 && secondary_mv <= 30000) || (secondary_mv >= 800000 && secondary_mv <= 3000000);
}

std::optional<Reason> Plausibility::out_of_range(Measurand what, std::int64_t milli) const {
  const auto limit = [milli](std::int64_t low, std::int64_t high, Reason reason) {
    return milli < low || milli > high ? std::optional(reason) : std::nullopt;
  };
  const auto within = [&](std::int64_t high, Reason reason) { return limit(-high, high, reason); };
  switch (kind_of(what)) {
    case Kind::free:
    case Kind::counter: return std::nullopt;
    case Kind::voltage: return limit(0, max_voltage_mv_, Reason::voltage_out_of_range);
    case Kind::voltage_between_lines:  // sqrt(3) times as much
      return limit(0, max_voltage_mv_ * 1733 / 1000, Reason::voltage_out_of_range);
    case Kind::current: return within(max_current_ma_, Reason::current_out_of_range);
    case Kind::current_sum: return within(3 * max_current_ma_, Reason::current_out_of_range);
    case Kind::power: return within(max_phase_power_mw_, Reason::power_out_of_range);
    case Kind::power_sum: return within(phases_ * max_phase_power_mw_, Reason::power_out_of_range);
    case Kind::factor: return within(kMaxFactor, Reason::factor_out_of_range);
    case Kind::frequency:
      return milli == 0 ? std::nullopt : limit(kMinFrequencyMhz, kMaxFrequencyMhz, Reason::frequency_out_of_range);
  }
  return std::nullopt;
}

// The sum of the phases is the total, within 0.5 %. A meter that counts everything as import adds magnitudes.
// Wired for three wires it leaves the phases at zero, which says nothing about the total.
void Plausibility::check_sum(Block& block) {
  const auto total = block.of(Measurand::power_active_total);
  std::int64_t sum = 0;
  std::int64_t sum_of_magnitudes = 0;
  for (unsigned i = 0; i < 3; ++i) {
    const auto power = block.of(phase(Measurand::power_active_l1, i));
    if (!power) return;
    sum += *power;
    sum_of_magnitudes += magnitude(*power);
  }
  if (!total || sum_of_magnitudes == 0) return;
  const std::int64_t slack = sum_of_magnitudes / 200 + kSlackMw;
  if (magnitude(sum - *total) <= slack || magnitude(sum_of_magnitudes - magnitude(*total)) <= slack) return;
  for (unsigned i = 0; i < 3; ++i) block.reject(phase(Measurand::power_active_l1, i), Reason::phases_do_not_add_up);
  block.reject(Measurand::power_active_total, Reason::phases_do_not_add_up);
}

// S >= |P| within 0.5 %.
void Plausibility::check_apparent(Block& block) {
  for (unsigned i = 0; i < kPhasesAndTotal; ++i) {
    const auto active = block.of(phase(Measurand::power_active_l1, i));
    const auto apparent = block.of(phase(Measurand::power_apparent_l1, i));
    if (!active || !apparent) continue;
    const std::int64_t volt_amperes = magnitude(*apparent);
    if (magnitude(*active) <= volt_amperes + volt_amperes / 200 + kSlackMw) continue;
    block.reject(phase(Measurand::power_active_l1, i), Reason::active_above_apparent);
    block.reject(phase(Measurand::power_apparent_l1, i), Reason::active_above_apparent);
  }
}

// |P| <= U * I * |PF| within 2 %. An inequality on purpose: some meters give the factor of the fundamental, with which
// U * I * PF lies above P on distorted loads.
void Plausibility::check_volt_amperes(Block& block) const {
  for (unsigned i = 0; i < kPhasesAndTotal; ++i) {
    const bool is_total = i + 1 == kPhasesAndTotal;
    if (is_total && phases_ != 1) continue;  // with one phase its powers are called totals
    const std::array<Measurand, 4> line = {phase(Measurand::power_active_l1, i), phase(Measurand::power_factor_l1, i),
                                           phase(Measurand::voltage_l1, is_total ? 0 : i),
                                           phase(Measurand::current_l1, is_total ? 0 : i)};
    const auto power = block.of(line[0]);
    const auto factor = block.of(line[1]);
    const auto voltage = block.of(line[2]);
    const auto current = block.of(line[3]);
    if (!power || !factor || !voltage || !current || *factor == 0) continue;  // without load there is no factor
    const std::int64_t volt_amperes = *voltage * magnitude(*current) / 1000;
    const std::int64_t most = volt_amperes / 1000 * magnitude(*factor) + volt_amperes / 50 + kSlackMw;
    if (magnitude(*power) <= most) continue;
    for (const Measurand what : line) block.reject(what, Reason::power_above_volt_amperes);
  }
}

}  // namespace meterseal::meter
