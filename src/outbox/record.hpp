#pragma once

// One telemetry message that must not be lost, as it is kept. The body is the SENSOR object without its Time: the time
// is written when the record is sent, because a gateway without a clock learns it later (Stamp, core/time.hpp). Thread:
// values, any. Format on disk: docs/formats/outbox.md

#include <cstdint>
#include <string>

#include "core/time.hpp"

namespace meterseal::outbox {

/// Device-wide, without gaps, assigned in the commit, survives restarts.
using Sequence = std::uint64_t;

struct Record {
  Sequence sequence = 0;  ///< 0 until committed
  Stamp stamp;
  bool time_estimated = false;  ///< set by the store: stamp.utc was filled in later by Store::relabel
  std::string body;             ///< `"ENERGY":{...},"sub1":{...}`, UTF-8, at most kMaxBody bytes
};

inline constexpr std::size_t kMaxBody = std::size_t{64} * 1024;

}  // namespace meterseal::outbox
