#include "outbox/confirm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "outbox/errors.hpp"

namespace meterseal::outbox {
namespace {

using testing::ElementsAre;

TEST(Confirm, RefusesEveryOtherForm) {
  struct Row {
    std::string_view what;
    std::string text;
  };
  const std::string good = R"({"Outbox":"3f9c2a71","Confirm":[[1,20],[22,22]]})";
  const Row rows[] = {
      {"nothing", ""},
      {"text", "delete everything"},
      {"an array", "[[1,20]]"},
      {"no outbox", R"({"Confirm":[[1,20]]})"},
      {"no ranges", R"({"Outbox":"a1"})"},
      {"an empty list", R"({"Outbox":"a1","Confirm":[]})"},
      {"another key", R"({"Outbox":"a1","Confirm":[[1,2]],"All":true})"},
      {"a key twice", R"({"Outbox":"a1","Confirm":[[1,2]],"Confirm":[[3,4]]})"},
      {"a name twice", R"({"Outbox":"a1","Outbox":"b2","Confirm":[[1,2]]})"},
      {"another case", R"({"outbox":"a1","confirm":[[1,2]]})"},
      {"an empty name", R"({"Outbox":"","Confirm":[[1,2]]})"},
      {"a long name", R"({"Outbox":"12345678901234567","Confirm":[[1,2]]})"},
      {"a name with escapes", R"({"Outbox":"\u0061","Confirm":[[1,2]]})"},
      {"a name with control characters", "{\"Outbox\":\"a\x1b\",\"Confirm\":[[1,2]]}"},
      {"a name that is a number", R"({"Outbox":1,"Confirm":[[1,2]]})"},
      {"zero", R"({"Outbox":"a1","Confirm":[[0,2]]})"},
      {"backwards", R"({"Outbox":"a1","Confirm":[[2,1]]})"},
      {"negative", R"({"Outbox":"a1","Confirm":[[-2,1]]})"},
      {"plus", R"({"Outbox":"a1","Confirm":[[+1,2]]})"},
      {"fraction", R"({"Outbox":"a1","Confirm":[[1.0,2]]})"},
      {"exponent", R"({"Outbox":"a1","Confirm":[[1,2e9]]})"},
      {"leading zero", R"({"Outbox":"a1","Confirm":[[01,2]]})"},
      {"text for a number", R"({"Outbox":"a1","Confirm":[["1","2"]]})"},
      {"beyond what a database counts", R"({"Outbox":"a1","Confirm":[[1,9223372036854775808]]})"},
      {"beyond 64 bits", R"({"Outbox":"a1","Confirm":[[1,18446744073709551617]]})"},
      {"one number", R"({"Outbox":"a1","Confirm":[[1]]})"},
      {"three numbers", R"({"Outbox":"a1","Confirm":[[1,2,3]]})"},
      {"no pairs", R"({"Outbox":"a1","Confirm":[1,2]})"},
      {"a comma at the end", R"({"Outbox":"a1","Confirm":[[1,2],]})"},
      {"more behind it", good + "x"},
      {"twice", good + good},
      {"NUL behind it", good + std::string(1, '\0')},
      {"very deep", R"({"Outbox":"a1","Confirm":)" + std::string(10'000, '[')},
      {"too long", good + std::string(kMaxConfirmText, ' ')},
  };
  for (const Row& row : rows) {
    const auto result = parse_confirmation(row.text);
    ASSERT_FALSE(result) << row.what;
    EXPECT_EQ(result.error().code, confirm_malformed) << row.what;
  }
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(parse_confirmation(std::string_view(good).substr(0, cut))) << "cut after " << cut;
  }
}

TEST(Confirm, ReadsWhatAReceiverWrites) {
  const auto confirmation = parse_confirmation(R"({"Outbox":"3f9c2a71","Confirm":[[1,20],[22,22]]})");
  ASSERT_TRUE(confirmation);
  EXPECT_EQ(confirmation->outbox.view(), "3f9c2a71");
  EXPECT_THAT(confirmation->ranges, ElementsAre(SequenceRange{1, 20}, SequenceRange{22, 22}));
}

TEST(Confirm, ReadsKeysInAnyOrderWithBlanks) {
  const auto confirmation =
      parse_confirmation(" { \"Confirm\" : [ [ 7 , 9223372036854775807 ] ] ,\r\n\t\"Outbox\" : \"A1\" } ");
  ASSERT_TRUE(confirmation);
  EXPECT_EQ(confirmation->outbox.view(), "A1");
  EXPECT_THAT(confirmation->ranges, ElementsAre(SequenceRange{7, INT64_MAX}));
}

TEST(Confirm, TakesSoManyRangesAndNotOneMore) {
  const auto with = [](std::size_t count) {
    std::string text = R"({"Outbox":"a1","Confirm":[[1,1])";
    for (std::size_t i = 1; i < count; ++i) text += ",[1,1]";
    return parse_confirmation(text + "]}");
  };
  ASSERT_TRUE(with(kMaxConfirmRanges));
  EXPECT_EQ(with(kMaxConfirmRanges)->ranges.size(), kMaxConfirmRanges);
  EXPECT_FALSE(with(kMaxConfirmRanges + 1));
}

}  // namespace
}  // namespace meterseal::outbox
