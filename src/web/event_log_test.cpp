#include "web/event_log.hpp"

#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace meterseal::web {
namespace {

TEST(EventLog, CannotBeForgedByAName) {
  test::FakeClock clock;
  test::CollectingLog log;
  EventLog events(clock, log);
  events.add(EventKind::refusal, "x\nlogin: admin", "192.0.2.1", "wrong password");
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_NE(log.lines()[0].find("WEB: refusal: x?login: admin from 192.0.2.1: wrong password"), std::string::npos)
      << log.lines()[0];
}

TEST(EventLog, KeepsTheLastTwoHundred) {
  test::FakeClock clock;
  test::CollectingLog log;
  EventLog events(clock, log);
  for (int i = 0; i < 300; ++i)
    events.add(EventKind::login, "u" + std::to_string(i), "192.0.2.1", std::string(500, 'x'));
  EXPECT_EQ(events.events().size(), 200U);
  EXPECT_EQ(events.events().front().who, "u100");
  EXPECT_EQ(events.events().back().what.size(), 160U);
}

TEST(EventLog, AFloodOfRefusalsIsToldInPartAndHidesNobody) {
  test::FakeClock clock;
  test::CollectingLog log;
  EventLog events(clock, log);
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  for (int i = 0; i < 10'000; ++i) events.add(EventKind::refusal, "root", "192.0.2.9", "wrong password");
  EXPECT_EQ(log.lines().size(), 1U + EventLog::kRefusals);
  EXPECT_EQ(events.events().front().who, "admin") << "not pushed out";
  clock.advance(EventLog::kRefusalEach);
  events.add(EventKind::refusal, "root", "192.0.2.9", "wrong password");
  EXPECT_EQ(events.events().back().what, "wrong password (and 9980 more refusals)");
  events.add(EventKind::refusal, "root", "192.0.2.9", "wrong password");
  EXPECT_EQ(log.lines().size(), 2U + EventLog::kRefusals) << "one each 30 s";
  events.add(EventKind::login, "admin", "192.0.2.1", "logged in");
  EXPECT_EQ(events.events().back().who, "admin") << "logins are told always";
}

}  // namespace
}  // namespace meterseal::web
