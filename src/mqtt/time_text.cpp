#include "mqtt/time_text.hpp"

#include <algorithm>
#include <cstdlib>

namespace meterseal::mqtt {

Text<24> format_time(const CivilTime& time) {
  std::array<char, 24> memory{};
  TextWriter text(memory);
  text.add_padded(static_cast<std::uint64_t>(std::clamp(time.date.year, 0, 9999)), 4);
  text.add('-').add_padded(time.date.month, 2).add('-').add_padded(time.date.day, 2);
  text.add('T').add_padded(time.hour, 2).add(':').add_padded(time.minute, 2).add(':').add_padded(time.second, 2);
  return text.view();
}

Text<32> format_duration(seconds duration) {
  const auto total = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  std::array<char, 32> memory{};
  TextWriter text(memory);
  text.add_uint(total / 86'400).add('T').add_padded(total / 3600 % 24, 2);
  text.add(':').add_padded(total / 60 % 60, 2).add(':').add_padded(total % 60, 2);
  return text.view();
}

Text<8> format_offset(std::int32_t offset_s) {
  const auto minutes = static_cast<std::uint64_t>(std::abs(offset_s)) / 60;
  std::array<char, 8> memory{};
  TextWriter text(memory);
  text.add(offset_s < 0 ? '-' : '+').add_padded(minutes / 60, 2).add(':').add_padded(minutes % 60, 2);
  return text.view();
}

void add_time(JsonWriter& json, const std::optional<CivilTime>& time) {
  if (time) {
    json.text(format_time(*time));
  } else {
    json.null();
  }
}

}  // namespace meterseal::mqtt
