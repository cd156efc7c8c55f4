#include "meter/sim/paced_line.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/profiles.hpp"

namespace meterseal::meter::sim {
namespace {

using Bytes8 = std::vector<std::uint8_t>;

constexpr Instant kStart{microseconds(1000000)};
constexpr SimTime kNoon = std::chrono::hours(12);

LineMeter meter_at(std::uint8_t address, Faults faults = {}, microseconds turnaround = microseconds(20000)) {
  return {address, SimMeter(test::default_profile("SDM630"), SimMeterSettings{}, kNoon), turnaround, faults};
}

Bytes8 with_crc(Bytes8 frame) {
  const std::uint16_t crc = crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

Bytes8 read_of(std::uint8_t address, std::uint8_t words = 2) {
  return with_crc({address, 4, 0, 0, 0, words});
}

struct Arrival {
  Instant at;
  std::uint8_t byte;
};

/// Runs the line until it has nothing left to do, waking up at each of its events.
std::vector<Arrival> run(PacedLine& line) {
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 2000; ++i) {
    const auto next = line.next_event();
    if (!next) return arrivals;
    for (const std::uint8_t byte : line.take_due(*next, kNoon)) arrivals.push_back({*next, byte});
  }
  ADD_FAILURE() << "the line never rests";
  return arrivals;
}

Bytes8 bytes_of(const std::vector<Arrival>& arrivals) {
  Bytes8 bytes;
  for (const Arrival& arrival : arrivals) bytes.push_back(arrival.byte);
  return bytes;
}

bool is_frame(const Bytes8& bytes) {
  return bytes.size() > 4 && crc16(bytes) == 0;
}

TEST(PacedLine, CrcIsThatOfTheStandard) {
  EXPECT_EQ(crc16(as_bytes("123456789")), 0x4B37);
  EXPECT_EQ(read_of(1), (Bytes8{0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB}))
      << "the example of the Eastron documents";
}

TEST(PacedLine, SaysNothingToGarbageStrangersAndBroadcasts) {
  struct Row {
    const char* sentence;
    Bytes8 request;
    std::uint64_t garbage;
    std::uint64_t strangers;
  };
  Bytes8 broken = read_of(1);
  broken[3] ^= 1;
  const Row rows[] = {{"a wrong CRC", broken, 1, 0},
                      {"one byte", {1}, 1, 0},
                      {"more than a frame can hold", Bytes8(300, 0), 1, 0},
                      {"another address", read_of(9), 0, 1},
                      {"a broadcast", read_of(0), 0, 1}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    PacedLine line(9600, 10, {meter_at(1)});
    line.receive(row.request, kStart);
    EXPECT_TRUE(run(line).empty());
    EXPECT_EQ(line.counters().garbage, row.garbage);
    EXPECT_EQ(line.counters().strangers, row.strangers);
    EXPECT_EQ(line.counters().requests, 0U);
    line.receive(read_of(1), kStart + seconds(1));
    EXPECT_TRUE(is_frame(bytes_of(run(line)))) << "the next request is answered";
  }
}

TEST(PacedLine, DeliversEachByteWhenAWireWould) {
  PacedLine line(9600, 10, {meter_at(1)});
  line.receive(read_of(1, 80), kStart);
  const auto arrivals = run(line);
  ASSERT_EQ(arrivals.size(), 165U);
  EXPECT_TRUE(is_frame(bytes_of(arrivals)));
  const microseconds request = microseconds(8 * 10 * 1000000 / 9600);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const auto due =
        request + microseconds(20000) + microseconds(static_cast<std::int64_t>(i + 1) * 10 * 1000000 / 9600);
    EXPECT_EQ(arrivals[i].at - kStart, due) << i;
  }
}

TEST(PacedLine, AMeterCannotAnswerBeforeItHasHeardTheSilence) {
  PacedLine line(9600, 10, {meter_at(1, {}, microseconds(0))});
  line.receive(read_of(1), kStart);
  const auto arrivals = run(line);
  ASSERT_FALSE(arrivals.empty());
  EXPECT_EQ(arrivals[0].at - kStart, microseconds(8333) + frame_silence(9600, 10) + microseconds(1041));
}

TEST(PacedLine, AWholeCycleTakesTheTimeThatThePlanExpects) {
  const Profile& profile = test::default_profile("SDM630");
  const PollTiming timing{9600, 10, microseconds(20000), microseconds(60000)};
  const auto plan = make_poll_plan(profile, profile.all, timing);
  ASSERT_TRUE(plan);
  PacedLine line(9600, 10, {meter_at(1)});
  Instant now = kStart;
  for (const PollRequest& request : plan->requests) {
    line.receive(with_crc({1, request.function(), static_cast<std::uint8_t>(request.address >> 8),
                           static_cast<std::uint8_t>(request.address), 0, static_cast<std::uint8_t>(request.words)}),
                 now);
    now = run(line).back().at + timing.gap;
  }
  EXPECT_NEAR(static_cast<double>((now - kStart).count()), static_cast<double>(plan->expected.count()), 10);
  EXPECT_EQ(line.counters().hurried, 0U);
}

TEST(PacedLine, ALateTimerDelaysAByteAndNotTheFollowingOnes) {
  PacedLine line(9600, 10, {meter_at(1)});
  line.receive(read_of(1), kStart);
  const Instant late = kStart + microseconds(8333 + 20000 + 5 * 1042);
  EXPECT_TRUE(line.take_due(kStart + microseconds(13000), kNoon).empty()) << "only the end of the request";
  EXPECT_EQ(line.take_due(late, kNoon).size(), 5U) << "all that a wire has delivered by then";
  const auto rest = run(line);
  EXPECT_EQ(rest.size(), 4U);
  EXPECT_EQ(rest.back().at - kStart, microseconds(8333 + 20000 + 9 * 10 * 1000000 / 9600));
}

TEST(PacedLine, TakesARequestInPieces) {
  PacedLine line(9600, 10, {meter_at(1)});
  const Bytes8 request = read_of(1);
  line.receive(Bytes(request).first(3), kStart);
  line.receive(Bytes(request).subspan(3), kStart + microseconds(3200));
  EXPECT_TRUE(is_frame(bytes_of(run(line))));
}

TEST(PacedLine, AnswersForTheMeterThatWasAsked) {
  PacedLine line(9600, 10, {meter_at(1), meter_at(7)});
  line.receive(read_of(7), kStart);
  EXPECT_EQ(bytes_of(run(line))[0], 7);
}

TEST(PacedLine, ASilentMeterIsSilent) {
  Faults faults;
  faults.is_silent = true;
  PacedLine line(9600, 10, {meter_at(1, faults)});
  line.receive(read_of(1), kStart);
  EXPECT_TRUE(run(line).empty());
  EXPECT_EQ(line.counters().requests, 1U);
  EXPECT_EQ(line.counters().answers, 0U);
}

TEST(PacedLine, EverySecondAnswerIsCorrupt) {
  Faults faults;
  faults.corrupt_every = 2;
  PacedLine line(9600, 10, {meter_at(1, faults)});
  for (int i = 1; i <= 4; ++i) {
    line.receive(read_of(1), kStart + seconds(i));
    const Bytes8 bytes = bytes_of(run(line));
    EXPECT_EQ(bytes.size(), 9U);
    EXPECT_EQ(is_frame(bytes), i % 2 == 1) << i;
  }
}

TEST(PacedLine, ALateAnswerComesInTheMiddleOfTheNextTransaction) {
  Faults faults;
  faults.late_every = 2;
  faults.late_by = milliseconds(300);
  PacedLine line(9600, 10, {meter_at(1, faults)});
  line.receive(read_of(1), kStart);
  run(line);
  line.receive(read_of(1, 4), kStart + seconds(1));
  EXPECT_TRUE(line.take_due(kStart + milliseconds(1300), kNoon).empty()) << "the master gives up here";
  line.receive(read_of(1, 6), kStart + milliseconds(1315));
  const auto arrivals = run(line);
  ASSERT_EQ(arrivals.size(), 13U + 17U) << "both answers, whole";
  const Bytes8 bytes = bytes_of(arrivals);
  EXPECT_EQ(bytes[2], 8) << "the late one first: four words";
  EXPECT_TRUE(is_frame({bytes.begin(), bytes.begin() + 13}));
  EXPECT_TRUE(is_frame({bytes.begin() + 13, bytes.end()}));
}

TEST(PacedLine, TwoSpeakersAtOnceGarbleTheAnswer) {
  PacedLine line(9600, 10, {meter_at(1)});
  line.receive(read_of(1), kStart);
  const Instant middle = kStart + microseconds(8333 + 20000 + 4000);
  EXPECT_TRUE(line.take_due(kStart + microseconds(13000), kNoon).empty());
  Bytes8 bytes;
  for (const std::uint8_t byte : line.take_due(middle, kNoon)) bytes.push_back(byte);
  line.receive(read_of(1), middle);
  for (const Arrival& arrival : run(line)) bytes.push_back(arrival.byte);
  EXPECT_EQ(bytes.size(), 9U);
  EXPECT_FALSE(is_frame(bytes));
  EXPECT_EQ(line.counters().collisions, 1U);
  EXPECT_EQ(line.counters().requests, 1U) << "a meter that talks does not listen";
}

TEST(PacedLine, CountsRequestsThatDoNotWaitForTheSilence) {
  PacedLine line(9600, 10, {meter_at(1)});
  line.receive(read_of(1), kStart);
  const Instant end = run(line).back().at;
  line.receive(read_of(1), end + microseconds(1000));
  EXPECT_EQ(line.counters().hurried, 1U);
  line.receive(read_of(1), run(line).back().at + microseconds(3700));
  EXPECT_EQ(line.counters().hurried, 1U);
  EXPECT_EQ(run(line).size(), 9U);
}

TEST(PacedLine, KeepsFourAnswersAndNoMore) {
  Faults faults;
  faults.late_every = 1;
  faults.late_by = seconds(10);
  PacedLine line(9600, 10, {meter_at(1, faults)});
  for (int i = 0; i < 6; ++i) {
    line.receive(read_of(1), kStart + milliseconds(100 * i));
    EXPECT_TRUE(line.take_due(kStart + milliseconds(100 * i + 50), kNoon).empty());
  }
  EXPECT_EQ(run(line).size(), 4U * 9);
}

}  // namespace
}  // namespace meterseal::meter::sim
