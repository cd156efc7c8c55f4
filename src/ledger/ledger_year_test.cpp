// A year of one household, told twice: by the ledger, and by a plain list of what flowed in each minute.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ledger/ledger.hpp"
#include "support/ledger_site.hpp"

namespace meterseal::ledger {
namespace {

using test::kwh;
using test::LedgerSite;
using test::utc;
using namespace std::chrono_literals;

constexpr double kStart = 12345.678;

/// Whole watt-hours, so that the truth is exact.
class Household {
 public:
  explicit Household(unsigned seed) : random_(seed) {}
  double flow() {
    const std::int64_t wh = std::uniform_int_distribution<std::int64_t>(0, 120)(random_);
    total_wh_ += wh;
    return static_cast<double>(wh);
  }
  [[nodiscard]] double counter() const { return kStart + static_cast<double>(total_wh_) / 1000.0; }

 private:
  std::mt19937 random_;
  std::int64_t total_wh_ = 0;
};

void live_through_a_year(const char* zone) {
  const UtcTime start = utc(2026, 1, 1, 12);
  LedgerSite site(zone, start);
  Household household(7);
  std::map<std::int64_t, double> truth;  // Wh by local day
  site.read(household.counter());
  std::int64_t today = days_from_civil(site.calendar->local(start).date);
  int closed = 0;
  for (int minute = 1; minute <= 366 * 24 * 60; ++minute) {
    // The minute ends at a reading, and a midnight is always the end of one.
    truth[today] += household.flow();
    site.pass(1min).read(household.counter());
    ASSERT_TRUE(site.tick().empty());
    const std::int64_t now = days_from_civil(site.calendar->local(site.now().utc.value_or(start)).date);
    if (now == today) continue;
    ASSERT_EQ(now, today + 1);
    ASSERT_EQ(site.totals().yesterday, kwh(truth[today] / 1000.0)) << zone << " day " << today;
    ASSERT_EQ(site.totals().today, kwh(0));
    ASSERT_FALSE(site.totals().yesterday_estimated);
    today = now;
    ++closed;
  }
  EXPECT_EQ(closed, 366);
  EXPECT_EQ(site.totals().total, kwh(household.counter()));
}

TEST(LedgerYear, EachDayHasWhatFlowedInItWithDaylightSaving) {
  live_through_a_year("Europe/Berlin");
}
TEST(LedgerYear, EachDayHasWhatFlowedInItWhereMidnightIsSkipped) {
  live_through_a_year("Africa/Cairo");  // 2026-04-24 begins at 01:00
}
TEST(LedgerYear, EachDayHasWhatFlowedInItWithoutDaylightSaving) {
  live_through_a_year("Asia/Bangkok");
}

/// Everything that may happen, by a seed: jumps, glitches, outages, boots, clocks.
void happen(LedgerSite& site, std::mt19937& random, double& counter) {
  const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
  site.pass(chance(50) ? seconds(random() % 200'000) : seconds(1 + random() % 20));
  if (chance(200)) counter = static_cast<double>(random() % 3);  // reset
  if (chance(300)) site.lose_clock();
  if (chance(50)) site.find_clock();
  if (chance(300)) site.step_clock(seconds(static_cast<int>(random() % 400'000) - 200'000));
  if (chance(500)) site.identity.serial.assign(std::to_string(random() % 4));
  counter += static_cast<double>(random() % 10) / 1000.0;
  const double shown = chance(100) ? static_cast<double>(random() % 100'000) : counter;  // read error
  if (chance(3)) {
    site.read(shown, counter / 2);
  } else {
    site.read(shown);
  }
  site.tick();
}

TEST(LedgerYear, APowerCutAfterAnyBookingChangesNothing) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    LedgerSite undisturbed("Europe/Berlin", utc(2026, 3, 20, 12), {40'000'000, kwh(50'000)});
    LedgerSite cut("Europe/Berlin", utc(2026, 3, 20, 12), {40'000'000, kwh(50'000)});
    std::mt19937 random_a(seed);
    std::mt19937 random_b(seed);
    double counter_a = kStart;
    double counter_b = kStart;
    for (int i = 0; i < 3000; ++i) {
      happen(undisturbed, random_a, counter_a);
      happen(cut, random_b, counter_b);
      cut.reload();
      ASSERT_EQ(cut.ledger.encode(), undisturbed.ledger.encode()) << "seed " << seed << " step " << i;
    }
  }
}

TEST(LedgerYear, WhateverHappensTotalNeverFallsAndNoDayIsNegative) {
  for (unsigned seed = 100; seed < 130; ++seed) {
    LedgerSite site("America/Sao_Paulo", utc(2018, 10, 20, 12));
    std::mt19937 random(seed);
    double counter = kStart;
    site.opened_at(counter);
    MilliWattHours total = site.totals().total;
    for (int i = 0; i < 3000; ++i) {
      if (random() % 400 == 0) site.pass(1min).reboot();
      happen(site, random, counter);
      const Totals totals = site.totals();
      ASSERT_GE(totals.total, total) << "seed " << seed << " step " << i;
      ASSERT_GE(totals.today, kwh(0));
      ASSERT_GE(totals.yesterday, kwh(0));
      ASSERT_LE(totals.today, totals.total);
      total = totals.total;
    }
  }
}

TEST(LedgerYear, WhateverHappensTotalGrowsByNoMoreThanCanFlow) {
  for (unsigned seed = 200; seed < 230; ++seed) {
    LedgerSite site("America/Sao_Paulo", utc(2018, 10, 20, 12));
    std::mt19937 random(seed);
    double counter = kStart;
    site.opened_at(counter);
    const Stamp begin = site.now();
    for (int i = 1; i <= 3000; ++i) {
      happen(site, random, counter);
      const double hours = std::chrono::duration<double, std::ratio<3600>>(site.now().at - begin.at).count();
      ASSERT_LE(site.total() - kStart, 40.0 * (hours + i * 62.0 / 3600)) << "seed " << seed << " step " << i;
    }
  }
}

}  // namespace
}  // namespace meterseal::ledger
