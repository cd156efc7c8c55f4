#include "secrets/token.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/counting_cryptography.hpp"

namespace meterseal::secrets {
namespace {

using test::CountingCryptography;

TEST(ConstantTimeCompare, NothingButTheSameTextIsEqual) {
  struct Row {
    std::string_view a;
    std::string_view b;
    bool equal;
    const char* what;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"", "", false, "an empty secret is none"},  {"secret", "", false, "empty against a secret"},
      {"secret", "sec", false, "a prefix"},        {"secret", "secrets", false, "a longer one"},
      {"secret", "Secret", false, "another case"}, {"sec\0et"sv, "sec\0xx"sv, false, "what follows a NUL counts"},
      {"sec"sv, "sec\0"sv, false, "a NUL behind"}, {"secret", "secret", true, "the same"},
  };
  for (const Row& row : rows) EXPECT_EQ(equal_in_constant_time(row.a, row.b), row.equal) << row.what;
}

TEST(Code, IsRefusedUnlessItHasTwentyLettersOfTheAlphabet) {
  for (const char* typed :
       {"", "AAAAA-AAAAA-AAAAA-AAAA", "AAAAA-AAAAA-AAAAA-AAAAAA", "AAAAA-AAAAA-AAAAA-AAAAU", "AAAAA-AAAAA-AAAAA-AAAA*"})
    EXPECT_EQ(read_code(typed), std::nullopt) << typed;
}

TEST(Code, IsReadAsPeopleType) {
  EXPECT_EQ(read_code("abcde fghjk o0il1 zzzzz\n"), "ABCDE-FGHJK-00111-ZZZZZ");
}

TEST(Code, MadeOneIsReadBack) {
  CountingCryptography cryptography;
  const std::string code = make_code(cryptography);
  EXPECT_EQ(code.size(), 23U);
  EXPECT_EQ(read_code(code), code);
}

TEST(Token, UsesEachLetterOfItsAlphabetEquallyOften) {
  // Bytes 0, 1, 2 ... 255 in a row: each of 64 letters must stand for four of them.
  CountingCryptography cryptography;
  std::string all;
  while (all.size() < 43 * 256) all += make_token(cryptography);
  for (const char c : std::string("AZaz09-_")) EXPECT_EQ(std::count(all.begin(), all.end(), c), 43 * 4) << c;
}

TEST(Hex, OfADigestIsReadBackAndNothingElseIs) {
  Digest digest{};
  digest[0] = 0xAB;
  digest[31] = 0x01;
  const std::string hex = to_hex(digest);
  EXPECT_EQ(digest_from_hex(hex), digest);
  EXPECT_EQ(digest_from_hex(hex.substr(1)), std::nullopt);
  EXPECT_EQ(digest_from_hex("G" + hex.substr(1)), std::nullopt);
  EXPECT_EQ(digest_from_hex(""), std::nullopt);
}

}  // namespace
}  // namespace meterseal::secrets
