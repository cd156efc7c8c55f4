#include "collect/host/envelope.hpp"

#include <gtest/gtest.h>

#include "collect/errors.hpp"

namespace meterseal::collect::host {
namespace {

TEST(Envelope, FindsTheRecordAmongTheReadings) {
  const auto envelope = read_envelope(
      "t", R"({"Time":"2026-08-23T13:05:00","ENERGY":{"Seq":9,"Power":[1,2,3]},"Outbox":"a1","Seq":42,"Boot":3})");
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->time, "2026-08-23T13:05:00");
  EXPECT_EQ(envelope->outbox, "a1");
  EXPECT_EQ(envelope->sequence, 42U) << "not the one of a meter";
  EXPECT_EQ(envelope->boot, 3U);
  EXPECT_FALSE(envelope->lost);
}

TEST(Envelope, ReadsWhatTheDeviceDeclaresAsLost) {
  const auto envelope = read_envelope(
      "t", R"({"Loss":{"First":40,"Last":90,"Count":25,"Reason":"thinned"},"Outbox":"a1","Seq":91,"Boot":3})");
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->lost.value_or(Range{}), (Range{40, 90}));
  EXPECT_EQ(envelope->lost_count, 25U);
  EXPECT_EQ(envelope->lost_reason, "thinned");
}

TEST(Envelope, RefusesWhatNamesNoRecord) {
  for (const char* wrong :
       {"", "null", "[]", "7", "{", "{}", R"({"Seq":1,"Boot":1})", R"({"Outbox":"a","Seq":0,"Boot":1})",
        R"({"Outbox":"a","Seq":-1,"Boot":1})", R"({"Outbox":"a","Seq":1.5,"Boot":1})",
        R"({"Outbox":"a","Seq":"1","Boot":1})", R"({"Outbox":"a","Seq":9223372036854775808,"Boot":1})",
        R"({"Outbox":"a","Seq":1,"Boot":4294967296})", R"({"x":{"Outbox":"a","Seq":1,"Boot":1}})",
        R"([{"Outbox":"a","Seq":1,"Boot":1}])", R"({"Outbox":"a\u001b[2J","Seq":1,"Boot":1})",
        R"({"Outbox":"a\",\"Confirm\":[[1,9]]","Seq":1,"Boot":1})",
        R"({"Outbox":"a","Seq":1,"Boot":1,"Time":"20\u001b[5mX"})", R"({"Outbox":"a","Seq":1,"Boot":1}x)"}) {
    const auto envelope = read_envelope("t", wrong);
    ASSERT_FALSE(envelope) << wrong;
    EXPECT_EQ(envelope.error().code, message_malformed) << wrong;
  }
}

TEST(Envelope, ADeclaredLossCannotCoverWhatWasNeverNumbered) {
  const char* everything =
      R"({"Loss":{"First":1,"Last":9223372036854775807,"Count":9,"Reason":"dropped"},"Outbox":"a1","Seq":5,"Boot":1})";
  const char* more = R"({"Loss":{"First":1,"Last":4,"Count":9,"Reason":"dropped"},"Outbox":"a1","Seq":5,"Boot":1})";
  for (const char* forged : {everything, more}) {
    const auto envelope = read_envelope("t", forged);
    ASSERT_TRUE(envelope) << forged;
    EXPECT_FALSE(envelope->lost) << forged;
  }
}

TEST(Envelope, SurvivesANestingThatNoDeviceMakes) {
  EXPECT_FALSE(read_envelope("t", std::string(200'000, '[')));
  EXPECT_FALSE(read_envelope("t", std::string(200'000, '{')));
}

}  // namespace
}  // namespace meterseal::collect::host
