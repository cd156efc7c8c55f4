#include "app/agent/telemetry_schedule.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

constexpr Instant at(double s) {
  return Instant(std::chrono::duration_cast<LoopClock::duration>(std::chrono::duration<double>(s)));
}

TEST(TelemetrySchedule, BeginsWhenAllMetersHaveBeenRead) {
  TelemetrySchedule schedule(at(0), seconds{300});
  EXPECT_EQ(schedule.due(), at(300));
  schedule.first_answer(at(0.4));
  EXPECT_EQ(schedule.due(), at(1.3));
  schedule.all_meters_read(at(0.7));
  EXPECT_EQ(schedule.due(), at(0.7));
}

TEST(TelemetrySchedule, WaitsLessThanASecondForTheOtherMeters) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.first_answer(at(0.4));
  schedule.first_answer(at(1.2));
  EXPECT_EQ(schedule.due(), at(1.3));
}

TEST(TelemetrySchedule, TellsTheOthersAsSoonAsTheyHaveBeenReadToo) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.first_answer(at(0.4));
  schedule.done(at(1.3));
  EXPECT_EQ(schedule.due(), at(301.3));
  schedule.first_answer(at(1.5));
  EXPECT_EQ(schedule.due(), at(301.3)) << "a meter that answers again is no reason";
  schedule.all_meters_read(at(2.1));
  EXPECT_EQ(schedule.due(), at(2.1));
  schedule.done(at(2.1));
  EXPECT_EQ(schedule.due(), at(302.1));
}

TEST(TelemetrySchedule, BeginsAfterOnePeriodWhenNoMeterAnswers) {
  EXPECT_EQ(TelemetrySchedule(at(5), seconds{10}).due(), at(15));
}

TEST(TelemetrySchedule, KeepsThePeriodWithoutDrift) {
  TelemetrySchedule schedule(at(0), seconds{10});
  schedule.done(at(10.02));
  EXPECT_EQ(schedule.due(), at(20));
  schedule.done(at(20.5));
  EXPECT_EQ(schedule.due(), at(30));
}

TEST(TelemetrySchedule, DoesNotCatchUpWhatItMissed) {
  TelemetrySchedule schedule(at(0), seconds{10});
  schedule.done(at(45));
  EXPECT_EQ(schedule.due(), at(55));
}

TEST(TelemetrySchedule, IsNotHurriedByAMeterThatAnswersAgain) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.all_meters_read(at(1));
  schedule.done(at(1));
  schedule.all_meters_read(at(50));
  schedule.first_answer(at(60));
  EXPECT_EQ(schedule.due(), at(301));
}

TEST(TelemetrySchedule, IsSilentWithAPeriodOfZeroUnlessAsked) {
  TelemetrySchedule schedule(at(0), seconds{0});
  EXPECT_EQ(schedule.due(), std::nullopt);
  schedule.all_meters_read(at(1));
  EXPECT_EQ(schedule.due(), std::nullopt);
  schedule.ask(at(7));
  EXPECT_EQ(schedule.due(), at(7.1));
  schedule.done(at(7.1));
  EXPECT_EQ(schedule.due(), std::nullopt);
}

TEST(TelemetrySchedule, MakesSeveralRequestsOne) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.ask(at(7));
  schedule.ask(at(7.05));
  EXPECT_EQ(schedule.due(), at(7.1));
  schedule.done(at(7.1));
  EXPECT_EQ(schedule.due(), at(307.1));
}

TEST(TelemetrySchedule, IsNotAskedForMoreThanEachFiveSeconds) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.ask(at(7));
  schedule.done(at(7.1));
  for (const double when : {7.2, 8.0, 11.0}) schedule.ask(at(when));
  EXPECT_EQ(schedule.due(), at(12.1));
  schedule.done(at(12.1));
  schedule.ask(at(100));
  EXPECT_EQ(schedule.due(), at(100.1));
}

TEST(TelemetrySchedule, TakesANewPeriodFromNow) {
  TelemetrySchedule schedule(at(0), seconds{300});
  schedule.set_period(seconds{10}, at(20));
  EXPECT_EQ(schedule.due(), at(30));
  schedule.set_period(seconds{0}, at(25));
  EXPECT_EQ(schedule.due(), std::nullopt);
}

}  // namespace
}  // namespace meterseal::app
