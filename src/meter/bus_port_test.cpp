// The port of a bus comes and goes.

#include <gtest/gtest.h>

#include "support/bus_world.hpp"

namespace meterseal::meter {
namespace {

using test::BusWorld;
using Replies = std::vector<BusWorld::Reply>;

constexpr ReadBlock kSerialNumber{Function::read_holding, 0xFC00, 2};
constexpr ReadBlock kTotals{Function::read_input, 0x0156, 4};

BusPlan one_meter() {
  MeterPlan plan;
  plan.identity = {kSerialNumber};
  plan.blocks = {kTotals};
  return {Framing::rtu, LineTiming::serial(9600, 10), {plan}};
}

Replies good(const ReadRequest& request) {
  return {{test::answer_to(request), milliseconds(20)}};
}

TEST(BusPort, IsOpenedAgainAfterOneSecondAndThenLessOftenUpToHalfAMinute) {
  BusWorld world(one_meter(), good);
  world.plugged_in = false;
  world.start();
  const std::int64_t waits[] = {1, 2, 4, 8, 16, 30, 30};
  int opened = 1;
  for (const std::int64_t wait : waits) {
    EXPECT_EQ(world.opened, opened);
    world.run_for(seconds(wait) - milliseconds(1));
    EXPECT_EQ(world.opened, opened) << wait;
    world.run_for(milliseconds(1));
    EXPECT_EQ(world.opened, ++opened) << wait;
  }
  EXPECT_EQ(world.port_ups, std::vector<bool>{false}) << "said once";
  EXPECT_EQ(world.closed, world.opened) << "whatever was half open is closed";
}

TEST(BusPort, ThatReturnsIsReadAgainWithTheIdentityFirst) {
  BusWorld world(one_meter(), good);
  world.start();
  world.run_for(seconds(5));
  world.unplug();
  world.run_for(seconds(5));
  EXPECT_EQ(world.machine().health(0), Health::unknown);
  world.plugged_in = true;
  const std::size_t before = world.seen.size();
  world.run_for(seconds(10));
  EXPECT_EQ(world.port_ups, (std::vector<bool>{true, false, true}));
  ASSERT_GT(world.seen.size(), before + 2);
  EXPECT_TRUE(world.seen[before].identity) << "another meter may hang there now";
  EXPECT_FALSE(world.seen[before + 1].identity);
}

TEST(BusPort, ThatIsLostDuringAnExchangeVoidsItAndWhatWasOwed) {
  bool answers = true;
  BusWorld world(one_meter(), [&](const ReadRequest& request) { return answers ? good(request) : Replies{}; });
  world.start();
  world.run_for(milliseconds(1010));
  ASSERT_EQ(world.machine().state(), BusState::sleeping);
  const std::size_t before = world.seen.size();
  world.unplug();
  EXPECT_EQ(world.machine().state(), BusState::waiting_to_reopen);
  world.plugged_in = true;
  world.run_for(seconds(1) + milliseconds(100));
  EXPECT_EQ(world.machine().counters(0).timeouts, 0U);
  EXPECT_EQ(world.seen.size(), before + 2) << "identity and block, each once";
}

TEST(BusPort, KeepsItsBackOffUntilAMeterAnswersBecauseAConnectionThatOpensProvesNothing) {
  BusWorld world(one_meter(), [](const ReadRequest&) { return Replies{}; });
  world.start();
  for (int i = 0; i < 8; ++i) {
    const int opened = world.opened;
    world.plugged_in = false;
    world.unplug();
    world.plugged_in = true;
    while (world.opened == opened) world.run_for(milliseconds(100));
  }
  EXPECT_GE(world.now - Instant{}, seconds(1 + 2 + 4 + 8 + 16 + 30 + 30));
}

TEST(BusPort, ThatTakesNoBytesIsOpenedAgain) {
  BusMachine machine = BusMachine::make(one_meter()).value();
  Instant now{};
  (void)machine.step(Start{}, now);
  (void)machine.step(PortOpened{}, now);
  now += milliseconds(4);
  const BusActions sent = machine.step(Woke{}, now);
  ASSERT_EQ(machine.state(), BusState::sending);
  EXPECT_TRUE(std::holds_alternative<SendRequest>(sent[1]));
  now += seconds(2);
  const BusActions stalled = machine.step(Woke{}, now);
  EXPECT_EQ(machine.state(), BusState::waiting_to_reopen);
  EXPECT_TRUE(std::holds_alternative<ClosePort>(stalled[0]));
}

TEST(BusPort, OnWhichNobodyAnswersForAMinuteIsClosedAndOpenedWithoutAWord) {
  BusWorld world(one_meter(), [](const ReadRequest&) { return Replies{}; });
  world.start();
  world.run_for(seconds(600));
  EXPECT_GE(world.opened, 3);
  EXPECT_LE(world.opened, 6);
  EXPECT_EQ(world.port_ups, std::vector<bool>{true});
  EXPECT_LE(world.sent.size(), 16U) << "the back-off of the meter goes on";
}

TEST(BusPort, DoesNothingMoreAfterStopAndEverythingAfterTheNextStart) {
  BusWorld world(one_meter(), good);
  world.start();
  world.run_for(milliseconds(1010));
  world.stop();
  const std::size_t sent = world.sent.size();
  world.run_for(seconds(100));
  EXPECT_EQ(world.sent.size(), sent);
  EXPECT_EQ(world.closed, 1);
  EXPECT_EQ(world.machine().state(), BusState::stopped);
  world.start();
  world.run_for(seconds(1));
  EXPECT_GT(world.sent.size(), sent);
}

TEST(BusPort, IgnoresATimerThatWasReplaced) {
  BusMachine machine = BusMachine::make(one_meter()).value();
  (void)machine.step(Start{}, Instant{});
  (void)machine.step(PortOpened{}, Instant{});
  ASSERT_EQ(machine.state(), BusState::quiet);
  const BusActions actions = machine.step(Woke{}, Instant{} + microseconds(100));
  EXPECT_EQ(machine.state(), BusState::quiet);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<WakeAt>(actions[0])) << "and asks for the one that holds";
}

}  // namespace
}  // namespace meterseal::meter
