#include "meter/line_timing.hpp"

#include <gtest/gtest.h>

namespace meterseal::meter {
namespace {

// Times of the Modbus serial line guide, 3.5 characters up to 19,200 baud and 1.75 ms above.
TEST(LineTiming, KnowsWireTimeAndFrameSilenceOfEachSpeed) {
  struct Row {
    std::uint32_t baud;
    std::uint8_t bits;
    std::int64_t answer_of_80_registers_us;  // 165 characters
    std::int64_t silence_us;
  };
  const Row rows[] = {{1200, 10, 1'375'000, 29'167}, {2400, 11, 756'250, 16'042}, {9600, 10, 171'875, 3'646},
                      {9600, 11, 189'063, 4'011},    {19200, 10, 85'938, 1'823},  {38400, 10, 42'969, 1'750},
                      {115200, 11, 15'756, 1'750}};
  for (const Row& row : rows) {
    const LineTiming line = LineTiming::serial(row.baud, row.bits);
    EXPECT_EQ(line.wire_time(165).count(), row.answer_of_80_registers_us) << row.baud;
    EXPECT_NEAR(static_cast<double>(line.frame_silence().count()), static_cast<double>(row.silence_us), 1.0)
        << row.baud;
    EXPECT_GE(line.drain_silence(), line.frame_silence());
    EXPECT_GE(line.longest_pause(), milliseconds(50)) << "an adapter may hold bytes back for 16 ms";
  }
}

TEST(LineTiming, OfANetworkHasNoWireTime) {
  EXPECT_EQ(LineTiming::network().wire_time(256).count(), 0);
  EXPECT_EQ(LineTiming::network().frame_silence().count(), 0);
}

TEST(TurnaroundEstimate, FollowsAFasterMeterAtOnceAndASlowerOneCarefully) {
  TurnaroundEstimate estimate;
  EXPECT_EQ(estimate.value().count(), 0);
  estimate.learn(milliseconds(20));
  EXPECT_EQ(estimate.value(), milliseconds(20)) << "the first measurement is all there is";
  estimate.learn(milliseconds(84));
  EXPECT_EQ(estimate.value(), milliseconds(22)) << "one slow answer is not the rule";
  estimate.learn(milliseconds(12));
  EXPECT_EQ(estimate.value(), milliseconds(12));
  estimate.learn(microseconds(-5));
  EXPECT_EQ(estimate.value(), milliseconds(0)) << "an answer that was on its way already";
}

TEST(TurnaroundEstimate, MeasuresTheFirstFourExchangesAndThenOneInEight) {
  TurnaroundEstimate estimate;
  int measured = 0;
  for (int i = 0; i < 3 + 80; ++i) {
    if (estimate.needs_measurement()) {
      ++measured;
      EXPECT_EQ(i < 4, measured <= 4);
      estimate.learn(milliseconds(20));
    } else {
      estimate.learn_nothing();
    }
  }
  EXPECT_EQ(measured, 3 + 10);
}

}  // namespace
}  // namespace meterseal::meter
