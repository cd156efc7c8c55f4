#include "app/repeat_guard.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

TEST(RepeatGuard, TellsTheFirstAndThenOneAnHourWithTheNumberKeptBack) {
  RepeatGuard guard;
  EXPECT_EQ(guard.tell(Instant(seconds{0})), 0U);
  EXPECT_EQ(guard.tell(Instant(seconds{1})), std::nullopt);
  EXPECT_EQ(guard.tell(Instant(seconds{3599})), std::nullopt);
  EXPECT_EQ(guard.tell(Instant(seconds{3600})), 2U);
  EXPECT_EQ(guard.tell(Instant(seconds{3601})), std::nullopt);
  EXPECT_EQ(guard.tell(Instant(seconds{9999})), 1U);
}

}  // namespace
}  // namespace meterseal::app
