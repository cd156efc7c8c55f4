#pragma once

// The physical state of a simulated meter, and what each register of any profile shows of it. The relations between the
// values are those of a real meter: sums over the phases, S and PF from P and Q, energies that are the integral of the
// power shown.
//
// Units: V, A, W, var, VA, degrees, Hz, kWh, kvarh, kVAh, Ah. Thread: values, any.
// @source capture of an SDM630 (user report): S_total is the sum of the phases, PF_total = P / sqrt(P^2 + Q^2),
//         phase_angle_total = atan2(Q, P), energy_active_total = import + export

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "meter/register.hpp"
#include "meter/sim/load_curve.hpp"

namespace meterseal::meter::sim {

/// Counters of one phase.
struct Counters {
  double active_import = 0;
  double active_export = 0;
  double reactive_import = 0;
  double reactive_export = 0;
  double apparent = 0;
  double ampere_hours = 0;

  void add(const PhaseLoad& load, double hours);
  Counters& operator+=(const Counters& other);
};

struct Quantities {
  Load load;
  std::array<Counters, 3> counters;
  std::array<Counters, 3> at_start;  ///< resettable counters count from here
  double demand_watts = 0;           ///< mean of the running quarter of an hour
  double demand_watts_max = 0;
  double demand_amperes = 0;  ///< of the first phase
  double demand_amperes_max = 0;
  std::uint32_t serial_number = 0;
  std::uint16_t meter_code = 0;
};

/// What the register of this profile name shows, in its unit; 0 for what a simulated meter does not have.
[[nodiscard]] double value_of(std::string_view name, const Quantities& quantities);

/// `value`, in the unit of the register, as words on the wire. Beyond the type's range: its end.
[[nodiscard]] std::vector<std::uint16_t> encode(const Register& entry, double value);

}  // namespace meterseal::meter::sim
