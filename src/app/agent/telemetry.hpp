#pragma once

// From the meters' newest values to telemetry: one record each tick, with the instant of its newest block, and the same
// readings without Period for Status and discovery. A meter that was never read is not in it.
//
// Ownership: readers, stamper and calendar must outlive it. Thread: loop thread. Memory: one buffer of the largest
// body. Errors: mqtt::payload_too_large.

#include <string>
#include <vector>

#include "app/agent/meter_reader.hpp"
#include "app/agent/stamper.hpp"
#include "outbox/record.hpp"

namespace meterseal::app {

class Telemetry {
 public:
  /// @param meters  in the order of SENSOR: the primary one first
  Telemetry(std::vector<MeterReader*> meters, const Stamper& stamper, const Calendar& calendar);

  /// No meter has ever been read: there is nothing to tell.
  [[nodiscard]] bool is_empty() const { return shape().empty(); }
  /// The record of this tick.
  [[nodiscard]] Result<outbox::Record> record(Instant now);
  /// The live readings, without Period.
  [[nodiscard]] Result<std::string> body(Instant now);

  /// Names of the meters that are shown now. When it changes, discovery is to be published again.
  [[nodiscard]] std::string shape() const;

 private:
  enum class Period {
    none,
    since_last_record
  };

  [[nodiscard]] Result<std::string> write(Instant now, Period period);

  // constant after construction
  const std::vector<MeterReader*> meters_;
  const Stamper& stamper_;
  const Calendar& calendar_;

  // loop thread only
  std::vector<char> memory_;
};

}  // namespace meterseal::app
