// A late answer passes every check and does not say which registers it carries. It must never be booked on others.

#include <gtest/gtest.h>

#include "support/bus_world.hpp"

namespace meterseal::meter {
namespace {

using test::BusWorld;
using test::Octets;
using Replies = std::vector<BusWorld::Reply>;

constexpr ReadBlock kFirst{Function::read_input, 0x0000, 38};
constexpr ReadBlock kTwin{Function::read_input, 0x0100, 38};  // looks like kFirst
constexpr ReadBlock kOther{Function::read_input, 0x0200, 4};
constexpr ReadBlock kSerialNumber{Function::read_input, 0xFC00, 4};  // looks like kOther
const std::vector<ReadBlock> kBlocks{kFirst, kTwin, kOther};

constexpr milliseconds kTimeout{200};
// An answer that is complete within the time-out and another second is still expected somewhere (MeterAgenda).
constexpr milliseconds kHorizon = kTimeout + seconds(1);

MeterPlan impatient_meter(std::uint8_t unit) {
  MeterPlan plan;
  plan.unit = unit;
  plan.identity = {kSerialNumber};
  plan.blocks = kBlocks;
  plan.response_timeout = kTimeout;
  plan.poll_interval = milliseconds(300);
  return plan;
}

BusPlan bus_of(std::vector<MeterPlan> meters) {
  return {Framing::rtu, LineTiming::serial(38400, 10), std::move(meters)};
}

std::size_t misbooked(const BusWorld& world) {
  return static_cast<std::size_t>(std::count_if(world.seen.begin(), world.seen.end(), [](const auto& seen) {
    return seen.words != test::words_of(seen.identity ? kSerialNumber : kBlocks[seen.index]);
  }));
}

/// Answers every `late_one`-th request after `delay`, the others at once; one byte stream, as one meter has.
class HesitantMeter {
 public:
  HesitantMeter(const BusWorld& world, int late_one, milliseconds delay)
      : world_(world), late_one_(late_one), delay_(delay) {}

  Replies operator()(const ReadRequest& request) {
    const LineTiming line = LineTiming::serial(38400, 10);
    const Instant asked = world_.now + line.wire_time(8);
    const Octets bytes = test::answer_to(request);
    Instant begin = asked + (++n_ % late_one_ == 0 ? delay_ : milliseconds(20));
    begin = std::max(begin, line_free_);
    line_free_ = begin + line.wire_time(bytes.size());
    return {{bytes, std::chrono::duration_cast<microseconds>(begin - asked)}};
  }

 private:
  const BusWorld& world_;
  int late_one_;
  milliseconds delay_;
  int n_ = 0;
  Instant line_free_;
};

TEST(LateAnswers, AreNeverBookedOnAnotherBlockWhateverTheirDelay) {
  std::uint64_t late = 0;
  for (const int late_one : {1, 2, 3, 5, 7}) {
    for (milliseconds delay{0}; delay < kHorizon - milliseconds(60); delay += milliseconds(7)) {
      BusWorld world(bus_of({impatient_meter(1)}));
      world.meters = HesitantMeter(world, late_one, delay);
      world.start();
      world.run_for(seconds(15));
      ASSERT_EQ(misbooked(world), 0U) << "every " << late_one << ". answer after " << delay.count() << " ms";
      late += world.machine().counters(0).late_answers;
      EXPECT_GE(world.seen.size(), late_one > 4 ? 10U : 0U) << late_one << " " << delay.count();
    }
  }
  EXPECT_GT(late, 1000U);
}

TEST(LateAnswers, OfOneMeterAreNeverBookedOnAnother) {
  for (milliseconds delay{0}; delay < kHorizon - milliseconds(60); delay += milliseconds(11)) {
    BusWorld world(bus_of({impatient_meter(1), impatient_meter(2)}));
    world.meters = HesitantMeter(world, 3, delay);
    world.start();
    world.run_for(seconds(20));
    ASSERT_EQ(misbooked(world), 0U) << delay.count();
  }
}

TEST(LateAnswers, AreDiscardedAndCountedAndTheBlockIsReadAgain) {
  int n = 0;
  BusWorld world(bus_of({impatient_meter(1)}), [&](const ReadRequest& request) -> Replies {
    return {{test::answer_to(request), ++n == 2 ? milliseconds(230) : milliseconds(20)}};  // the first block, once
  });
  world.start();
  world.run_for(milliseconds(900));
  EXPECT_EQ(world.machine().counters(0).timeouts, 1U);
  ASSERT_GE(world.seen.size(), 2U);
  EXPECT_EQ(world.sent[2].request.block, kFirst) << "the identical block at once";
  EXPECT_EQ(misbooked(world), 0U);
}

TEST(LateAnswers, AreOnlyThoseWhoseHeadComesAfterTheTimeOut) {
  MeterPlan plan = impatient_meter(1);
  plan.identity.clear();
  plan.retries = 0;
  int n = 0;
  BusWorld world(bus_of({plan}), [&](const ReadRequest& request) -> Replies {
    return {
        {test::answer_to(request), ++n == 1 ? milliseconds(195) : milliseconds(20)}};  // ends just after the time-out
  });
  world.start();
  world.run_for(milliseconds(300));
  EXPECT_EQ(world.machine().counters(0).timeouts, 0U);
  EXPECT_EQ(world.machine().counters(0).late_answers, 0U);
  EXPECT_EQ(world.seen.size(), 3U);
}

TEST(LateAnswers, ThatComeAfterTheGiveUpAreRecognisedWhileNothingIsOutstanding) {
  MeterPlan plan = impatient_meter(1);
  plan.identity.clear();
  plan.retries = 0;
  int n = 0;
  BusWorld world(bus_of({plan}), [&](const ReadRequest& request) -> Replies {
    return {{test::answer_to(request), ++n == 1 ? milliseconds(400) : milliseconds(20)}};
  });
  world.start();
  world.run_for(milliseconds(1100));
  EXPECT_EQ(world.machine().counters(0).late_answers, 1U);
  EXPECT_EQ(world.sent.size(), 1U) << "suspect: asked again after a second";
  world.run_for(seconds(1));
  EXPECT_EQ(world.machine().health(0), Health::online);
  EXPECT_EQ(misbooked(world), 0U);
}

// The identity is given up after a time-out; its answer comes while the first block is outstanding.
TEST(LateAnswers, ThatComeDuringAnotherExchangeClearTheDebtAndTheExchangeGoesOn) {
  MeterPlan plan = impatient_meter(1);
  plan.retries = 0;
  plan.blocks = {kFirst, kOther};
  plan.poll_interval = seconds(5);
  BusWorld world(bus_of({plan}), [](const ReadRequest& request) -> Replies {
    return {{test::answer_to(request), request.block == kSerialNumber ? milliseconds(250) : milliseconds(60)}};
  });
  world.start();
  world.run_for(milliseconds(450));
  EXPECT_EQ(world.machine().counters(0).late_answers, 1U);
  ASSERT_EQ(world.sent.size(), 3U) << "the last block looks like the identity: it was sent because nothing is owed";
  ASSERT_EQ(world.seen.size(), 2U);
  EXPECT_EQ(world.seen[0].words, test::words_of(kFirst));
  EXPECT_EQ(world.seen[1].words, test::words_of(kOther));
}

TEST(LateAnswers, ThatRefuseAreNotTakenForARefusalOfAnotherBlock) {
  MeterPlan plan = impatient_meter(1);
  plan.retries = 0;
  plan.blocks = {kFirst};
  plan.poll_interval = seconds(5);
  BusWorld world(bus_of({plan}), [](const ReadRequest& request) -> Replies {
    if (request.block == kSerialNumber) return {{test::refusal_of(request, 2), milliseconds(250)}};
    return {{test::answer_to(request), milliseconds(60)}};
  });
  world.start();
  world.run_for(milliseconds(400));
  EXPECT_TRUE(world.refusals.empty());
  EXPECT_EQ(world.machine().counters(0).late_answers, 1U);
  ASSERT_EQ(world.seen.size(), 1U);
  EXPECT_EQ(world.seen[0].words, test::words_of(kFirst));
}

TEST(LateAnswers, DoNotStopTheOtherMeters) {
  std::vector<MeterPlan> meters{impatient_meter(1), impatient_meter(2)};
  BusWorld world(bus_of(meters), [](const ReadRequest& request) -> Replies {
    return {{test::answer_to(request), request.unit == 1 ? milliseconds(450) : milliseconds(20)}};
  });
  world.start();
  world.run_for(seconds(60));
  EXPECT_EQ(misbooked(world), 0U);
  EXPECT_GT(world.sent_to(2), 3U * 150);
}

TEST(LateAnswers, OfModbusTcpAreToldApartByTheirTransaction) {
  MeterPlan plan = impatient_meter(1);
  plan.poll_interval = milliseconds(0);
  const auto mbap = [n = 0](const ReadRequest& request) mutable -> Replies {
    ++n;  // the machine counts transactions from 1
    const Octets rtu = test::answer_to(request);
    Octets frame{static_cast<std::uint8_t>(n >> 8),        static_cast<std::uint8_t>(n & 0xFF), 0, 0, 0,
                 static_cast<std::uint8_t>(rtu.size() - 2)};
    frame.insert(frame.end(), rtu.begin(), rtu.end() - 2);
    return {{frame, n % 5 == 0 ? milliseconds(150 + n * 7 % 600) : milliseconds(3)}};
  };
  BusWorld world({Framing::mbap, LineTiming::network(), {plan}}, mbap);
  world.start();
  world.run_for(seconds(60));
  EXPECT_EQ(misbooked(world), 0U);
  EXPECT_GT(world.machine().counters(0).late_answers, 50U);
  EXPECT_GT(world.seen.size(), 1000U);
}

}  // namespace
}  // namespace meterseal::meter
