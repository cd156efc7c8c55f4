#include "core/host/zone_calendar.hpp"

#include <gtest/gtest.h>

#include "core/errors.hpp"

namespace meterseal::host {
namespace {

std::unique_ptr<ZoneCalendar> calendar_of(std::string_view zone) {
  auto calendar = ZoneCalendar::open(zone);
  EXPECT_TRUE(calendar) << zone;
  return std::move(*calendar);
}

/// "2026-03-29T00:00:00Z" and the like, without fraction.
std::string utc_text(UtcTime time) {
  const CivilTime civil = civil_utc(time);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02uZ", civil.date.year, civil.date.month, civil.date.day,
                civil.hour, civil.minute, civil.second);
  return text;
}

std::int64_t hours_of_day(const Calendar& calendar, CivilDate date) {
  return std::chrono::duration_cast<std::chrono::hours>(calendar.start_of(next_day(date)) - calendar.start_of(date))
      .count();
}

TEST(ZoneCalendar, RefusesWhatIsNoZone) {
  for (const char* wrong : {"Europe/Atlantis", "nonsense", "/etc/localtime", "../../../etc/passwd", "Europe/../UTC",
                            "zone.tab", "Europe", "EST5EDT,M3.2.0", "Europe/Berlin\n", ":Europe/Berlin"}) {
    const auto calendar = ZoneCalendar::open(wrong);
    ASSERT_FALSE(calendar) << wrong;
    EXPECT_EQ(calendar.error().code, core::zone_unknown) << wrong;
    EXPECT_EQ(calendar.error().where.view(), wrong);
  }
}

TEST(ZoneCalendar, RefusesAMachineWithoutZoneDatabase) {
  ::setenv("TZDIR", "/nonexistent", 1);
  const auto calendar = ZoneCalendar::open("Europe/Berlin");
  ::unsetenv("TZDIR");
  ASSERT_FALSE(calendar);
  EXPECT_EQ(calendar.error().code, core::zone_database_missing);
}

TEST(ZoneCalendar, GivesLocalTimeWithItsOffset) {
  const auto bangkok = calendar_of("Asia/Bangkok");
  const CivilTime civil = bangkok->local(UtcTime(milliseconds(1'787'487'900'250)));  // 2026-08-23T11:05:00.250Z
  EXPECT_EQ(civil.date, (CivilDate{2026, 8, 23}));
  EXPECT_EQ(civil.hour, 19);
  EXPECT_EQ(civil.minute, 25);
  EXPECT_EQ(civil.millisecond, 250);
  EXPECT_EQ(civil.utc_offset_s, 7 * 3600);
}

TEST(ZoneCalendar, GivesLocalTimeBefore1970AndAfter2038) {
  const auto bangkok = calendar_of("Asia/Bangkok");
  EXPECT_EQ(bangkok->local(UtcTime(milliseconds(-1))).date, (CivilDate{1970, 1, 1}));
  EXPECT_EQ(bangkok->local(UtcTime(milliseconds(-1))).millisecond, 999);
  const UtcTime year_2100 = utc_from_civil_utc({{2100, 1, 1}, 0, 0, 0, 0, 0});
  EXPECT_EQ(bangkok->local(year_2100).date, (CivilDate{2100, 1, 1}));
  EXPECT_EQ(bangkok->local(year_2100).hour, 7);
}

TEST(ZoneCalendar, KnowsTheStartOfDays) {
  struct Row {
    const char* what;
    const char* zone;
    CivilDate date;
    const char* start;
    std::int64_t hours;
  };
  const Row rows[] = {
      {"a day like any other", "Europe/Berlin", {2026, 1, 15}, "2026-01-14T23:00:00Z", 24},
      {"the clock is put forward", "Europe/Berlin", {2026, 3, 29}, "2026-03-28T23:00:00Z", 23},
      {"the day after it", "Europe/Berlin", {2026, 3, 30}, "2026-03-29T22:00:00Z", 24},
      {"the clock is put back", "Europe/Berlin", {2026, 10, 25}, "2026-10-24T22:00:00Z", 25},
      {"midnight is skipped: the day begins at 01:00", "America/Sao_Paulo", {2018, 11, 4}, "2018-11-04T03:00:00Z", 23},
      {"one hour comes twice before midnight", "America/Sao_Paulo", {2018, 2, 17}, "2018-02-17T02:00:00Z", 25},
      {"and the next day begins once", "America/Sao_Paulo", {2018, 2, 18}, "2018-02-18T03:00:00Z", 24},
      {"no daylight saving any more", "America/Sao_Paulo", {2026, 11, 1}, "2026-11-01T03:00:00Z", 24},
      {"never any daylight saving", "Asia/Bangkok", {2026, 3, 29}, "2026-03-28T17:00:00Z", 24},
      {"midnight is skipped in the present", "Africa/Cairo", {2024, 4, 26}, "2024-04-25T22:00:00Z", 23},
      {"an offset of 45 minutes", "Asia/Kathmandu", {2026, 6, 1}, "2026-05-31T18:15:00Z", 24},
      {"half an hour of daylight saving", "Australia/Lord_Howe", {2026, 4, 5}, "2026-04-04T13:00:00Z", 24},
      {"the far east of the date line", "Pacific/Kiritimati", {2026, 6, 1}, "2026-05-31T10:00:00Z", 24},
      {"the far west of it", "Etc/GMT+12", {2026, 6, 1}, "2026-06-01T12:00:00Z", 24},
      {"a date that does not exist ends when it begins", "Pacific/Apia", {2011, 12, 30}, "2011-12-30T10:00:00Z", 0},
      {"a day that begins twice begins first", "America/St_Johns", {2010, 11, 7}, "2010-11-07T02:30:00Z", 25},
      {"UTC", "UTC", {1970, 1, 1}, "1970-01-01T00:00:00Z", 24},
  };
  for (const Row& row : rows) {
    const auto calendar = calendar_of(row.zone);
    EXPECT_EQ(utc_text(calendar->start_of(row.date)), row.start) << row.what;
    EXPECT_EQ(hours_of_day(*calendar, row.date), row.hours) << row.what;
  }
}

TEST(ZoneCalendar, EachDayOfTenYearsBeginsWhereTheDayBeforeEnds) {
  for (const char* zone : {"Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Australia/Lord_Howe"}) {
    const auto calendar = calendar_of(zone);
    for (CivilDate date{2015, 1, 1}; date.year < 2025; date = next_day(date)) {
      const UtcTime start = calendar->start_of(date);
      ASSERT_EQ(calendar->local(start).date, date) << zone << ' ' << utc_text(start);
      ASSERT_EQ(calendar->local(start - milliseconds(1)).date, previous_day(date)) << zone << ' ' << utc_text(start);
    }
  }
}

TEST(ZoneCalendar, TakesTheZoneOfTheHostWhereNoneIsNamed) {
  ::setenv("TZ", "Asia/Tokyo", 1);
  EXPECT_EQ(calendar_of("")->local(UtcTime{}).utc_offset_s, 9 * 3600);
  ::setenv("TZ", "UTC", 1);
}

}  // namespace
}  // namespace meterseal::host
