// Midnight: interpolation, daylight saving, downtime, clocks that are unknown or step.

#include <gmock/gmock.h>

#include "ledger/ledger.hpp"
#include "support/ledger_site.hpp"

namespace meterseal::ledger {
namespace {

using test::kwh;
using test::LedgerSite;
using test::utc;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using namespace std::chrono_literals;

TEST(LedgerDays, MidnightLiesOnTheLineBetweenTheReadingsAroundIt) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(12h - 1s).read(110.0);
  EXPECT_THAT(site.pass(4s).read(110.004), ElementsAre("day_closed: 2026-03-10: import 10.001 kWh"));
  EXPECT_EQ(site.yesterday(), 10.001);
  EXPECT_EQ(site.today(), 0.003);
  EXPECT_FALSE(site.totals().today_estimated);
  EXPECT_FALSE(site.totals().yesterday_estimated);
}

TEST(LedgerDays, ExportIsClosedWithImport) {
  LedgerSite site("UTC", utc(2026, 3, 10, 23));
  site.read(100.0, 10.0);
  site.pass(1h - 1s).read(101.0, 12.0);
  EXPECT_THAT(site.pass(2s).read(101.0, 12.0),
              ElementsAre("day_closed: 2026-03-10: import 1.000 kWh, export 2.000 kWh"));
  EXPECT_EQ(site.totals().exported_today, kwh(0));
}

TEST(LedgerDays, TheDayBeginsAtLocalMidnight) {
  LedgerSite site("Asia/Bangkok", utc(2026, 3, 10, 16, 59));
  site.read(100.0);
  EXPECT_THAT(site.pass(59s).read(100.5), IsEmpty());
  EXPECT_THAT(site.pass(1s).read(100.5), ElementsAre("day_closed: 2026-03-10: import 0.500 kWh"));
}

TEST(LedgerDays, EachDayHasTheEnergyOfItsOwnHours) {
  struct Row {
    const char* what;
    const char* zone;
    UtcTime start;  // a local midnight
    CivilDate day;  // that follows
    double hours;
  };
  const Row rows[] = {
      {"a day like any other", "Europe/Berlin", utc(2026, 1, 13, 23), {2026, 1, 14}, 24},
      {"the clock is put forward", "Europe/Berlin", utc(2026, 3, 28, 23), {2026, 3, 29}, 23},
      {"the clock is put back", "Europe/Berlin", utc(2026, 10, 24, 22), {2026, 10, 25}, 25},
      {"midnight is skipped", "America/Sao_Paulo", utc(2018, 11, 4, 3), {2018, 11, 4}, 23},
      {"the hour before midnight comes twice", "America/Sao_Paulo", utc(2018, 2, 17, 2), {2018, 2, 17}, 25},
      {"no daylight saving", "Asia/Bangkok", utc(2026, 3, 28, 17), {2026, 3, 29}, 24},
  };
  for (const Row& row : rows) {
    LedgerSite site(row.zone, row.start - milliseconds(60'000));
    site.read(100.0);  // 1 kW from here on
    std::vector<std::string> closings;
    for (int minute = 1; minute <= 30 * 60; ++minute) {
      for (std::string& text : site.pass(1min).read(100.0 + minute / 60.0)) closings.push_back(std::move(text));
    }
    ASSERT_EQ(closings.size(), 2U) << row.what;
    EXPECT_EQ(site.totals().yesterday, kwh(row.hours)) << row.what;
    EXPECT_FALSE(site.totals().yesterday_estimated) << row.what;
  }
}

TEST(LedgerDays, AGapOverMidnightIsEstimated) {
  LedgerSite site("UTC", utc(2026, 3, 10, 22));
  site.read(100.0);
  site.pass(4h).read(104.0);
  EXPECT_EQ(site.yesterday(), 2.0);
  EXPECT_EQ(site.today(), 2.0);
  EXPECT_TRUE(site.totals().yesterday_estimated);
  EXPECT_TRUE(site.totals().today_estimated);
  site.pass(22h).read(105.0);
  site.pass(1s).read(105.0);
  EXPECT_EQ(site.yesterday(), 3.0);
  EXPECT_TRUE(site.totals().yesterday_estimated) << "its begin was estimated";
}

TEST(LedgerDays, AGapWithinADayIsExact) {
  LedgerSite site("UTC", utc(2026, 3, 10, 1));
  site.read(100.0);
  site.pass(20h).read(120.0);
  EXPECT_EQ(site.today(), 20.0);
  EXPECT_FALSE(site.totals().today_estimated);
}

TEST(LedgerDays, DowntimeOfDaysIsSpreadOverThem) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(96h).reboot();
  EXPECT_THAT(site.read(196.0),
              ElementsAre("day_closed: 4 days up to 2026-03-13: import 84.000 kWh, distributed over them (estimated)"));
  EXPECT_EQ(site.total(), 196.0);
  EXPECT_EQ(site.yesterday(), 24.0);
  EXPECT_EQ(site.today(), 12.0);
  EXPECT_TRUE(site.totals().yesterday_estimated);
  EXPECT_TRUE(site.totals().today_estimated);
}

TEST(LedgerDays, DowntimeOverDaylightSavingIsSpreadByTheHoursOfTheDays) {
  LedgerSite site("Europe/Berlin", utc(2026, 3, 28, 11));
  site.read(100.0);
  site.pass(48h).reboot();
  site.read(148.0);  // 1 kW
  EXPECT_EQ(site.yesterday(), 23.0);
  EXPECT_EQ(site.today(), 13.0);
}

TEST(LedgerDays, YearsOfDowntimeAreNoDifficulty) {
  LedgerSite site("Europe/Berlin", utc(2026, 3, 28, 11));
  site.read(100.0);
  site.pass(24h * 3653).reboot();
  site.read(100.0 + 24.0 * 3653);
  EXPECT_NEAR(site.yesterday(), 24.0, 1e-3);
  EXPECT_EQ(site.total(), 100.0 + 24.0 * 3653);
}

TEST(LedgerDays, WithoutAReadingTheDayIsClosedForNow) {
  LedgerSite site("UTC", utc(2026, 3, 10, 23));
  site.read(100.0);
  site.pass(30min).read(101.0);
  site.pass(30min + 119s);
  EXPECT_THAT(site.tick(), IsEmpty()) << "a reading may still come";
  EXPECT_EQ(site.today(), 1.0);
  EXPECT_THAT(site.pass(1s).tick(),
              ElementsAre("day_closed: 2026-03-10: closed for now, no reading since 2026-03-10T23:30:00Z"));
  EXPECT_THAT(site.pass(1s).tick(), IsEmpty());
  EXPECT_EQ(site.today(), 0);
  EXPECT_EQ(site.yesterday(), 1.0);
  EXPECT_TRUE(site.totals().yesterday_estimated);
  site.pass(28min - 1s);
  EXPECT_THAT(site.read(102.0), ElementsAre("day_closed: 2026-03-10: import 1.500 kWh (estimated)"));
  EXPECT_EQ(site.yesterday(), 1.5);
  EXPECT_EQ(site.today(), 0.5);
}

TEST(LedgerDays, TwoMidnightsWithoutAReadingLeaveAnEmptyYesterday) {
  LedgerSite site("UTC", utc(2026, 3, 10, 22));
  site.read(100.0);
  site.pass(1h).read(101.0);
  site.pass(2h).tick();
  site.pass(24h).tick();
  EXPECT_EQ(site.yesterday(), 0);
  EXPECT_EQ(site.today(), 0);
  EXPECT_EQ(site.total(), 101.0);
  site.reload();
  site.pass(1h).read(128.0);  // 27 h: 1 kW
  EXPECT_EQ(site.yesterday(), 24.0);
  EXPECT_EQ(site.today(), 2.0);
}

TEST(LedgerDays, TickDoesNothingWhileReadingsCome) {
  LedgerSite site("UTC", utc(2026, 3, 10, 23, 58));
  for (int i = 0; i < 300; ++i) {
    site.pass(1s).read(100.0);
    EXPECT_THAT(site.tick(), IsEmpty());
  }
}

TEST(LedgerDays, NoDayIsClosedWhileTheClockIsUnknown) {
  LedgerSite site("UTC", utc(2026, 3, 10, 23));
  site.lose_clock().opened_at(100.0);
  EXPECT_THAT(site.pass(48h).read(148.0), IsEmpty());
  EXPECT_THAT(site.tick(), IsEmpty());
  EXPECT_EQ(site.total(), 148.0);
  EXPECT_FALSE(site.totals().since);
  EXPECT_TRUE(site.totals().today_estimated);
}

TEST(LedgerDays, ReadingsOfThisBootGetTheirTimeWhenTheClockIsKnown) {
  LedgerSite site("UTC", utc(2026, 3, 10, 20));
  site.lose_clock().read(100.0);
  site.pass(8h);
  EXPECT_THAT(site.find_clock().read(108.0), IsEmpty()) << "nothing was open that could be closed";
  EXPECT_EQ(site.today(), 4.0);
  EXPECT_EQ(site.yesterday(), 4.0);
  EXPECT_EQ(site.totals().since, utc(2026, 3, 10, 20));
  EXPECT_TRUE(site.totals().today_estimated);
}

TEST(LedgerDays, AStartWithoutClockIsExactWhenTheClockComesWithinMinutes) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.lose_clock().read(100.0);
  site.pass(2min).find_clock().read(100.5);
  EXPECT_EQ(site.today(), 0.5);
  EXPECT_FALSE(site.totals().today_estimated);
}

TEST(LedgerDays, EnergyOfAnUndatedBootBelongsToNoDay) {
  LedgerSite site("UTC", utc(2026, 3, 10, 20));
  site.lose_clock().opened_at(100.0);
  site.pass(2h).read(102.0);
  site.pass(2h).reboot();
  site.pass(30s).find_clock().read_steadily(4, 104.0);
  EXPECT_EQ(site.total(), 104.0);
  EXPECT_EQ(site.today(), 0);
  EXPECT_TRUE(site.totals().today_estimated);
  EXPECT_TRUE(site.totals().since);
}

TEST(LedgerDays, ABootWithoutClockIsBridgedFromTheLastKnownTime) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.opened_at(100.0);
  site.pass(6h).read(106.0);
  site.pass(10h).reboot().lose_clock();  // power comes back at 04:00
  site.read_steadily(4, 116.0);
  EXPECT_TRUE(site.totals().today_estimated);
  EXPECT_EQ(site.today(), 16.0) << "midnight is not known to have passed";
  EXPECT_THAT(site.pass(2h - 40s).find_clock().read(118.0),
              ElementsAre("day_closed: 2026-03-10: import 11.989 kWh (estimated)"));
  EXPECT_NEAR(site.today(), 6.01, 0.01);
}

TEST(LedgerDays, AClockThatStepsBackMakesNoSecondMidnight) {
  LedgerSite site("UTC", utc(2026, 3, 10, 23, 59, 50));
  site.read(100.0);
  EXPECT_THAT(site.pass(20s).read(100.1), ElementsAre(StartsWith("day_closed: 2026-03-10")));
  EXPECT_THAT(site.step_clock(-60s).pass(1s).read(100.1),
              ElementsAre("clock_stepped_back: the clock went back by 60 s, at 2026-03-10T23:59:11Z"));
  std::vector<std::string> events;
  for (int i = 0; i < 120; ++i) {
    for (std::string& text : site.pass(1s).read(100.1)) events.push_back(std::move(text));
    for (std::string& text : site.tick()) events.push_back(std::move(text));
  }
  EXPECT_THAT(events, IsEmpty());
  EXPECT_NEAR(site.yesterday(), 0.05, 1e-3);
  EXPECT_NEAR(site.today(), 0.05, 1e-3);
}

TEST(LedgerDays, SmallCorrectionsOfTheClockAreNoEvent) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  EXPECT_THAT(site.pass(1s).step_clock(-2s).read(100.0), IsEmpty());
  EXPECT_THAT(site.pass(1s).step_clock(2s).read(100.0), IsEmpty());
  EXPECT_THAT(site.pass(10s).step_clock(-3s).read(100.0), ElementsAre(StartsWith("clock_stepped_back: ")));
}

TEST(LedgerDays, AClockThatJumpsForwardDoesNotSpreadASecondOverDays) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(1h).read(101.0);
  EXPECT_THAT(site.pass(1s).step_clock(24h).read(101.0), ElementsAre("day_closed: 2026-03-10: import 1.000 kWh"));
  EXPECT_EQ(site.yesterday(), 1.0);
  EXPECT_EQ(site.today(), 0);
}

TEST(LedgerDays, ADayThatAWrongClockOpenedIsReturnedFrom) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(1h).step_clock(24h * 3650).read(101.0);  // somebody forges the time
  EXPECT_THAT(site.pass(1h).step_clock(-24h * 3650).read(102.0),
              ElementsAre(StartsWith("clock_stepped_back: the clock went back by 315360000 s"),
                          "clock_stepped_back: the date went back from 2036-03-07 to 2026-03-10: Today goes on"));
  EXPECT_TRUE(site.totals().today_estimated);
  site.pass(10h - 1s).read(112.0);
  EXPECT_THAT(site.pass(1s).read(112.0), ElementsAre(StartsWith("day_closed: 2026-03-10: import ")));
  EXPECT_EQ(site.today(), 0);
}

TEST(LedgerDays, AWrongClockThatOnlyTheTickSawIsReturnedFrom) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(1h).read(101.0);
  site.step_clock(24h * 3650);
  EXPECT_THAT(site.tick(), ElementsAre(StartsWith("day_closed: 2026-03-10: closed for now")));
  site.step_clock(-24h * 3650);
  EXPECT_THAT(site.pass(1s).tick(), ElementsAre(StartsWith("clock_stepped_back: the date went back")));
  EXPECT_EQ(site.today(), 1.0);
  EXPECT_FALSE(site.totals().today_estimated);
}

TEST(LedgerDays, AWallClockOfThePastAfterABootLosesNoEnergy) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.opened_at(100.0);
  site.pass(1h).reboot().step_clock(-5h);
  EXPECT_THAT(site.read_steadily(4, 101.0),
              ElementsAre(StartsWith("held: "), StartsWith("clock_stepped_back: the clock went back by ")));
  EXPECT_EQ(site.total(), 101.0);
  EXPECT_EQ(site.today(), 1.0);
}

TEST(LedgerDays, AReplacedMeterKeepsTheEarlierPartOfTheDay) {
  LedgerSite site("UTC", utc(2026, 3, 10, 0));
  site.identity.serial = "A";
  site.opened_at(100.0);
  site.pass(6h).read(106.0);
  site.identity.serial = "B";
  site.read_steadily(4, 0.0);
  site.pass(6h).read(5.0);
  EXPECT_EQ(site.today(), 11.0);
}

}  // namespace
}  // namespace meterseal::ledger
