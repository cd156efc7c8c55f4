#pragma once

// The electric day of a household: base load, refrigerator, kettle, washing, cooking, evening, and on a three-phase
// house a photovoltaic plant that feeds back. A function of seed and time alone, so that two runs show the same day and
// a test can ask for any moment. Constant within each second.
//
// Units: V, W, var, Hz; positive power is import. Thread: value, any.

#include <array>
#include <cstdint>

#include "core/time.hpp"

namespace meterseal::meter::sim {

/// Simulated time: since some local midnight; day 0 is as good as any.
using SimTime = milliseconds;

struct PhaseLoad {
  double volts = 0;
  double watts = 0;
  double vars = 0;
};

struct Load {
  std::array<PhaseLoad, 3> phases;  ///< of a single-phase house only the first is alive
  double hertz = 0;
};

class LoadCurve {
 public:
  LoadCurve(std::uint64_t seed, unsigned phases, double solar_peak_watts)
      : seed_(seed), phases_(phases), solar_peak_watts_(solar_peak_watts) {}

  [[nodiscard]] Load at(SimTime time) const;

 private:
  struct Moment;

  [[nodiscard]] double chance(std::uint64_t what, std::int64_t when) const;
  [[nodiscard]] double drift(std::uint64_t what, double seconds, double period) const;
  void add_appliances(const Moment& now, Load& load) const;
  void add_solar(const Moment& now, Load& load) const;

  std::uint64_t seed_;
  unsigned phases_;
  double solar_peak_watts_;
};

}  // namespace meterseal::meter::sim
