#include "core/host/zone_calendar.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/errors.hpp"

namespace meterseal::host {

namespace {

using std::chrono::hours;

/// The C library takes any text for a zone and silently means UTC by what it does not know.
bool is_zone_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";  // no dot: no way out of the folder
  return name.size() <= 64 && name.front() != '/' && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

/// @source RFC 8536, 3.1: the first four bytes of a zone file
bool is_zone_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "TZif";
}

UtcTime midnight_utc(CivilDate date) {
  CivilTime midnight;
  midnight.date = date;
  return utc_from_civil_utc(midnight);
}

}  // namespace

Result<std::unique_ptr<ZoneCalendar>> ZoneCalendar::open(std::string_view zone) {
  if (!zone.empty()) {
    // @source tzset(3): $TZDIR replaces the folder of the zone database
    const char* folder = std::getenv("TZDIR");
    const std::filesystem::path database = folder != nullptr ? folder : "/usr/share/zoneinfo";
    std::error_code error;
    if (!std::filesystem::is_directory(database, error)) {
      return fail(core::zone_database_missing, zone, "there is no zone database at " + database.string());
    }
    if (!is_zone_name(zone) || !is_zone_file(database / zone)) {
      return fail(core::zone_unknown, zone, "the zone database does not know this zone");
    }
    if (::setenv("TZ", (":" + std::string(zone)).c_str(), 1) != 0) {
      return fail(core::zone_unknown, zone, "the zone could not be set");
    }
  }
  ::tzset();
  return std::unique_ptr<ZoneCalendar>(new ZoneCalendar);
}

CivilTime ZoneCalendar::local(UtcTime time) const {
  const auto since_epoch = time.time_since_epoch();
  const auto whole_s = std::chrono::floor<seconds>(since_epoch);
  const auto moment = static_cast<std::time_t>(whole_s.count());
  std::tm fields{};
  if (::localtime_r(&moment, &fields) == nullptr) return civil_utc(time);  // a year that no int holds
  CivilTime civil = civil_utc(time + seconds(fields.tm_gmtoff));
  civil.utc_offset_s = static_cast<std::int32_t>(fields.tm_gmtoff);
  return civil;
}

UtcTime ZoneCalendar::start_of(CivilDate date) const {
  // Offsets lie within 15 hours of UTC, and a day can be left out as a whole (Samoa, 2011-12-30).
  const auto is_reached = [&](UtcTime time) { return local(time).date >= date; };
  UtcTime before = midnight_utc(date) - hours(16);
  UtcTime after = midnight_utc(date) + hours(40);
  while (after - before > seconds(1)) {
    const UtcTime middle = before + std::chrono::floor<seconds>((after - before) / 2);
    (is_reached(middle) ? after : before) = middle;
  }
  // Where a clock is put back over midnight the day begins twice (St John's until 2011): the first time counts.
  const UtcTime by_former_offset = midnight_utc(date) - seconds(local(after - hours(2)).utc_offset_s);
  return by_former_offset < after && is_reached(by_former_offset) ? by_former_offset : after;
}

}  // namespace meterseal::host
