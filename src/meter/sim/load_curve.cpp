#include "meter/sim/load_curve.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace meterseal::meter::sim {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr double kHour = 3600;

/// Channels of chance: the same number never decides two things.
enum What : std::uint8_t {
  kBase,
  kFridge,
  kKettle,
  kWash,
  kCook,
  kEvening,
  kCloud,
  kJitter,
  kVolts,
  kHertz
};

/// @source Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64)
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
  x = (x ^ x >> 27) * 0x94D049BB133111EBU;
  return x ^ x >> 31;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// An appliance of `watts` with this ratio of reactive to active power.
void add(PhaseLoad& phase, double watts, double vars_per_watt) {
  phase.watts += watts;
  phase.vars += watts * vars_per_watt;
}

}  // namespace

struct LoadCurve::Moment {
  std::int64_t day;
  std::int64_t second;  // of the day
  double absolute;      // seconds since day 0

  [[nodiscard]] bool between(double from, double until) const {
    return static_cast<double>(second) >= from && static_cast<double>(second) < until;
  }
};

/// 0 to 1, independent for each moment `when`.
double LoadCurve::chance(std::uint64_t what, std::int64_t when) const {
  const std::uint64_t bits = mix(mix(seed_ ^ what << 56) ^ static_cast<std::uint64_t>(when));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// -1 to 1, changing smoothly within `period` seconds.
double LoadCurve::drift(std::uint64_t what, double seconds, double period) const {
  const double position = seconds / period;
  const double step = std::floor(position);
  const double part = position - step;
  const double from = chance(what, static_cast<std::int64_t>(step));
  const double to = chance(what, static_cast<std::int64_t>(step) + 1);
  return 2 * (from + (to - from) * part) - 1;
}

Load LoadCurve::at(SimTime time) const {
  const std::int64_t seconds = floor_divide(time.count(), 1000);
  const std::int64_t day = floor_divide(seconds, kDay);
  const Moment now{day, seconds - day * kDay, static_cast<double>(seconds)};

  Load load;
  load.hertz = 50 + 0.03 * drift(kHertz, now.absolute, 20);
  add_appliances(now, load);
  if (phases_ == 3) {
    add_solar(now, load);
  } else {
    for (std::size_t i = 1; i < load.phases.size(); ++i) {
      load.phases[0].watts += load.phases[i].watts;
      load.phases[0].vars += load.phases[i].vars;
      load.phases[i] = {};
    }
  }
  for (std::size_t i = 0; i < phases_; ++i) {
    PhaseLoad& phase = load.phases[i];
    const double jitter = 1 + 0.01 * (chance(kJitter, seconds * 3 + static_cast<std::int64_t>(i)) - 0.5);
    phase.watts *= jitter;
    phase.vars *= jitter;
    // Behind 0.3 ohm of mains, load pulls the voltage down and feed-in lifts it.
    const double unloaded = 231 + 2.5 * drift(kVolts + 16 * i, now.absolute, 300) + 0.3 * (jitter - 1) * 100;
    phase.volts = unloaded - 0.3 * phase.watts / 230;
  }
  return load;
}

void LoadCurve::add_appliances(const Moment& now, Load& load) const {
  auto& [first, second, third] = load.phases;
  const auto at = static_cast<double>(now.second);
  add(first, 110 + 30 * drift(kBase, now.absolute, 600), -0.25);

  const double fridge = std::fmod(now.absolute + 2700 * chance(kFridge, 0), 2700);
  if (fridge < 1080) add(second, 85, 0.6);

  for (const double hour : {6.75, 10.0, 16.0}) {
    const double start = (hour + chance(kKettle, now.day * 8 + static_cast<std::int64_t>(hour))) * kHour;
    if (now.between(start, start + 180)) add(second, 2050, 0);
  }
  const double wash = (9.5 + chance(kWash, now.day)) * kHour;
  if (chance(kWash, -1 - now.day) < 0.4 && now.between(wash, wash + 5400)) {
    add(third, now.between(wash, wash + 1200) ? 2000 : 180, now.between(wash, wash + 1200) ? 0.02 : 0.5);
  }
  for (const double hour : {12.0, 18.25}) {
    const double start = (hour + 0.5 * chance(kCook, now.day * 2 + (hour > 15 ? 1 : 0))) * kHour;
    const bool is_on = std::fmod(at, 90) < 55;  // the thermostat of a hob
    if (now.between(start, start + 2400) && is_on) add(first, 1800, 0);
  }
  if (now.between(17.5 * kHour, 23 * kHour)) add(third, 240 + 40 * drift(kEvening, now.absolute, 900), -0.2);
  if (now.between(6.5 * kHour, 8 * kHour)) add(third, 120, -0.1);
}

void LoadCurve::add_solar(const Moment& now, Load& load) const {
  if (!now.between(6.5 * kHour, 20 * kHour)) return;
  const double height = std::sin(std::numbers::pi * (static_cast<double>(now.second) / kHour - 6.5) / 13.5);
  const double clouds = 0.65 + 0.35 * drift(kCloud, now.absolute, 240);
  for (PhaseLoad& phase : load.phases) add(phase, -solar_peak_watts_ / 3 * height * height * clouds, 0.01);
}

}  // namespace meterseal::meter::sim
