#pragma once

// The values of one meter as they may be published now: measured ones that are fresh, and the derived ones where the
// meter does not measure and every input is fresh. Whole numbers only (mV, mA, mW, mVA, mvar, permille).
// Thread: any (pure). Lives during one call; the MeterTelemetry must outlive it.

#include <cstdint>
#include <optional>

#include "mqtt/energy_payload.hpp"

namespace meterseal::mqtt {

class LiveValues {
 public:
  explicit LiveValues(const MeterTelemetry& meter) : meter_(meter) {}

  [[nodiscard]] std::optional<std::int64_t> measured(meter::Measurand what) const;
  /// One element of a quantity, measured or derived; nullopt: not known now.
  [[nodiscard]] std::optional<std::int64_t> of(Quantity quantity, Slot slot) const;

 private:
  [[nodiscard]] std::optional<std::int64_t> measured(Quantity quantity, Slot slot) const;

  const MeterTelemetry& meter_;
};

/// S = U * I. Not less than |P|, from which it differs only because both were not read at the same moment.
/// @source Tasmota 15.2, energy driver: "if Apparent < Active, Apparent := Active"
[[nodiscard]] std::optional<std::int64_t> apparent_power_mva(std::int64_t voltage_mv, std::int64_t current_ma,
                                                             std::optional<std::int64_t> power_mw);

/// Q = sqrt(S^2 - P^2), never negative: its direction cannot be known. 0 while S and P differ by no more than 1.5 VA
/// and 1 % or the current is 5 mA or less, where the difference is noise. @source Tasmota 15.2, energy driver
[[nodiscard]] std::int64_t reactive_power_mvar(std::int64_t apparent_mva, std::int64_t power_mw,
                                               std::optional<std::int64_t> current_ma);

/// P / S with the sign of P, within -1000..1000; 0 where either is 0.
[[nodiscard]] std::int64_t power_factor_permille(std::int64_t power_mw, std::int64_t apparent_mva);

}  // namespace meterseal::mqtt
