#pragma once

// One simulated meter: follows its load curve, integrates energy, and answers Modbus requests as the family does,
// including what it refuses. Knows no wire and no clock: the simulated time comes with each call.
//
// Thread: value, one thread at a time.
// @source MODBUS Application Protocol V1.1b3, 6 and 7 (functions, exceptions); what meters do beside it:
// docs/formats/profiles.md

#include <cstdint>

#include "core/bytes.hpp"
#include "core/inline_vector.hpp"
#include "meter/profile.hpp"
#include "meter/sim/load_curve.hpp"
#include "meter/sim/quantities.hpp"

namespace meterseal::meter::sim {

/// Function code and data. @source MODBUS Application Protocol V1.1b3, 4.1: 253 bytes at most
using Pdu = InlineVector<std::uint8_t, 253>;

struct SimMeterSettings {
  std::uint64_t seed = 1;
  double start_import_kwh = 12345.6;
  double start_export_kwh = 78.9;
  double solar_peak_watts = 6000;  ///< on three-phase meters
};

class SimMeter {
 public:
  SimMeter(Profile profile, const SimMeterSettings& settings, SimTime start);

  /// Integrates up to `time`. Time never goes back: an earlier one changes nothing.
  void advance_to(SimTime time);

  /// The answer to one request PDU: data, or an exception.
  [[nodiscard]] Pdu answer(Bytes request) const;

  [[nodiscard]] const Quantities& quantities() const { return quantities_; }
  [[nodiscard]] const Profile& profile() const { return profile_; }

 private:
  [[nodiscard]] Pdu read(std::uint8_t function, std::uint16_t address, std::uint16_t count) const;
  [[nodiscard]] bool is_inside_map(Table table, std::uint32_t address) const;
  void add_demand(SimTime span);

  Profile profile_;  // constant after construction
  LoadCurve curve_;
  SimTime now_;  // loop thread only
  Quantities quantities_;
  SimTime demand_span_{};  // of the running quarter of an hour
};

}  // namespace meterseal::meter::sim
