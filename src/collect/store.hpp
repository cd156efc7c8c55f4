#pragma once

// Where collected records are kept, whatever the database: one row for each record, known by device, outbox and
// sequence number, so that a record that comes twice is stored once. Several collectors may write into one database.
//
// Calls block (a disk, a network): collect them on a thread that may. Errors: collect::store_failed (retry).
// Schema and meaning: docs/collect.md.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "collect/sequence_book.hpp"
#include "core/result.hpp"

namespace meterseal::collect {

/// One telemetry message as it came.
struct Arrival {
  std::string device;  ///< %topic%
  std::string outbox;  ///< which outbox of this device numbers it: a device whose disk was changed begins anew
  Sequence sequence = 0;
  std::uint32_t boot = 0;
  std::string time;     ///< the record's own local time, "2026-08-23T13:05:00"
  std::string payload;  ///< the whole JSON object
};

/// The device says that it dropped `count` of these numbers.
struct Loss {
  std::string device;
  std::string outbox;
  Range range;
  std::uint64_t count = 0;
  std::string reason;  ///< "thinned", "dropped"
};

struct DayReport {
  std::string date;  ///< "2026-08-23", of the records' own time
  std::uint64_t records = 0;
  std::uint64_t missing = 0;  ///< numbers skipped after a record of this day, declared or not
};
struct DeviceReport {
  std::string device;
  std::string outbox;
  SequenceBook book;
  std::vector<DayReport> days;
};

class Store {
 public:
  virtual ~Store() = default;
  /// All of it is durable when it returns without an error, or none is.
  virtual Result<void> commit(std::span<const Arrival> arrivals, std::span<const Loss> losses) = 0;
  [[nodiscard]] virtual Result<std::vector<DeviceReport>> report() = 0;
};

}  // namespace meterseal::collect
