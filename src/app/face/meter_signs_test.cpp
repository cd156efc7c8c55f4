#include "app/face/meter_signs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "support/profiles.hpp"

namespace meterseal::app {
namespace {

using Answers = std::vector<MeterSigns::Answer>;

std::vector<std::uint16_t> float_words(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>(bits >> 16U), static_cast<std::uint16_t>(bits)};
}

class MeterSignsTest : public testing::Test {
 protected:
  /// The answer of a unit to one block; everything else is refused.
  void answer(Answers& answers, std::uint16_t start, std::vector<std::uint16_t> words) const {
    for (std::size_t i = 0; i < signs.blocks().size(); ++i) {
      const auto& block = signs.blocks()[i];
      if (block.function == meter::Function::read_input && block.start == start && block.words == words.size())
        answers[i] = words;
    }
  }
  [[nodiscard]] Answers nothing() const { return Answers(signs.blocks().size()); }

  const std::vector<meter::Profile>& profiles = test::default_profiles();
  const MeterSigns signs{profiles};
};

TEST_F(MeterSignsTest, WhoRefusesEverythingFitsNothing) {
  EXPECT_TRUE(signs.fits(nothing()).empty());
  EXPECT_TRUE(signs.fits({}).empty());
}

TEST_F(MeterSignsTest, AnEastronMeterIsOneOfItsModels) {
  Answers answers = nothing();
  answer(answers, 0x0000, float_words(231.4F));
  answer(answers, 0x0046, float_words(50.01F));
  const auto fits = signs.fits(answers);
  EXPECT_NE(std::find(fits.begin(), fits.end(), "SDM120"), fits.end());
  EXPECT_EQ(std::find(fits.begin(), fits.end(), "PZEM-004T"), fits.end());
}

TEST_F(MeterSignsTest, ValuesThatNoGridHasFitNothing) {
  Answers answers = nothing();
  answer(answers, 0x0000, float_words(5.0F));
  answer(answers, 0x0046, float_words(50.01F));
  EXPECT_TRUE(signs.fits(answers).empty());
  answer(answers, 0x0000, float_words(231.4F));
  answer(answers, 0x0046, float_words(0.0F));
  EXPECT_TRUE(signs.fits(answers).empty());
}

TEST_F(MeterSignsTest, AUnitIsAskedForFewThings) {
  EXPECT_LE(signs.blocks().size(), 40U);
  for (const auto& block : signs.blocks()) EXPECT_LE(block.words, 8U) << "no request that a small meter would refuse";
}

}  // namespace
}  // namespace meterseal::app
