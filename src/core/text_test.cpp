#include "core/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace meterseal {
namespace {

std::string fixed(std::int64_t value, unsigned scale, unsigned decimals) {
  Text<64> text;
  text.add_fixed(value, scale, decimals);
  return std::string(text.view());
}

TEST(Text, CutsWhatDoesNotFitAndSaysSo) {
  Text<4> text("abcdef");
  EXPECT_EQ(text.view(), "abcd");
  EXPECT_TRUE(text.truncated());
  text.assign("xy");
  EXPECT_FALSE(text.truncated());
}

TEST(Text, FixedPointHasExactlyTheDecimalsAskedFor) {
  EXPECT_EQ(fixed(231499, 3, 0), "231");
  EXPECT_EQ(fixed(231500, 3, 0), "232");
  EXPECT_EQ(fixed(-231500, 3, 0), "-232");
  EXPECT_EQ(fixed(412'317'499, 6, 3), "412.317");
  EXPECT_EQ(fixed(0, 6, 3), "0.000");
  EXPECT_EQ(fixed(3'200'000, 6, 3), "3.200");
  EXPECT_EQ(fixed(7, 0, 2), "7.00");
  EXPECT_EQ(fixed(5, 3, 3), "0.005");
  EXPECT_EQ(fixed(-4, 3, 2), "0.00") << "a rounded zero has no sign";
  EXPECT_EQ(fixed(1449, 3, 1), "1.4") << "rounds once, not digit by digit";
}

TEST(Text, FixedPointHoldsTheSmallestInteger) {
  EXPECT_EQ(fixed(std::numeric_limits<std::int64_t>::min(), 0, 0), "-9223372036854775808");
}

TEST(ParseDecimal, TakesWholeNumbersInRangeOnly) {
  std::uint64_t value = 7;
  EXPECT_TRUE(parse_decimal("300", 10, 3600, value));
  EXPECT_EQ(value, 300U);
  for (const auto* bad : {"", " 300", "300 ", "+300", "-1", "3e2", "0x10", "99999999999999999999", "9", "3601"}) {
    EXPECT_FALSE(parse_decimal(bad, 10, 3600, value)) << bad;
  }
  EXPECT_EQ(value, 300U) << "untouched after a refusal";
}

TEST(Utf8, RefusesNulOverlongSurrogatesAndTornSequences) {
  EXPECT_TRUE(is_utf8_without_nul("tele/Zähler/€/😀"));
  EXPECT_FALSE(is_utf8_without_nul(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_utf8_without_nul("\xC0\xAF"));
  EXPECT_FALSE(is_utf8_without_nul("\xE0\x80\xAF"));
  EXPECT_FALSE(is_utf8_without_nul("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8_without_nul("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8_without_nul("\xE2\x82"));
  EXPECT_FALSE(is_utf8_without_nul("\xFF"));
}

TEST(Trim, RemovesBlanksAtBothEndsOnly) {
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

}  // namespace
}  // namespace meterseal
