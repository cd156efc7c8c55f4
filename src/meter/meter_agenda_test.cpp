#include "meter/meter_agenda.hpp"

#include <gtest/gtest.h>

namespace meterseal::meter {
namespace {

constexpr ReadBlock kSerialNumber{Function::read_holding, 0xFC00, 2};
constexpr ReadBlock kMain{Function::read_input, 0x0000, 68};
constexpr ReadBlock kTotals{Function::read_input, 0x0046, 38};
constexpr ReadBlock kTwin{Function::read_input, 0x0100, 38};  // as long as kTotals

constexpr std::size_t kIdentityTask = 0;
constexpr std::size_t kMainTask = 1;
constexpr std::size_t kTotalsTask = 2;
constexpr std::size_t kTwinTask = 3;

MeterPlan plan_of(std::vector<ReadBlock> blocks) {
  MeterPlan plan;
  plan.identity = {kSerialNumber};
  plan.blocks = std::move(blocks);
  plan.retries = 1;
  return plan;
}

class Agenda : public ::testing::Test {
 protected:
  explicit Agenda(MeterPlan plan = plan_of({kMain, kTotals, kTwin})) : agenda(std::move(plan)) { agenda.forget(now); }

  void answer_cycle() {
    while (const auto task = agenda.take_next(now)) agenda.answered(*task, now);
  }
  void fail_next(Debt debt = Debt::none) { agenda.failed(agenda.take_next(now).value(), debt, now); }

  Instant now{seconds{5000}};
  MeterAgenda agenda;
};

TEST_F(Agenda, ReadsTheIdentityFirstAndThenTheBlocksInOrder) {
  std::vector<std::size_t> tasks;
  while (const auto task = agenda.take_next(now)) {
    tasks.push_back(*task);
    agenda.answered(*task, now);
  }
  EXPECT_EQ(tasks, (std::vector<std::size_t>{kIdentityTask, kMainTask, kTotalsTask, kTwinTask}));
  EXPECT_TRUE(agenda.is_identity(kIdentityTask));
  EXPECT_EQ(agenda.index_of(kTotalsTask), 1U);
  EXPECT_EQ(agenda.due(), now + seconds(1));
}

struct AgendaWithSlowBlocks : Agenda {
  AgendaWithSlowBlocks() : Agenda(slow_plan()) {}
  static MeterPlan slow_plan() {
    MeterPlan plan = plan_of({kMain, kTotals});
    plan.slow_blocks = 1;
    plan.slow_interval = seconds(10);
    return plan;
  }
  std::vector<std::size_t> cycle() {
    std::vector<std::size_t> tasks;
    while (const auto task = agenda.take_next(now)) {
      tasks.push_back(*task);
      agenda.answered(*task, now);
    }
    return tasks;
  }
};

TEST_F(AgendaWithSlowBlocks, ReadsThemInTheFirstCycleAndThenEachSlowInterval) {
  EXPECT_EQ(cycle(), (std::vector<std::size_t>{kIdentityTask, kMainTask, kTotalsTask}));
  for (int second = 1; second <= 25; ++second) {
    now += seconds(1);
    const bool slow = second % 10 == 0;
    EXPECT_EQ(cycle(), slow ? (std::vector<std::size_t>{kMainTask, kTotalsTask}) : std::vector<std::size_t>{kMainTask})
        << second;
  }
}

TEST_F(AgendaWithSlowBlocks, ReadsThemAgainInTheNextCycleWhenOneWasGivenUp) {
  cycle();
  now += seconds(10);
  agenda.answered(agenda.take_next(now).value(), now);
  fail_next();
  fail_next();
  now = agenda.due();
  agenda.answered(agenda.take_next(now).value(), now);  // the probe
  EXPECT_EQ(cycle(), (std::vector<std::size_t>{kMainTask, kTotalsTask}));
}

TEST_F(AgendaWithSlowBlocks, ReadsThemInTheNextCycleWhenAskedToAndCountsTheIntervalFromThere) {
  cycle();
  now += seconds(3);
  agenda.want_slow_blocks(now);
  EXPECT_EQ(agenda.due(), now - seconds(2)) << "the poll that is due anyway";
  EXPECT_EQ(cycle(), (std::vector<std::size_t>{kMainTask, kTotalsTask}));
  now += seconds(9);
  EXPECT_EQ(cycle(), std::vector<std::size_t>{kMainTask});
  now += seconds(1);
  EXPECT_EQ(cycle(), (std::vector<std::size_t>{kMainTask, kTotalsTask}));
}

TEST_F(AgendaWithSlowBlocks, AreNotPutOffByBeingAskedForAgain) {
  cycle();
  now += seconds(12);
  agenda.want_slow_blocks(now);
  agenda.want_slow_blocks(now + seconds(1));
  EXPECT_EQ(cycle(), (std::vector<std::size_t>{kMainTask, kTotalsTask}));
}

TEST_F(AgendaWithSlowBlocks, IsNeverDueAtOnceWithNothingToAsk) {
  cycle();
  for (int i = 0; i < 12; ++i) {
    now = std::max(agenda.due(), now);
    const auto task = agenda.take_next(now);
    if (task) {
      agenda.refused(*task, now);
    } else {
      EXPECT_GT(agenda.due(), now);
    }
  }
}

TEST_F(Agenda, KeepsThePollIntervalWithoutDriftAndDoesNotMakeUpForMissedCycles) {
  const Instant start = now;
  now += milliseconds(300);
  answer_cycle();
  EXPECT_EQ(agenda.due(), start + seconds(1)) << "counted from the start of the cycle";
  now += seconds(10);
  answer_cycle();
  EXPECT_EQ(agenda.due(), now + seconds(1)) << "one cycle at once, not ten";
}

TEST_F(Agenda, ReadsTheIdentityAgainAfterADay) {
  answer_cycle();
  now += seconds(24 * 3600 - 1);
  EXPECT_EQ(agenda.take_next(now), kMainTask);
  answer_cycle();
  now += seconds(1);
  EXPECT_EQ(agenda.take_next(now), kIdentityTask);
}

TEST_F(Agenda, ReadsTheIdentityAgainWhenASilentMeterReturns) {
  answer_cycle();
  now += seconds(1);
  fail_next();
  fail_next();
  EXPECT_EQ(agenda.health().state(), Health::suspect);
  now += seconds(1);
  fail_next();
  EXPECT_EQ(agenda.health().state(), Health::silent);
  now += seconds(2);
  const auto probe = agenda.take_next(now);
  EXPECT_EQ(probe, kTotalsTask) << "the shortest block";
  agenda.answered(*probe, now);
  EXPECT_EQ(agenda.health().state(), Health::online);
  EXPECT_EQ(agenda.take_next(now), kIdentityTask);
}

TEST_F(Agenda, DoesNotReadTheIdentityAgainAfterAShortDisturbance) {
  answer_cycle();
  now += seconds(1);
  fail_next();
  fail_next();
  now += seconds(1);
  agenda.answered(agenda.take_next(now).value(), now);
  EXPECT_EQ(agenda.take_next(now), kMainTask);
}

TEST_F(Agenda, GoesOnToTheBlocksWhenAMeterDoesNotAnswerIdentityRequests) {
  fail_next();
  fail_next();
  EXPECT_EQ(agenda.health().state(), Health::unknown);
  EXPECT_EQ(agenda.take_next(now), kMainTask);
  answer_cycle();
  now += seconds(299);
  EXPECT_EQ(agenda.take_next(now), kMainTask);
  answer_cycle();
  now += seconds(1);
  EXPECT_EQ(agenda.take_next(now), kIdentityTask) << "five minutes later it is asked once more";
}

TEST_F(Agenda, LeavesARefusedBlockOutForLongerAndLonger) {
  answer_cycle();
  const std::int64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
  for (const std::int64_t pause : pauses) {
    now = std::max(now, agenda.due());
    while (const auto task = agenda.take_next(now)) {
      if (*task != kMainTask) {
        agenda.answered(*task, now);
        continue;
      }
      agenda.refused(*task, now);
      EXPECT_EQ(agenda.is_first_refusal(*task), pause == 1);
    }
    now += seconds(pause) - milliseconds(1);
    EXPECT_NE(agenda.take_next(now), kMainTask) << pause;
    answer_cycle();
    now += milliseconds(1);
    if (now < agenda.due()) now = agenda.due();
  }
  EXPECT_EQ(agenda.counters().exceptions, 11U);
  EXPECT_EQ(agenda.health().state(), Health::online);
}

TEST_F(Agenda, WaitsForTheEarliestRefusedBlockWhenAllAreRefused) {
  MeterPlan plan = plan_of({kMain});
  plan.identity.clear();
  plan.poll_interval = milliseconds(0);
  MeterAgenda back_to_back(std::move(plan));
  back_to_back.forget(now);
  back_to_back.refused(back_to_back.take_next(now).value(), now);
  EXPECT_EQ(back_to_back.take_next(now), std::nullopt);
  EXPECT_EQ(back_to_back.due(), now + seconds(1));
}

TEST_F(Agenda, AsksNoBlockThatLooksLikeAnOwedOne) {
  answer_cycle();
  now += seconds(1);
  agenda.answered(agenda.take_next(now).value(), now);
  EXPECT_EQ(agenda.take_next(now), kTotalsTask);
  agenda.failed(kTotalsTask, Debt::owed, now);
  EXPECT_EQ(agenda.take_next(now), kTotalsTask) << "the identical block is asked again at once";
  agenda.answered(kTotalsTask, now);
  EXPECT_TRUE(agenda.is_owed(kTotalsTask, now)) << "one of two requests was answered, the other answer may still come";
  EXPECT_EQ(agenda.take_next(now), std::nullopt) << "the twin would take the late answer for its own";
  EXPECT_EQ(agenda.due(), now + seconds(3)) << "time-out, and twice the time-out";
  agenda.came_late(kTotalsTask);
  EXPECT_EQ(agenda.take_next(now), kTwinTask);
}

TEST_F(Agenda, ForgetsADebtWithTime) {
  answer_cycle();
  agenda.failed(kTotalsTask, Debt::owed, now);
  EXPECT_TRUE(agenda.is_owed(kTotalsTask, now + milliseconds(1999)));
  EXPECT_FALSE(agenda.is_owed(kTotalsTask, now + milliseconds(2000)));
}

TEST_F(Agenda, WaitsWithTheProbeWhileItLooksLikeAnOwedBlock) {
  answer_cycle();
  now += seconds(1);
  agenda.answered(agenda.take_next(now).value(), now);  // main
  agenda.answered(agenda.take_next(now).value(), now);  // totals, the block that serves as the probe
  fail_next(Debt::owed);                                // the twin, twice
  fail_next(Debt::owed);
  ASSERT_EQ(agenda.health().state(), Health::suspect);
  now += seconds(1);
  EXPECT_EQ(agenda.take_next(now), std::nullopt);
  now += seconds(1);
  EXPECT_EQ(agenda.take_next(now), kTotalsTask);
}

TEST_F(Agenda, ForgetsEverythingWithThePort) {
  answer_cycle();
  agenda.failed(kTotalsTask, Debt::owed, now);
  agenda.forget(now);
  EXPECT_FALSE(agenda.is_owed(kTotalsTask, now));
  EXPECT_EQ(agenda.health().state(), Health::unknown);
  EXPECT_EQ(agenda.take_next(now), kIdentityTask);
}

}  // namespace
}  // namespace meterseal::meter
