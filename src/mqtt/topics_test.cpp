#include "mqtt/topics.hpp"

#include <gtest/gtest.h>

#include <string>

#include "mqtt/errors.hpp"

namespace meterseal::mqtt {
namespace {

struct Refusal {
  const char* sentence;
  std::string full_topic;
  std::string topic;
  const Code& code;
  const char* detail;
};

TEST(Topics, RefusesWhatWouldNotBeTheTopicThatWasWritten) {
  const std::string long_name(101, 'x');
  const std::string seventy(70, 'x');
  const std::string full(kDefaultFullTopic);
  const Refusal rows[] = {
      {"no topic", full, "", topic_invalid, "is empty"},
      {"wildcard for one level", full, "a+b", topic_invalid, "has a wildcard (+ or #)"},
      {"wildcard for all levels", full, "a/#", topic_invalid, "has a wildcard (+ or #)"},
      {"space", full, "my meter", topic_invalid, "has a space"},
      {"line break", full, "a\nb", topic_invalid, "has a control character"},
      {"delete character", full, "a\x7F", topic_invalid, "has a control character"},
      {"NUL", full, std::string("a\0b", 3), topic_invalid, "is not UTF-8 text"},
      {"torn UTF-8", full, "a\xC3", topic_invalid, "is not UTF-8 text"},
      {"token in the topic", full, "%prefix%", topic_invalid, "has a '%'"},
      {"leading slash", full, "/a", topic_invalid, "begins or ends with '/'"},
      {"trailing slash", full, "a/", topic_invalid, "begins or ends with '/'"},
      {"empty level", full, "a//b", topic_invalid, "has an empty level (//)"},
      {"broker's own tree", full, "$SYS", topic_invalid, "begins with '$'"},
      {"too long", full, long_name, topic_invalid, "is longer than 100 bytes"},
      {"no full topic", "", "a", full_topic_invalid, "is empty"},
      {"only a slash", "/", "a", full_topic_invalid, "has no level"},
      {"shared subscription", "$share/g/%topic%/", "a", full_topic_invalid, "begins with '$'"},
      {"wildcard", "%prefix%/#/", "a", full_topic_invalid, "has a wildcard (+ or #)"},
      {"empty level", "%prefix%//%topic%/", "a", full_topic_invalid, "has an empty level (//)"},
      {"token of other firmware", "%prefix%/%id%/", "a", full_topic_invalid,
       "has a '%' that begins neither %prefix% nor %topic%"},
      {"token cut short", "%prefix%/%topic", "a", full_topic_invalid,
       "has a '%' that begins neither %prefix% nor %topic%"},
      {"too long", long_name, "a", full_topic_invalid, "is longer than 100 bytes"},
      {"too long when expanded", "%prefix%/%topic%/%topic%/", seventy, full_topic_invalid,
       "gives topics longer than 150 bytes"},
      {"no room for its own slash", std::string(100, 'x'), "a", full_topic_invalid,
       "gives topics longer than 150 bytes"},
  };
  for (const Refusal& row : rows) {
    const auto topics = Topics::make(row.full_topic, row.topic);
    ASSERT_FALSE(topics) << row.sentence;
    EXPECT_EQ(topics.error().code.name, row.code.name) << row.sentence;
    EXPECT_EQ(topics.error().detail.view(), row.detail) << row.sentence;
  }
}

TEST(Topics, AreBuiltAsTasmotaBuildsThem) {
  const auto plain = Topics::make(kDefaultFullTopic, "emon_1").value();
  EXPECT_EQ(plain.of(Prefix::tele, "Sensor").view(), "tele/emon_1/SENSOR");
  EXPECT_EQ(plain.of(Prefix::stat, "STATUS10").view(), "stat/emon_1/STATUS10");
  EXPECT_EQ(plain.of(Prefix::cmnd, "status").view(), "cmnd/emon_1/STATUS");
  EXPECT_EQ(plain.command_filter().view(), "cmnd/emon_1/#");
  EXPECT_TRUE(plain.is_prefixed());

  const auto swapped = Topics::make("site/%topic%/%prefix%", "haus/zähler").value();
  EXPECT_EQ(swapped.full_topic(), "site/%topic%/%prefix%/");
  EXPECT_EQ(swapped.of(Prefix::tele, "LWT").view(), "site/haus/zähler/tele/LWT");
  EXPECT_EQ(swapped.command_filter().view(), "site/haus/zähler/cmnd/#");
}

TEST(Topics, WithoutPrefixOnlyTheCommandsGetALevelOfTheirOwn) {
  const auto topics = Topics::make("%topic%/", "emon").value();
  EXPECT_FALSE(topics.is_prefixed());
  EXPECT_EQ(topics.of(Prefix::tele, "SENSOR").view(), "emon/SENSOR");
  EXPECT_EQ(topics.of(Prefix::stat, "RESULT").view(), "emon/RESULT");
  EXPECT_EQ(topics.of(Prefix::cmnd, "STATUS").view(), "emon/cmnd/STATUS");
  EXPECT_EQ(topics.command_filter().view(), "emon/cmnd/#");
  EXPECT_FALSE(topics.command_in("emon/SENSOR")) << "its own message is no command";
}

TEST(Topics, FindTheCommandOfThisDeviceOnly) {
  const auto topics = Topics::make(kDefaultFullTopic, "emon_1").value();
  EXPECT_EQ(topics.command_in("cmnd/emon_1/Status0"), "Status0");
  for (const auto* other : {"cmnd/emon_1", "cmnd/emon_1/", "cmnd/emon_10/STATUS", "cmnd/emon_/STATUS", "CMND/emon_1/X",
                            "stat/emon_1/STATUS", "cmnd/emon_1/a/STATUS", "", "x/cmnd/emon_1/STATUS"}) {
    EXPECT_FALSE(topics.command_in(other)) << other;
  }
}

TEST(Topics, LongestNameStillFits) {
  const auto topics = Topics::make("%prefix%/%topic%/", std::string(100, 'x')).value();
  const TopicText text = topics.of(Prefix::cmnd, std::string(kMaxCommandName, 'n'));
  EXPECT_FALSE(text.truncated());
  EXPECT_EQ(text.view().back(), 'N');
}

}  // namespace
}  // namespace meterseal::mqtt
