#include "web/setup_gate.hpp"

#include <gtest/gtest.h>

namespace meterseal::web {
namespace {

using Answer = SetupGate::Answer;
constexpr const char* kCode = "ABCDE-FGHJK-00111-ZZZZZ";

TEST(SetupGate, IsClosedUnlessItWasOpened) {
  SetupGate gate;
  EXPECT_FALSE(gate.is_open(Instant{}));
  EXPECT_EQ(gate.try_code("", Instant{}), Answer::over);
  EXPECT_EQ(gate.try_code(kCode, Instant{}), Answer::over);
}

TEST(SetupGate, TakesTenTriesAndNoMore) {
  SetupGate gate(kCode, Instant{});
  for (int i = 0; i < 9; ++i) EXPECT_EQ(gate.try_code("ABCDE-FGHJK-00111-ZZZZY", Instant{}), Answer::wrong) << i;
  EXPECT_EQ(gate.try_code("", Instant{}), Answer::over) << "what is no code counts, too";
  EXPECT_EQ(gate.try_code(kCode, Instant{}), Answer::over) << "even the right one";
}

TEST(SetupGate, IsOpenForHalfAnHour) {
  SetupGate gate(kCode, Instant{});
  EXPECT_EQ(gate.try_code(kCode, Instant{SetupGate::kOpenFor} - microseconds{1}), Answer::open);
  EXPECT_EQ(gate.try_code(kCode, Instant{SetupGate::kOpenFor}), Answer::over);
}

TEST(SetupGate, ReadsTheCodeAsPeopleTypeItAndStaysClosedOnceClosed) {
  SetupGate gate(kCode, Instant{});
  EXPECT_EQ(gate.try_code("abcde fghjk ooill zzzzz", Instant{}), Answer::open);
  gate.close();
  EXPECT_EQ(gate.try_code(kCode, Instant{}), Answer::over);
}

}  // namespace
}  // namespace meterseal::web
