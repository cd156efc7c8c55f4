#pragma once

// How Tasmota writes moments and durations. Thread: any (pure).

#include <cstdint>
#include <optional>

#include "core/json_writer.hpp"
#include "core/time.hpp"

namespace meterseal::mqtt {

/// "2026-08-23T13:05:00": no zone, no fraction.
[[nodiscard]] Text<24> format_time(const CivilTime& time);
/// "12T00:00:07": days, hours, minutes, seconds.
[[nodiscard]] Text<32> format_duration(seconds duration);

/// "+07:00" of a local time.
[[nodiscard]] Text<8> format_offset(std::int32_t offset_s);

/// The time as text, or null while it is unknown.
void add_time(JsonWriter& json, const std::optional<CivilTime>& time);

}  // namespace meterseal::mqtt
