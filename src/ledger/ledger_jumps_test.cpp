// A counter that does not go on where it was: read errors, resets, rollovers, replaced meters.

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

const UtcTime kNoon = utc(2026, 3, 10, 12);

TEST(LedgerJumps, AFallInOneSampleOnlyIsAReadError) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  EXPECT_THAT(site.pass(1s).read(0.0), ElementsAre("held: import fell from 1000.000 kWh to 0.000 kWh, last read "
                                                   "2026-03-10T12:00:40Z: held until it stays so"));
  EXPECT_EQ(site.total(), 1000.0);
  EXPECT_THAT(site.pass(1s).read(1000.001),
              ElementsAre("discarded: import fell from 1000.000 kWh to 0.000 kWh for a moment only: not booked"));
  EXPECT_EQ(site.total(), 1000.001);
}

TEST(LedgerJumps, AFallThatStaysForSecondsIsStillAReadError) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  for (int i = 0; i < 29; ++i) site.pass(1s).read(0.0);
  EXPECT_EQ(site.total(), 1000.0);
  site.pass(1s).read(1000.1);
  EXPECT_EQ(site.total(), 1000.1);
}

TEST(LedgerJumps, AFallThatStaysIsAResetAndTotalGoesOn) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  EXPECT_THAT(site.read_steadily(3, 2.0), ElementsAre(StartsWith("held: ")));
  EXPECT_THAT(site.pass(10s).read(2.25),
              ElementsAre("reset: import fell from 1000.000 kWh to 2.000 kWh: what flowed in between is lost"));
  EXPECT_EQ(site.total(), 1000.25) << "what flowed while the fall was held is booked";
  EXPECT_EQ(site.today(), 0.25);
  EXPECT_THAT(site.pass(1h).read(3.0), IsEmpty());
  EXPECT_EQ(site.total(), 1001.0);
  EXPECT_EQ(site.today(), 1.0);
}

TEST(LedgerJumps, AResetToZeroIsNeverBookedAsConsumption) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.read_steadily(10, 0.0);
  EXPECT_EQ(site.total(), 1000.0);
  EXPECT_EQ(site.today(), 0);
}

TEST(LedgerJumps, ValuesThatDoNotAgreeNeverBecomeANewBase) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  for (int i = 0; i < 100; ++i) site.pass(10s).read(i % 2 == 0 ? 500.0 : 3.0);
  EXPECT_EQ(site.total(), 1000.0);
  site.pass(10s).read(1001.0);
  EXPECT_EQ(site.total(), 1001.0);
}

TEST(LedgerJumps, AFallIsAnnouncedOnceHoweverItGoesOn) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(1s).read(500.0);
  EXPECT_THAT(site.pass(1s).read(3.0), IsEmpty());
  EXPECT_THAT(site.pass(1s).read(500.0), IsEmpty());
}

TEST(LedgerJumps, RolloverAtTheKnownRangeBooksWhatFlowed) {
  LedgerSite site("UTC", kNoon, {40'000'000, kwh(9999.99)});  // PZEM-004T: 9999.99 kWh
  site.opened_at(9999.9);
  site.read_steadily(3, 0.05);
  EXPECT_THAT(site.pass(10s).read(0.06),
              ElementsAre("rollover: import fell from 9999.900 kWh to 0.050 kWh: it passed the end of its range"));
  EXPECT_NEAR(site.total(), 10000.05, 1e-9);
  EXPECT_NEAR(site.today(), 0.15, 1e-9);
  site.pass(1h).read(1.0);
  EXPECT_NEAR(site.total(), 10000.99, 1e-9);
}

TEST(LedgerJumps, AFallFarFromTheEndsOfTheRangeIsAReset) {
  struct Row {
    const char* what;
    double before;
    double now;
  };
  const Row rows[] = {{"before the last 2 %", 9799.0, 0.0},
                      {"behind the first 2 %", 9999.0, 201.0},
                      {"more than can have flowed", 9990.0, 100.0}};
  for (const Row& row : rows) {
    LedgerSite site("UTC", kNoon, {40'000'000, kwh(9999.99)});
    site.opened_at(row.before);
    site.read_steadily(3, row.now);
    EXPECT_THAT(site.pass(10s).read(row.now), ElementsAre(StartsWith("reset: "))) << row.what;
    EXPECT_EQ(site.total(), row.before) << row.what;
  }
}

TEST(LedgerJumps, ZeroReadNearTheEndOfTheRangeIsNoRollover) {
  LedgerSite site("UTC", kNoon, {40'000'000, kwh(9999.99)});
  site.opened_at(9999.9);
  site.pass(1s).read(0.0);
  site.pass(1s).read(9999.9);
  EXPECT_EQ(site.total(), 9999.9);
}

TEST(LedgerJumps, AnotherSerialNumberIsAReplacedMeter) {
  LedgerSite site("UTC", kNoon);
  site.identity.serial = "18470221";
  site.opened_at(27215.5, 10.0);
  site.pass(1h).read(27216.5, 11.0);
  site.identity.serial = "20115522";
  EXPECT_THAT(
      site.read_steadily(3, 0.5, 0.0),
      ElementsAre("held: serial number went from 18470221 to 20115522, last read 2026-03-10T13:00:40Z: held until "
                  "it stays so"));
  EXPECT_THAT(
      site.pass(10s).read(0.75, 0.5),
      ElementsAre("replaced: meter 18470221 replaced by 20115522 at 0.500 kWh: what flowed in between is not known"));
  EXPECT_EQ(site.total(), 27216.75);
  EXPECT_EQ(site.today(), 1.25) << "the day keeps its earlier part";
  EXPECT_EQ(site.totals().exported, kwh(11.5));
}

TEST(LedgerJumps, AReplacedMeterWithAHigherCounterIsNoConsumption) {
  LedgerSite site("UTC", kNoon, {0, std::nullopt});
  site.identity.serial = "18470221";
  site.opened_at(100.0);
  site.identity.serial = "20115522";
  site.read_steadily(4, 80000.0);
  EXPECT_EQ(site.total(), 100.0);
  site.pass(1h).read(80001.0);
  EXPECT_EQ(site.total(), 101.0);
}

TEST(LedgerJumps, ASerialNumberThatIsReadLaterOrNotAlwaysIsNoReplacement) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(100.0);
  site.identity.serial = "18470221";
  EXPECT_THAT(site.pass(1s).read(100.001), IsEmpty());
  site.identity.serial.clear();
  EXPECT_THAT(site.pass(1s).read(100.002), IsEmpty());
  site.identity.serial = "18470221";
  EXPECT_THAT(site.pass(1s).read(100.003), IsEmpty());
}

TEST(LedgerJumps, AnImplausibleRiseInOneSampleIsAReadError) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  EXPECT_THAT(site.pass(1s).read(1256.0),
              ElementsAre(StartsWith("held: import leapt from 1000.000 kWh to 1256.000 kWh")));
  EXPECT_EQ(site.total(), 1000.0);
  EXPECT_THAT(site.pass(1s).read(1000.001),
              ElementsAre("discarded: import leapt from 1000.000 kWh to 1256.000 kWh for a moment only: not booked"));
  EXPECT_EQ(site.total(), 1000.001);
}

TEST(LedgerJumps, AnImplausibleRiseThatStaysIsNotConsumption) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.read_steadily(3, 5000.0);
  EXPECT_THAT(
      site.pass(10s).read(5000.01),
      ElementsAre(
          "implausible_rise: import leapt from 1000.000 kWh to 5000.000 kWh: more than can have flowed, not counted"));
  EXPECT_NEAR(site.total(), 1000.01, 1e-9);
}

TEST(LedgerJumps, WhatTheConnectionCanCarryIsPlausible) {
  LedgerSite site("UTC", kNoon);  // 40 kW
  site.opened_at(1000.0);
  EXPECT_THAT(site.pass(1h).read(1040.0), IsEmpty());
  EXPECT_THAT(site.pass(48h).read(1040.0 + 48 * 40.0), ElementsAre(StartsWith("day_closed: ")));
}

TEST(LedgerJumps, ARiseIsPlausibleByTheWallClockAcrossBoots) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(10h).reboot();
  EXPECT_THAT(site.read(1399.0), IsEmpty());
  site.pass(1h).reboot();
  EXPECT_THAT(site.read(1500.0), ElementsAre(StartsWith("held: ")));
}

TEST(LedgerJumps, ARiseOverATimeThatNobodyKnowsIsBookedWhenItStays) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(10h).reboot().lose_clock();
  EXPECT_THAT(site.read(1399.0), ElementsAre(StartsWith("held: ")));
  EXPECT_THAT(site.read_steadily(3, 1399.0), IsEmpty());
  EXPECT_EQ(site.total(), 1399.0);
}

TEST(LedgerJumps, AReadErrorAfterATimeThatNobodyKnowsIsNotBooked) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(10h).reboot().lose_clock();
  site.read(80000.0);
  site.read_steadily(4, 1399.0);
  EXPECT_EQ(site.total(), 1399.0);
}

TEST(LedgerJumps, ASmallRiseOverATimeThatNobodyKnowsIsBookedAtOnce) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(2min).reboot().lose_clock();
  EXPECT_THAT(site.read(1000.05), IsEmpty());
  EXPECT_EQ(site.total(), 1000.05);
}

TEST(LedgerJumps, AFirstValueThatWasAFlukeIsForgotten) {
  LedgerSite site("UTC", kNoon);
  site.read(0.0);  // the meter and the gateway start together
  site.pass(1s).read(0.0);
  for (int i = 0; i < 30; ++i) site.pass(1s).read(27215.5);
  EXPECT_EQ(site.total(), 0);
  EXPECT_THAT(site.pass(1s).read(27215.5), ElementsAre("opened: book opened at 27215.500 kWh"));
  EXPECT_EQ(site.total(), 27215.5);
  EXPECT_EQ(site.today(), 0);
}

TEST(LedgerJumps, ExportMayBeResetAlone) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0, 500.0);
  EXPECT_THAT(
      site.pass(10s).read(1000.1, 1.0),
      ElementsAre("held: export fell from 500.000 kWh to 1.000 kWh, last read 2026-03-10T12:00:40Z: held until it "
                  "stays so"));
  site.pass(10s).read(1000.2, 1.0);
  site.pass(10s).read(1000.3, 1.0);
  EXPECT_THAT(site.pass(10s).read(1000.4, 1.5),
              ElementsAre("reset: export fell from 500.000 kWh to 1.000 kWh: what flowed in between is lost"));
  EXPECT_EQ(site.total(), 1000.4);
  EXPECT_EQ(site.totals().exported, kwh(500.5));
}

TEST(LedgerJumps, AHeldFallSurvivesAPowerCut) {
  LedgerSite site("UTC", kNoon);
  site.opened_at(1000.0);
  site.pass(10s).read(2.0);
  site.pass(10s).reboot();
  site.read(2.0);
  site.pass(10s).read(2.0);
  EXPECT_EQ(site.total(), 1000.0);
  EXPECT_THAT(site.pass(10s).read(2.5), ElementsAre(StartsWith("reset: ")));
  EXPECT_EQ(site.total(), 1000.5);
}

TEST(LedgerJumps, AReadErrorAfterAnOutageDoesNotMoveTheEnergyOfTheOutage) {
  LedgerSite site("UTC", utc(2026, 3, 10, 0));
  site.opened_at(1000.0);
  site.pass(72h).reboot();
  site.read(0.0);
  site.pass(1s).read(1072.0);
  EXPECT_NEAR(site.yesterday(), 24.0, 0.1);
  EXPECT_NEAR(site.today(), 0, 0.1);
}

}  // namespace
}  // namespace meterseal::ledger
