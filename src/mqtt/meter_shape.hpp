#pragma once

// Which keys the telemetry of one meter has, and whether each is a number or an array of three. Decided once, from what
// is polled of the meter, and never from a momentary value: readers (Home Assistant) fix their entities at discovery
// and lose them when a number becomes an array.
//
// A quantity that the meter measures per phase is an array, one of which it only knows the sum is a number, one that it
// does not measure is derived where all inputs are polled, and absent where not (docs/telemetry.md).
// Thread: value, any. Memory: bounded, no heap.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "meter/measurand.hpp"

namespace meterseal::mqtt {

/// Quantities that exist per phase.
enum class Quantity : std::uint8_t {
  power,
  apparent_power,
  reactive_power,
  factor,
  voltage,
  current,
  import_active,
  export_active,
  phase_angle,
};
inline constexpr std::size_t kQuantities = 9;

enum class Layout : std::uint8_t {
  absent,
  number,
  phases  ///< array of three
};

enum class Phases : std::uint8_t {
  one = 1,
  three = 3
};

/// Which element of a quantity: the sum (or the only phase), or one phase of three.
enum class Slot : std::uint8_t {
  whole,
  l1,
  l2,
  l3
};
inline constexpr std::array kPhaseSlots{Slot::l1, Slot::l2, Slot::l3};

class MeterShape {
 public:
  /// @param slow  those of `polled` that are read less often than the rest
  MeterShape(Phases phases, std::span<const meter::Measurand> polled, std::span<const meter::Measurand> slow = {});

  [[nodiscard]] bool is_polled(meter::Measurand what) const;
  [[nodiscard]] bool is_slow(meter::Measurand what) const;
  [[nodiscard]] Layout layout(Quantity quantity) const { return field(quantity).layout; }
  [[nodiscard]] bool is_derived(Quantity quantity) const { return field(quantity).derived; }

  /// The register that measures one element; nullopt where none is polled.
  [[nodiscard]] std::optional<meter::Measurand> source(Quantity quantity, Slot slot) const;

  /// The counter behind Total, Today and Yesterday: feed the ledger from this one.
  [[nodiscard]] std::optional<meter::Measurand> import_counter() const;
  [[nodiscard]] std::optional<meter::Measurand> export_counter() const;

 private:
  struct Field {
    Layout layout = Layout::absent;
    bool derived = false;
  };

  [[nodiscard]] const Field& field(Quantity quantity) const { return fields_[static_cast<std::size_t>(quantity)]; }
  [[nodiscard]] Layout measured_layout(Quantity quantity) const;
  [[nodiscard]] bool has_all(Quantity quantity, Layout layout) const;
  void derive(Quantity quantity, Layout layout);

  Phases phases_;
  std::array<bool, meter::kMeasurands> polled_{};
  std::array<bool, meter::kMeasurands> slow_{};
  std::array<Field, kQuantities> fields_{};
};

}  // namespace meterseal::mqtt
