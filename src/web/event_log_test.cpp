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

}  // namespace
}  // namespace meterseal::web
