#include "ledger/ledger.hpp"

#include <gmock/gmock.h>

#include "support/ledger_site.hpp"

namespace meterseal::ledger {
namespace {

using test::kwh;
using test::LedgerSite;
using test::utc;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

TEST(Ledger, HasNoTotalsBeforeTheFirstReading) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  EXPECT_FALSE(site.ledger.totals());
  EXPECT_THAT(site.tick(), IsEmpty());
  site.reload();
  EXPECT_FALSE(site.ledger.totals());
}

TEST(Ledger, BeginsAtTheMetersOwnCounter) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  EXPECT_THAT(site.read(27215.5), ElementsAre("opened: book opened at 27215.500 kWh"));
  EXPECT_EQ(site.total(), 27215.5);
  EXPECT_EQ(site.today(), 0);
  EXPECT_EQ(site.yesterday(), 0);
  EXPECT_EQ(site.totals().since, utc(2026, 3, 10, 12));
  EXPECT_FALSE(site.totals().today_estimated);
  EXPECT_FALSE(site.totals().yesterday_estimated);
  EXPECT_FALSE(site.totals().exported);
}

TEST(Ledger, FollowsTheCounter) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  EXPECT_THAT(site.pass(1s).read(100.002), IsEmpty());
  EXPECT_THAT(site.pass(1s).read(100.002), IsEmpty());
  EXPECT_THAT(site.pass(1h).read(101.5), IsEmpty());
  EXPECT_EQ(site.total(), 101.5);
  EXPECT_EQ(site.today(), 1.5);
}

TEST(Ledger, KeepsExportApart) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0, 50.0);
  site.pass(1h).read(101.0, 53.0);
  EXPECT_EQ(site.total(), 101.0);
  EXPECT_EQ(site.totals().exported, kwh(53.0));
  EXPECT_EQ(site.totals().exported_today, kwh(3.0));
}

TEST(Ledger, APersonSetsTheBookAndItCountsOnFromThere) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  EXPECT_FALSE(site.ledger.correct(Correction::total, kwh(1.0))) << "there is no book yet";
  site.read(100.0);
  site.pass(1h).read(101.5);
  ASSERT_TRUE(site.ledger.correct(Correction::total, kwh(500.0)));
  EXPECT_EQ(site.total(), 500.0);
  EXPECT_EQ(site.today(), 1.5) << "what flowed today stays";
  site.pass(1h).read(102.0);
  EXPECT_EQ(site.total(), 500.5);
  ASSERT_TRUE(site.ledger.correct(Correction::today, kwh(7.0)));
  ASSERT_TRUE(site.ledger.correct(Correction::yesterday, kwh(9.25)));
  site.reload();
  EXPECT_EQ(site.today(), 7.0);
  EXPECT_EQ(site.yesterday(), 9.25);
  EXPECT_EQ(site.total(), 500.5);
  site.pass(1h).read(103.0);
  EXPECT_EQ(site.today(), 8.0);
}

TEST(Ledger, NoCorrectionMakesABookThatCannotBeRead) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.read(100.0);
  site.pass(1h).read(103.0);
  EXPECT_FALSE(site.ledger.correct(Correction::total, kwh(2.0))) << "less than today";
  EXPECT_FALSE(site.ledger.correct(Correction::today, kwh(104.0))) << "more than the total";
  for (const Correction what : {Correction::total, Correction::today, Correction::yesterday}) {
    EXPECT_FALSE(site.ledger.correct(what, {-1}));
    EXPECT_FALSE(site.ledger.correct(what, {kMaxEnergyMwh + 1}));
  }
  ASSERT_TRUE(site.ledger.correct(Correction::total, kwh(3.0)));
  site.reload();
  EXPECT_EQ(site.total(), 3.0);
}

TEST(Ledger, TakesUpAnExportCounterThatIsReadLater) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.opened_at(100.0);
  site.pass(1h).read(101.0, 53.0);
  EXPECT_EQ(site.totals().exported, kwh(53.0));
  EXPECT_EQ(site.totals().exported_today, kwh(0));
  site.pass(1h).read(102.0, 54.0);
  EXPECT_EQ(site.totals().exported_today, kwh(1.0));
}

TEST(Ledger, KeepsTheExportOfBeforeWhenItIsNotRead) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.opened_at(100.0, 50.0);
  site.pass(1h).read(101.0);
  EXPECT_EQ(site.totals().exported, kwh(50.0));
  site.pass(1h).read(102.0, 52.0);
  EXPECT_EQ(site.totals().exported_today, kwh(2.0));
}

TEST(Ledger, HoldsTheLastValueThroughAFloatArtefact) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.resolution = kwh(0.0625);  // a float above 524288 kWh
  site.opened_at(600000.125);
  EXPECT_THAT(site.pass(1s).read(600000.0625),
              ElementsAre("float_artefact: import fell from 600000.125 kWh to 600000.063 kWh"));
  EXPECT_EQ(site.total(), 600000.125);
  EXPECT_THAT(site.pass(1s).read(600000.1875), IsEmpty());
  EXPECT_EQ(site.total(), 600000.1875);
}

TEST(Ledger, MeasuresAnArtefactByTheCoarserStepWhereTheFloatSpacingChanges) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.resolution = kwh(0.0625);
  site.opened_at(524288.0);
  site.resolution = kwh(0.03125);
  EXPECT_THAT(site.pass(1s).read(524287.9375),
              ElementsAre("float_artefact: import fell from 524288.000 kWh to 524287.938 kWh"));
}

TEST(Ledger, SmallFallsDoNotAddUpUnseen) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  site.resolution = kwh(0.001);
  site.opened_at(100.0);
  EXPECT_THAT(site.pass(1s).read(99.999), ElementsAre("float_artefact: import fell from 100.000 kWh to 99.999 kWh"));
  EXPECT_THAT(
      site.pass(1s).read(99.998),
      ElementsAre(
          "held: import fell from 100.000 kWh to 99.998 kWh, last read 2026-03-10T12:00:41Z: held until it stays so"));
}

TEST(Ledger, RefusesWhatNoCounterShows) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12));
  EXPECT_THAT(site.read(-0.001), ElementsAre("discarded: a value that no energy counter shows: not booked"));
  EXPECT_FALSE(site.ledger.totals());
  site.opened_at(100.0, 10.0);
  const std::string before = site.ledger.encode();
  EXPECT_THAT(site.pass(1s).read(4'000'000'000.001),
              ElementsAre("discarded: a value that no energy counter shows: not booked"));
  EXPECT_THAT(site.pass(1s).read(100.0, -1.0),
              ElementsAre("discarded: a value that no energy counter shows: not booked"));
  EXPECT_EQ(site.ledger.encode(), before);
}

TEST(Ledger, TotalStaysInItsRangeWhateverAMeterShows) {
  LedgerSite site("UTC", utc(2026, 3, 10, 12), {0, std::nullopt});
  site.opened_at(3'999'999'999.0);
  for (int i = 0; i < 4; ++i) {
    site.read_steadily(5, 0.0);
    site.read_steadily(5, 3'999'999'999.0);
    EXPECT_LE(site.total(), 4'000'000'000.0);
    site.reload();
  }
}

}  // namespace
}  // namespace meterseal::ledger
