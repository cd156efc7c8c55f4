// Who is asked when, and what it costs. Failures: bus_failures_test.cpp, bus_late_answers_test.cpp, bus_port_test.cpp.

#include "meter/bus_machine.hpp"

#include <gtest/gtest.h>

#include "meter/errors.hpp"
#include "support/bus_world.hpp"

namespace meterseal::meter {
namespace {

using test::BusWorld;

constexpr ReadBlock kSerialNumber{Function::read_holding, 0xFC00, 2};
constexpr ReadBlock kCore{Function::read_input, 0x0000, 80};
constexpr ReadBlock kTotals{Function::read_input, 0x0156, 4};

MeterPlan meter_at(std::uint8_t unit, std::vector<ReadBlock> blocks = {kCore, kTotals}) {
  MeterPlan plan;
  plan.unit = unit;
  plan.blocks = std::move(blocks);
  return plan;
}

BusPlan bus_of(std::vector<MeterPlan> meters) {
  return {Framing::rtu, LineTiming::serial(9600, 10), std::move(meters)};
}

std::vector<BusWorld::Reply> answer_after_20_ms(const ReadRequest& request) {
  return {{test::answer_to(request), milliseconds(20)}};
}

TEST(BusPlan, IsRefusedWithTheExactReason) {
  const auto with = [](auto change) {
    BusPlan plan = bus_of({meter_at(1), meter_at(2)});
    change(plan);
    return plan;
  };
  struct Row {
    BusPlan plan;
    std::string_view where;
    std::string_view detail;
  };
  const Row rows[] = {
      {with([](BusPlan& p) { p.meters.clear(); }), "", "a bus without meters"},
      {with([](BusPlan& p) { p.meters[0].unit = 0; }), "address 0", "a meter's address is 1 to 247"},
      {with([](BusPlan& p) { p.meters[0].unit = 248; }), "address 248", "a meter's address is 1 to 247"},
      {with([](BusPlan& p) { p.meters[1].unit = 1; }), "address 1", "two meters at one address"},
      {with([](BusPlan& p) { p.meters[1].blocks.clear(); }), "address 2", "a meter without anything to read"},
      {with([](BusPlan& p) { p.meters[0].response_timeout = {}; }), "address 1", "no time to answer"},
      {with([](BusPlan& p) { p.meters[0].gap = milliseconds(-1); }), "address 1", "a negative time"},
      {with([](BusPlan& p) { p.meters[0].blocks[0].words = 0; }), "address 1",
       "a request of 0 words, allowed is 1 to 125"},
      {with([](BusPlan& p) { p.meters[0].identity = {{Function::read_holding, 0, 126}}; }), "address 1",
       "a request of 126 words, allowed is 1 to 125"},
      {with([](BusPlan& p) { p.meters[0].blocks[0] = {Function::read_input, 0xFFFF, 2}; }), "address 1",
       "a request beyond register FFFF from FFFF"},
  };
  for (const Row& row : rows) {
    const auto machine = BusMachine::make(row.plan);
    ASSERT_FALSE(machine) << row.detail;
    EXPECT_EQ(machine.error().code, bus_plan_invalid);
    EXPECT_EQ(machine.error().where, row.where);
    EXPECT_EQ(machine.error().detail, row.detail);
  }
}

TEST(BusPlan, OfAGatewayMayUseAnyUnit) {
  BusPlan plan{Framing::mbap, LineTiming::network(), {meter_at(0), meter_at(255)}};
  EXPECT_TRUE(BusMachine::make(plan));
}

TEST(Bus, ReadsTheIdentityAndThenAllBlocksOfOneMeterInARow) {
  MeterPlan first = meter_at(1);
  first.identity = {kSerialNumber};
  BusWorld world(bus_of({first, meter_at(2)}), answer_after_20_ms);
  world.start();
  world.run_for(milliseconds(900));
  ASSERT_EQ(world.seen.size(), 5U);
  EXPECT_TRUE(world.seen[0].identity);
  EXPECT_EQ(world.seen[0].words, test::words_of(kSerialNumber));
  const std::size_t meters[] = {0, 0, 0, 1, 1};
  const std::size_t indexes[] = {0, 0, 1, 0, 1};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(world.seen[i].meter, meters[i]) << i;
    EXPECT_EQ(world.seen[i].index, indexes[i]) << i;
  }
  EXPECT_EQ(world.seen[1].words, test::words_of(kCore));
  EXPECT_EQ(world.seen[2].words, test::words_of(kTotals));
}

TEST(Bus, StampsABlockWithTheInstantOfItsLastByte) {
  BusWorld world(bus_of({meter_at(1, {kCore})}), answer_after_20_ms);
  world.start();
  world.run_for(milliseconds(900));
  const LineTiming line = LineTiming::serial(9600, 10);
  const Instant last_byte = world.sent[0].at + line.wire_time(8) + milliseconds(20) + line.wire_time(165);
  EXPECT_GE(world.seen[0].at, last_byte);
  EXPECT_LE(world.seen[0].at, last_byte + line.wire_time(1));
}

TEST(Bus, ReadsEachMeterAtItsOwnInterval) {
  MeterPlan slow = meter_at(2, {kTotals});
  slow.poll_interval = seconds(10);
  BusWorld world(bus_of({meter_at(1, {kTotals}), slow}), answer_after_20_ms);
  world.start();
  world.run_for(milliseconds(59'900));
  EXPECT_EQ(world.sent_to(1), 60U);
  EXPECT_EQ(world.sent_to(2), 6U);
}

TEST(Bus, SharesTheLineFairlyBetweenMetersReadBackToBack) {
  std::vector<MeterPlan> meters{meter_at(1), meter_at(2), meter_at(3)};
  for (MeterPlan& meter : meters) meter.poll_interval = milliseconds(0);
  MeterPlan patient = meter_at(4, {kTotals});
  patient.poll_interval = seconds(5);
  meters.push_back(patient);
  BusWorld world(bus_of(meters), answer_after_20_ms);
  world.start();
  world.run_for(seconds(60));
  EXPECT_NEAR(static_cast<double>(world.sent_to(1)), static_cast<double>(world.sent_to(2)), 2);
  EXPECT_NEAR(static_cast<double>(world.sent_to(1)), static_cast<double>(world.sent_to(3)), 2);
  EXPECT_EQ(world.sent_to(4), 12U) << "a meter that is due is not starved by those that always are";
}

TEST(Bus, KeepsTheSilenceThatTheLineAndEachMeterNeed) {
  MeterPlan first = meter_at(1, {kTotals, kCore});
  first.gap = milliseconds(60);
  MeterPlan second = meter_at(2, {kTotals, kCore});
  second.slave_change_gap = milliseconds(150);
  BusWorld world(bus_of({first, second}), answer_after_20_ms);
  world.start();
  world.run_for(milliseconds(990));
  ASSERT_GE(world.sent.size(), 4U);
  const auto silence_before = [&](std::size_t i) { return world.sent[i].at - world.seen[i - 1].at; };
  EXPECT_EQ(silence_before(1), milliseconds(60));
  EXPECT_EQ(silence_before(2), milliseconds(150)) << "the other meter's turn";
  EXPECT_EQ(silence_before(3), LineTiming::serial(9600, 10).frame_silence()) << "never less than 3.5 characters";
}

TEST(Bus, NeverHasMoreThanOneRequestOutstanding) {
  BusWorld world(bus_of({meter_at(1), meter_at(2), meter_at(3)}), answer_after_20_ms);
  world.start();
  world.run_for(seconds(20));
  for (std::size_t i = 1; i < world.sent.size(); ++i) EXPECT_GE(world.sent[i].at, world.seen[i - 1].at);
}

// What the paced line of tests/data and bench measure on a real port; here without any jitter.
TEST(Bus, NeedsTwoWakeUpsPerExchangeAndLosesLessThanOnePercentOfTheLine) {
  MeterPlan plan = meter_at(1, {kCore});
  plan.poll_interval = milliseconds(0);
  BusWorld world(bus_of({plan}), answer_after_20_ms);
  world.start();
  world.run_for(seconds(60));
  const LineTiming line = LineTiming::serial(9600, 10);
  const auto cycle = line.wire_time(8) + milliseconds(20) + line.wire_time(165) + line.frame_silence();
  const double most = static_cast<double>(microseconds(seconds(60)).count()) / static_cast<double>(cycle.count());
  EXPECT_GE(static_cast<double>(world.seen.size()), 0.99 * most);
  const double wake_ups = static_cast<double>(world.wake_ups) / static_cast<double>(world.seen.size());
  EXPECT_LE(wake_ups, 2.3);
  EXPECT_NEAR(static_cast<double>(world.machine().turnaround(0).count()), 20'000.0, 1'100.0);
}

TEST(Bus, KeepsUpWithAMeterWhoseTurnaroundVaries) {
  MeterPlan plan = meter_at(1, {kCore});
  plan.poll_interval = milliseconds(0);
  int n = 0;
  BusWorld world(bus_of({plan}), [&](const ReadRequest& request) -> std::vector<BusWorld::Reply> {
    return {{test::answer_to(request), milliseconds(20 + 10 * (++n * 7 % 5))}};  // 20..60 ms, 40 on average
  });
  world.start();
  world.run_for(seconds(60));
  const LineTiming line = LineTiming::serial(9600, 10);
  const auto cycle = line.wire_time(8) + milliseconds(40) + line.wire_time(165) + line.frame_silence();
  const double most = static_cast<double>(microseconds(seconds(60)).count()) / static_cast<double>(cycle.count());
  EXPECT_GE(static_cast<double>(world.seen.size()), 0.97 * most);
  EXPECT_LE(static_cast<double>(world.wake_ups), 4.0 * static_cast<double>(world.seen.size()));
}

TEST(Bus, ReadsAtOnceOverANetwork) {
  MeterPlan plan = meter_at(1, {kCore});
  plan.poll_interval = milliseconds(0);
  BusWorld world({Framing::rtu, LineTiming::network(), {plan}}, [](const ReadRequest& request) {
    return std::vector<BusWorld::Reply>{{test::answer_to(request), milliseconds(7)}};
  });
  world.start();
  world.run_for(seconds(7));
  EXPECT_EQ(world.seen.size(), 1000U);
}

}  // namespace
}  // namespace meterseal::meter
