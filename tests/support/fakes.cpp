#include "support/fakes.hpp"

namespace meterseal::test {

void CollectingLog::write(LogLevel level, std::string_view tag, std::string_view text) {
  static constexpr std::string_view names[] = {"error", "warning", "info", "debug"};
  std::string line(names[static_cast<std::size_t>(level)]);
  line.append(" ").append(tag).append(": ").append(text);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> CollectingLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool CollectingLog::contains(std::string_view part) const {
  for (const std::string& line : lines()) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

CivilTime FixedCalendar::local(UtcTime time) const {
  CivilTime civil = civil_utc(time + offset_);
  civil.utc_offset_s = static_cast<std::int32_t>(offset_.count());
  return civil;
}

UtcTime FixedCalendar::start_of(CivilDate date) const {
  CivilTime midnight;
  midnight.date = date;
  midnight.utc_offset_s = static_cast<std::int32_t>(offset_.count());
  return utc_from_civil_utc(midnight);
}

}  // namespace meterseal::test
