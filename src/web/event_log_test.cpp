#include "web/event_log.hpp"

#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace meterseal::web {
namespace {

class EventLogTest : public testing::Test {
 protected:
  test::FakeClock clock;
  test::CollectingLog log;
  EventLog events{clock, log};
};

TEST_F(EventLogTest, EachEventIsALineOfTheLogToo) {
  events.add(EventKind::refusal, "adm\x1bin\n", "192.0.2.1", "wrong user or password");
  ASSERT_EQ(events.events().size(), 1U);
  EXPECT_EQ(events.events()[0].who, "adm?in?") << "what was typed cannot forge a line";
  EXPECT_TRUE(log.contains("refusal: adm?in? from 192.0.2.1: wrong user or password"));
}

TEST_F(EventLogTest, AFloodOfRefusalsPushesOutNoChange) {
  events.add(EventKind::change, "admin", "192.0.2.1", "MqttFingerprint1");
  for (int i = 0; i < 5000; ++i)
    events.add(EventKind::refusal, "", "192.0.2." + std::to_string(i % 200), "wrong user or password");
  EXPECT_EQ(events.events().size(), EventLog::kRefusals + 1U);
  for (int i = 0; i < 5000; ++i) {
    clock.advance(EventLog::kRefusalEach);
    events.add(EventKind::refusal, "", "192.0.2." + std::to_string(i % 200), "wrong user or password");
  }
  EXPECT_EQ(events.events().size(), EventLog::kMostRefusals + 1);
  EXPECT_EQ(events.events().front().what, "MqttFingerprint1");
}

TEST_F(EventLogTest, OneSourceOfRefusalsPushesOutNoOther) {
  events.add(EventKind::refusal, "mallory", "192.0.2.9", "wrong user or password");
  for (int i = 0; i < 5000; ++i) {
    clock.advance(EventLog::kRefusalEach);
    events.add(EventKind::refusal, "name" + std::to_string(i), "192.0.2.1", "wrong user or password");
  }
  EXPECT_EQ(events.events().size(), EventLog::kMostOfOne + 1);
  EXPECT_EQ(events.events().front().who, "mallory");
}

// 600 times `TelePeriod 60` by MQTT, within half a minute.
TEST_F(EventLogTest, AFloodOfTheSameChangeIsOneEventAndTenLines) {
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  for (int i = 0; i < 600; ++i) {
    clock.advance(milliseconds{50});
    events.add(EventKind::change, "", "MQTT", "command TelePeriod");
    events.add(EventKind::change, "", "MQTT", "command Topic");
  }
  ASSERT_EQ(events.events().size(), 3U);
  EXPECT_EQ(events.events()[0].what, "logged in");
  EXPECT_EQ(told(events.events()[1]), "command TelePeriod x 600");
  EXPECT_EQ(events.events()[1].at, clock.utc()) << "the last time";
  EXPECT_EQ(log.lines().size(), 1U + 2 * 10U);
  EXPECT_TRUE(log.contains("change: somebody from MQTT: command TelePeriod x 512"));
  EventLog next(clock, log);
  next.recall(events.encode());
  EXPECT_EQ(next.events()[1].what, "command TelePeriod x 600");
}

TEST_F(EventLogTest, TheSameAgainAfterTenMinutesIsAnEventOfItsOwn) {
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  clock.advance(EventLog::kRepeat);
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  ASSERT_EQ(events.events().size(), 2U);
  EXPECT_EQ(events.events()[1].count, 1U);
}

TEST_F(EventLogTest, AViewerWhoLogsInFromEverywhereHidesNoChange) {
  events.add(EventKind::change, "admin", "192.0.2.1", "MqttFingerprint1");
  for (int i = 0; i < 300; ++i)
    events.add(EventKind::login, "guest", "2001:db8::" + std::to_string(i), "logged in as viewer");
  EXPECT_EQ(events.events().size(), EventLog::kMostOfOne + 1);
  EXPECT_EQ(events.events().front().what, "MqttFingerprint1");
}

TEST_F(EventLogTest, HoldsTheLastTwoHundred) {
  for (int i = 0; i < 300; ++i) events.add(EventKind::change, "user" + std::to_string(i % 8), "x", std::to_string(i));
  EXPECT_EQ(events.events().size(), EventLog::kMost);
  EXPECT_EQ(events.events().back().what, "299");
}

TEST_F(EventLogTest, ComesBackAfterARestartBeforeTheNewOnes) {
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  events.add(EventKind::refusal, "", "192.0.2.9", "tab\tand\nline");
  EventLog next(clock, log);
  next.add(EventKind::change, "admin", "192.0.2.1", "new");
  next.recall(events.encode());
  ASSERT_EQ(next.events().size(), 3U);
  EXPECT_EQ(next.events()[0].who, "admin");
  EXPECT_EQ(next.events()[0].at, events.events()[0].at);
  EXPECT_EQ(next.events()[1].what, "tab?and?line");
  EXPECT_EQ(next.events()[2].what, "new");
}

TEST_F(EventLogTest, ADamagedFileGivesWhatOfItCanBeRead) {
  const std::string good = "login\t1000\tadmin\t192.0.2.1\tlogged in\n";
  for (const char* bad : {"", "2\n", "1\nlogin\n", "1\nlogin\tx\ta\tb\tc\n", "1\nother\t1\ta\tb\tc\n",
                          "1\nlogin\t1\ta\tb\n", "1\nlogin\t1\ta\tb\tc\td\n", "1\nlogin\t1\ta\tb\tc"}) {
    EventLog other(clock, log);
    other.recall(bad);
    EXPECT_TRUE(other.events().empty()) << bad;
  }
  EventLog other(clock, log);
  other.recall("1\nnonsense\n" + good);
  ASSERT_EQ(other.events().size(), 1U);
  EXPECT_EQ(other.events()[0].what, "logged in");
}

}  // namespace
}  // namespace meterseal::web
