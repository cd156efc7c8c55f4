#include "app/agent/command_budget.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

int taken(CommandBudget& budget, Instant now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += budget.take(now) ? 1 : 0;
  return count;
}

TEST(CommandBudget, TakesABurstAndThenItsRate) {
  CommandBudget budget;
  const Instant start{std::chrono::hours{1}};
  EXPECT_EQ(taken(budget, start, 10'000), CommandBudget::kBurst);
  EXPECT_EQ(taken(budget, start + seconds{1}, 10'000), CommandBudget::kPerSecond);
  EXPECT_EQ(taken(budget, start + seconds{100}, 10'000), CommandBudget::kBurst) << "rested";
}

TEST(CommandBudget, AMessageOfManyCommandsCostsAsMany) {
  CommandBudget budget;
  const Instant start{std::chrono::hours{1}};
  EXPECT_TRUE(budget.take(start, 31));
  EXPECT_FALSE(budget.take(start, 31)) << "all of them or none";
  EXPECT_TRUE(budget.take(start, 19));
  EXPECT_FALSE(budget.take(start));
}

}  // namespace
}  // namespace meterseal::app
