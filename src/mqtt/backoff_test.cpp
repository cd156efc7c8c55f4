#include "mqtt/backoff.hpp"

#include <gtest/gtest.h>

namespace meterseal::mqtt {
namespace {

TEST(Backoff, DoublesFromOneSecondToOneMinuteWithinTheUpperHalfOfEachStep) {
  Backoff backoff(1);
  for (const int step_s : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    const auto pause = backoff.next(ErrorClass::retry, Reach::answered);
    EXPECT_GE(pause, milliseconds(500 * step_s));
    EXPECT_LE(pause, milliseconds(1000 * step_s));
  }
}

TEST(Backoff, StopsAtAQuarterOfAMinuteWhereNobodyAnswers) {
  Backoff backoff(1);
  for (const int step_s : {1, 2, 4, 8, 15, 15, 15}) {
    const auto pause = backoff.next(ErrorClass::retry, Reach::nobody);
    EXPECT_GE(pause, milliseconds(500 * step_s));
    EXPECT_LE(pause, milliseconds(1000 * step_s));
  }
  EXPECT_GE(backoff.next(ErrorClass::retry, Reach::answered), milliseconds(30'000))
      << "a broker that is back and overrun is left alone";
}

TEST(Backoff, IsSlowAfterRefusedTrustAndWhereAPersonMustAct) {
  for (const ErrorClass failure : {ErrorClass::security, ErrorClass::refuse, ErrorClass::bug}) {
    Backoff backoff(1);
    for (const int step_s : {30, 60, 120, 240, 300, 300}) {
      const auto pause = backoff.next(failure, Reach::answered);
      EXPECT_GE(pause, milliseconds(500 * step_s));
      EXPECT_LE(pause, milliseconds(1000 * step_s));
    }
  }
}

TEST(Backoff, BeginsAnewAfterAGoodConnection) {
  Backoff backoff(1);
  for (int i = 0; i < 100; ++i) (void)backoff.next(ErrorClass::retry, Reach::answered);
  (void)backoff.next(ErrorClass::security, Reach::answered);
  backoff.reset();
  EXPECT_LE(backoff.next(ErrorClass::retry, Reach::answered), milliseconds(1000));
  EXPECT_LE(backoff.next(ErrorClass::security, Reach::answered), milliseconds(30'000));
}

TEST(Backoff, DiffersBetweenDevicesAndIsTheSameForOneSeed) {
  Backoff a(1);
  Backoff same(1);
  Backoff b(2);
  int different = 0;
  for (int i = 0; i < 20; ++i) {
    const auto pause = a.next(ErrorClass::retry, Reach::answered);
    EXPECT_EQ(pause, same.next(ErrorClass::retry, Reach::answered));
    different += pause != b.next(ErrorClass::retry, Reach::answered) ? 1 : 0;
  }
  EXPECT_GT(different, 15);
}

}  // namespace
}  // namespace meterseal::mqtt
