#include "core/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace meterseal {
namespace {

constexpr std::array<std::string_view, 4> kWords{"TelePeriod", "Topic", "TlsMode", "Time"};

TEST(Nearest, KnowsWhatWasMeant) {
  EXPECT_EQ(nearest("telperiod", kWords), "TelePeriod") << "a letter is missing";
  EXPECT_EQ(nearest("TelePeroid", kWords), "TelePeriod") << "two are swapped";
  EXPECT_EQ(nearest("Topicc", kWords), "Topic");
  EXPECT_EQ(nearest("TIME", kWords), "Time") << "case is ignored";
}

TEST(Nearest, GuessesNothingThatIsFarAway) {
  for (const std::string& word : {std::string(), std::string("x"), std::string("Power"), std::string("Tx"),
                                  std::string(65, 'x'), std::string(1'000'000, 'T')})
    EXPECT_EQ(nearest(word, kWords), "") << word.size();
  const std::string long_word(65, 'y');
  EXPECT_EQ(nearest(std::string(64, 'y'), std::array<std::string_view, 1>{long_word}), "");
}

}  // namespace
}  // namespace meterseal
