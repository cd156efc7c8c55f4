#pragma once

// Readings on their way from the bus to the ledger and the telemetry. Loop thread only; values, no ownership.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/time.hpp"
#include "meter/measurand.hpp"

namespace meterseal::meter {

/// One register of one block.
struct Value {
  std::uint16_t register_index = 0;  ///< into Profile::registers
  Measurand what = Measurand::other;
  std::optional<std::int64_t>
      milli;  ///< thousandths of the unit (measurand.hpp); nullopt: the meter says "not available"
};

/// All values of one request. They share one instant, the arrival of the last byte, which travels with them to the
/// broker.
struct BlockReading {
  std::size_t meter = 0;  ///< index of the meter in the configuration, over all buses
  Instant at;
  std::span<const Value> values;  ///< valid during the call only
};

/// The newest value of each measurand of one meter.
class LatestValues {
 public:
  struct Entry {
    std::int64_t milli = 0;
    Instant at;
  };

  void take(const BlockReading& block) {
    for (const Value& value : block.values) {
      if (value.what == Measurand::other) continue;
      auto& entry = entries_[static_cast<std::size_t>(value.what)];
      if (value.milli) {
        entry = Entry{*value.milli, block.at};
      } else {
        entry.reset();
      }
    }
  }

  [[nodiscard]] const std::optional<Entry>& of(Measurand what) const {
    return entries_[static_cast<std::size_t>(what)];
  }
  /// The value if it was read at or after `oldest`: an older one is not live and is never published as such.
  [[nodiscard]] std::optional<std::int64_t> fresh(Measurand what, Instant oldest) const {
    const auto& entry = of(what);
    if (!entry || entry->at < oldest) return std::nullopt;
    return entry->milli;
  }

 private:
  std::array<std::optional<Entry>, kMeasurands> entries_{};
};

}  // namespace meterseal::meter
