#pragma once

// What a receiver must know of a telemetry message: which record it is. Reads the top level of the JSON object only and
// keeps nothing else of it, so that whatever a stranger publishes costs no more than reading it once.
// Value; thread: any. Errors: collect::message_malformed. Keys: docs/telemetry.md

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collect/store.hpp"

namespace meterseal::collect::host {

struct Envelope {
  std::string outbox;
  Sequence sequence = 0;
  std::uint32_t boot = 0;
  std::string time;  ///< empty: the clock was never known
  /// Of a LOSS message.
  std::optional<Range> lost;
  std::uint64_t lost_count = 0;
  std::string lost_reason;
};

[[nodiscard]] Result<Envelope> read_envelope(std::string_view topic, std::string_view payload);

}  // namespace meterseal::collect::host
