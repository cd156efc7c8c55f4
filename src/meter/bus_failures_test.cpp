// Meters that refuse, fall silent or come back, and lines that disturb.

#include <gtest/gtest.h>

#include <numeric>

#include "support/bus_world.hpp"

namespace meterseal::meter {
namespace {

using test::BusWorld;
using test::Octets;
using Replies = std::vector<BusWorld::Reply>;

constexpr ReadBlock kSerialNumber{Function::read_holding, 0xFC00, 2};
constexpr ReadBlock kCore{Function::read_input, 0x0000, 80};
constexpr ReadBlock kTotals{Function::read_input, 0x0156, 4};
constexpr milliseconds kTurnaround{20};

MeterPlan meter_at(std::uint8_t unit) {
  MeterPlan plan;
  plan.unit = unit;
  plan.blocks = {kCore, kTotals};
  return plan;
}

BusPlan bus_of(std::vector<MeterPlan> meters) {
  return {Framing::rtu, LineTiming::serial(9600, 10), std::move(meters)};
}

Replies good(const ReadRequest& request) {
  return {{test::answer_to(request), kTurnaround}};
}

void expect_only_true_words(const BusWorld& world, const std::vector<ReadBlock>& blocks) {
  for (const auto& seen : world.seen) {
    EXPECT_EQ(seen.words, test::words_of(seen.identity ? kSerialNumber : blocks[seen.index]));
  }
}

TEST(BusFailures, RefusedBlockIsReportedOnceAndLeftOutWhileTheOthersGoOn) {
  BusWorld world(bus_of({meter_at(1)}), [](const ReadRequest& request) -> Replies {
    if (request.block == kCore) return {{test::refusal_of(request, 2), kTurnaround}};
    return good(request);
  });
  world.start();
  world.run_for(milliseconds(60'900));
  ASSERT_EQ(world.refusals.size(), 1U);
  EXPECT_EQ(world.refusals[0].block, kCore);
  EXPECT_EQ(world.refusals[0].exception_code, 2);
  EXPECT_EQ(world.seen.size(), 61U);
  const auto asked =
      std::count_if(world.sent.begin(), world.sent.end(), [](const auto& s) { return s.request.block == kCore; });
  EXPECT_LE(asked, 7) << "after 1, 2, 4, 8, 16 and 32 seconds";
  EXPECT_EQ(world.machine().counters(0).exceptions, static_cast<std::uint64_t>(asked));
  EXPECT_EQ(world.machine().health(0), Health::online) << "a refusal is no silence";
}

TEST(BusFailures, RefusalDoesNotWaitForTheTimeOut) {
  BusWorld world(bus_of({meter_at(1)}), [](const ReadRequest& request) -> Replies {
    if (request.block == kCore) return {{test::refusal_of(request, 2), kTurnaround}};
    return good(request);
  });
  world.start();
  world.run_for(milliseconds(400));
  ASSERT_EQ(world.sent.size(), 2U);
  EXPECT_LT(world.sent[1].at - world.sent[0].at, milliseconds(200));
}

TEST(BusFailures, GatewayThatReportsASilentMeterIsBelieved) {
  BusWorld world(bus_of({meter_at(1)}), [](const ReadRequest& request) -> Replies {
    return {{test::refusal_of(request, 0x0B), milliseconds(500)}};
  });
  world.start();
  world.run_for(seconds(60));
  EXPECT_EQ(world.machine().health(0), Health::silent);
  EXPECT_TRUE(world.refusals.empty());
}

TEST(BusFailures, EchoOfTheRequestIsStrippedAndCounted) {
  BusWorld world(bus_of({meter_at(1)}), good);
  world.echoes = true;
  world.start();
  world.run_for(milliseconds(9'900));
  EXPECT_EQ(world.seen.size(), 20U);
  expect_only_true_words(world, {kCore, kTotals});
  EXPECT_EQ(world.machine().counters(0).echoes, 20U);
  EXPECT_EQ(world.machine().counters(0).timeouts, 0U);
}

TEST(BusFailures, StrayBytesBeforeTheAnswerCostNothingButACount) {
  BusWorld world(bus_of({meter_at(1)}), [](const ReadRequest& request) -> Replies {
    Octets bytes{0x00, 0xFF};
    for (const std::uint8_t byte : test::answer_to(request)) bytes.push_back(byte);
    return {{bytes, kTurnaround}};
  });
  world.start();
  world.run_for(milliseconds(9'900));
  EXPECT_EQ(world.seen.size(), 20U);
  expect_only_true_words(world, {kCore, kTotals});
  EXPECT_EQ(world.machine().counters(0).resyncs, 20U);
}

TEST(BusFailures, DamagedAnswerIsAskedForAgainAtOnceAndOwesNothing) {
  int n = 0;
  BusWorld world(bus_of({meter_at(1)}), [&](const ReadRequest& request) -> Replies {
    Octets bytes = test::answer_to(request);
    if (++n == 1) bytes[10] ^= 0x40;
    return {{bytes, kTurnaround}};
  });
  world.start();
  world.run_for(milliseconds(900));
  ASSERT_EQ(world.sent.size(), 3U);
  EXPECT_EQ(world.sent[1].request.block, kCore);
  EXPECT_LT(world.sent[1].at - world.sent[0].at, milliseconds(300));
  EXPECT_EQ(world.machine().counters(0).crc_errors, 1U);
  EXPECT_EQ(world.machine().counters(0).timeouts, 0U);
  expect_only_true_words(world, {kCore, kTotals});
}

TEST(BusFailures, BrokenOffAnswerIsGivenUpAfterAPauseAndNotAfterTheTimeOut) {
  int n = 0;
  BusWorld world(bus_of({meter_at(1)}), [&](const ReadRequest& request) -> Replies {
    Octets bytes = test::answer_to(request);
    if (++n == 1) bytes.resize(100);
    return {{bytes, kTurnaround}};
  });
  world.start();
  world.run_for(milliseconds(990));
  ASSERT_GE(world.sent.size(), 2U);
  EXPECT_LT(world.sent[1].at - world.sent[0].at, milliseconds(400));
  EXPECT_EQ(world.machine().counters(0).crc_errors, 1U);
}

TEST(BusFailures, SilentMeterIsAskedWithItsShortestBlockLessAndLessOften) {
  BusWorld world(bus_of({meter_at(1)}), [](const ReadRequest&) { return Replies{}; });
  world.start();
  world.run_for(seconds(2000));
  ASSERT_EQ(world.healths.size(), 2U);
  EXPECT_EQ(world.healths[0].to, Health::suspect);
  EXPECT_EQ(world.healths[1].to, Health::silent);
  ASSERT_GT(world.sent.size(), 12U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(world.sent[i].request.block, kCore) << "the first try and two more";
  const std::int64_t waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
  for (std::size_t i = 0; i < std::size(waits); ++i) {
    EXPECT_EQ(world.sent[3 + i].request.block, kTotals);
    const auto wait = world.sent[3 + i].at - world.sent[2 + i].at;
    EXPECT_GE(wait, seconds(waits[i])) << i;
    EXPECT_LE(wait, seconds(waits[i]) + milliseconds(1200)) << i;
  }
}

TEST(BusFailures, SilentMetersTogetherTakeAtMostTwoPercentOfTheBus) {
  std::vector<MeterPlan> meters;
  for (std::uint8_t unit = 1; unit <= 8; ++unit) meters.push_back(meter_at(unit));
  BusWorld world(bus_of(meters),
                 [](const ReadRequest& request) { return request.unit == 1 ? good(request) : Replies{}; });
  world.start();
  world.run_for(seconds(60));  // until all are known to be silent
  const std::size_t before = world.sent.size();
  const std::size_t good_before = world.sent_to(1);
  world.run_for(seconds(3600));
  const std::size_t probes = (world.sent.size() - before) - (world.sent_to(1) - good_before);
  const double share =
      static_cast<double>(probes - 1) * 1.03 / 3600;  // time-out, request and drain; n probes, n - 1 pauses
  EXPECT_LE(share, 0.02);
  EXPECT_GT(share, 0.015) << "and the share is used";
  EXPECT_GE(world.sent_to(1) - good_before, 2U * 3600 - 120);
}

TEST(BusFailures, DeadMeterDoesNotTakeTheTurnsOfTheOthers) {
  std::vector<MeterPlan> meters{meter_at(1), meter_at(2), meter_at(3)};
  BusWorld world(bus_of(meters),
                 [](const ReadRequest& request) { return request.unit == 2 ? Replies{} : good(request); });
  world.start();
  world.run_for(seconds(600));
  EXPECT_GE(world.sent_to(1), 2U * 590);
  EXPECT_GE(world.sent_to(3), 2U * 590);
}

TEST(BusFailures, RetriesOfADeadMeterLetTheOthersGoFirst) {
  MeterPlan dead = meter_at(2);
  dead.identity = {{Function::read_holding, 0xFC00, 2}};
  BusWorld world(bus_of({meter_at(1), dead, meter_at(3)}),
                 [](const ReadRequest& request) { return request.unit == 2 ? Replies{} : good(request); });
  world.start();
  world.run_for(seconds(20));
  for (const unsigned unit : {1U, 3U}) {
    std::optional<Instant> last;
    for (const auto& sent : world.sent) {
      if (sent.request.unit != unit) continue;
      if (last) {
        EXPECT_LE(sent.at - *last, milliseconds(2400)) << "an interval, a time-out and the turns of the others";
      }
      last = sent.at;
    }
  }
}

TEST(BusFailures, MeterThatReturnsIsOnlineAtItsFirstAnswerAndIdentifiedAgainBeforeAnythingIsBooked) {
  MeterPlan plan = meter_at(1);
  plan.identity = {kSerialNumber};
  bool alive = true;
  BusWorld world(bus_of({plan}), [&](const ReadRequest& request) { return alive ? good(request) : Replies{}; });
  world.start();
  world.run_for(seconds(5));
  alive = false;
  world.run_for(seconds(40));
  ASSERT_EQ(world.machine().health(0), Health::silent);
  alive = true;
  const std::size_t seen_before = world.seen.size();
  world.run_for(seconds(40));
  EXPECT_EQ(world.healths.back().from, Health::silent);
  EXPECT_EQ(world.healths.back().to, Health::online);
  ASSERT_GT(world.seen.size(), seen_before + 10);
  EXPECT_TRUE(world.seen[seen_before].identity) << "the probe itself is not booked";
  EXPECT_EQ(world.seen[seen_before + 1].index, 0U);
}

TEST(BusFailures, ShortDisturbanceIsSurvivedByRetriesWithoutAWord) {
  int n = 0;
  BusWorld world(bus_of({meter_at(1)}), [&](const ReadRequest& request) {
    ++n;
    return n % 10 == 0 ? Replies{} : good(request);
  });
  world.start();
  world.run_for(seconds(100));
  EXPECT_EQ(world.healths.size(), 1U) << "online, once";
  EXPECT_GT(world.machine().counters(0).timeouts, 10U);
  expect_only_true_words(world, {kCore, kTotals});
}

TEST(BusFailures, LineThatNeverFallsSilentIsUsedNevertheless) {
  // Another sender talks without pause: each request is answered by noise for a long time, then the answer drowns.
  int n = 0;
  BusWorld world(bus_of({meter_at(1)}), [&](const ReadRequest& request) -> Replies {
    if (++n > 3) return good(request);
    return {{Octets(8000, 0x55), milliseconds(0)}};  // eight seconds
  });
  world.start();
  world.run_for(seconds(30));
  EXPECT_GT(world.seen.size(), 10U);
  expect_only_true_words(world, {kCore, kTotals});
  EXPECT_LT(world.wake_ups, 18'000U) << "noise of 24,000 bytes is read in pieces";
}

TEST(BusFailures, AnswerThatDripsIsGivenUpAfterItsTimeAndNotKeptAlive) {
  BusWorld world(bus_of({meter_at(1)}), [&](const ReadRequest& request) {
    Replies drips;
    microseconds at{0};
    for (const std::uint8_t byte : test::answer_to(request)) drips.push_back({{byte}, at += milliseconds(45)});
    return drips;
  });
  world.start();
  world.run_for(seconds(3));
  ASSERT_GE(world.sent.size(), 2U);
  EXPECT_LE(world.sent[1].at - world.sent[0].at, milliseconds(1000 + 180 + 60 + 2000))
      << "time-out, answer, pause, drain";
  EXPECT_TRUE(world.seen.empty());
}

TEST(BusFailures, RandomFaultsNeverYieldAWrongWordAndNeverStopTheBus) {
  std::uint32_t random = 12345;
  const auto dice = [&](std::uint32_t sides) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % sides;
  };
  std::vector<MeterPlan> meters{meter_at(1), meter_at(2), meter_at(3)};
  for (MeterPlan& plan : meters) plan.identity = {kSerialNumber};
  BusWorld world(bus_of(meters), [&](const ReadRequest& request) -> Replies {
    Octets bytes = test::answer_to(request);
    switch (dice(12)) {
      case 0: return {};
      case 1: bytes[dice(static_cast<std::uint32_t>(bytes.size()))] ^= static_cast<std::uint8_t>(1U << dice(8)); break;
      case 2: bytes.resize(dice(static_cast<std::uint32_t>(bytes.size()))); break;
      case 3: bytes.insert(bytes.begin(), dice(30), static_cast<std::uint8_t>(dice(256))); break;
      case 4: bytes.insert(bytes.end(), dice(300), static_cast<std::uint8_t>(dice(256))); break;
      case 5: return {{bytes, milliseconds(20)}, {bytes, milliseconds(20 + 200 + dice(1000))}};  // said twice
      case 6: return {{test::refusal_of(request, static_cast<std::uint8_t>(1 + dice(11))), milliseconds(20)}};
      case 7: return {{bytes, milliseconds(dice(2500))}};  // perhaps too late
      default: break;
    }
    return {{bytes, milliseconds(5 + dice(60))}};
  });
  world.start();
  for (int minute = 0; minute < 60; ++minute) {
    const std::size_t before = world.seen.size();
    world.run_for(seconds(60));
    EXPECT_GT(world.seen.size(), before) << minute;
  }
  expect_only_true_words(world, {kCore, kTotals});
}

}  // namespace
}  // namespace meterseal::meter
