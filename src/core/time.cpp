#include "core/time.hpp"

namespace meterseal {

namespace {

constexpr std::int64_t kDaysPerEra = 146097;       // 400 years
constexpr std::int64_t kDaysBeforeEpoch = 719468;  // 0000-03-01 to 1970-01-01
constexpr std::int64_t kMillisPerDay = 86'400'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

std::int64_t days_from_civil(CivilDate date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t shifted_month = (date.month + 9) % 12;  // March is 0
  const std::int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysBeforeEpoch;
}

CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + kDaysBeforeEpoch;
  const std::int64_t era = floor_div(shifted, kDaysPerEra);
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  CivilDate date;
  date.day = static_cast<std::uint8_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  date.month = static_cast<std::uint8_t>(month);
  date.year = static_cast<std::int32_t>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  return date;
}

CivilDate next_day(CivilDate date) {
  return civil_from_days(days_from_civil(date) + 1);
}
CivilDate previous_day(CivilDate date) {
  return civil_from_days(days_from_civil(date) - 1);
}

CivilTime civil_utc(UtcTime time) {
  const std::int64_t ms = time.time_since_epoch().count();
  const std::int64_t days = floor_div(ms, kMillisPerDay);
  const std::int64_t rest = ms - days * kMillisPerDay;
  CivilTime civil;
  civil.date = civil_from_days(days);
  civil.hour = static_cast<std::uint8_t>(rest / 3'600'000);
  civil.minute = static_cast<std::uint8_t>(rest / 60'000 % 60);
  civil.second = static_cast<std::uint8_t>(rest / 1000 % 60);
  civil.millisecond = static_cast<std::uint16_t>(rest % 1000);
  return civil;
}

UtcTime utc_from_civil_utc(const CivilTime& time) {
  const std::int64_t seconds_of_day = time.hour * 3600 + time.minute * 60 + time.second - time.utc_offset_s;
  return UtcTime(
      UtcClock::duration(days_from_civil(time.date) * kMillisPerDay + seconds_of_day * 1000 + time.millisecond));
}

}  // namespace meterseal
