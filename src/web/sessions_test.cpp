#include "web/sessions.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/counting_cryptography.hpp"

namespace meterseal::web {
namespace {

constexpr const char* kHash = "$argon2id$x";

class SessionsTest : public testing::Test {
 protected:
  test::CountingCryptography cryptography;
  Sessions sessions;
  Instant now{seconds{1000}};
};

TEST_F(SessionsTest, NothingButTheWholeTokenIsASession) {
  const std::string id = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  for (const std::string& other : {std::string(), id.substr(1), id + "x", std::string(43, 'A'), id.substr(0, 42)})
    EXPECT_EQ(sessions.use(other, now), nullptr) << other;
  EXPECT_NE(sessions.use(id, now), nullptr);
}

TEST_F(SessionsTest, EndsWhenNobodyUsedItForHalfAnHour) {
  const std::string id = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  now += seconds{30 * 60 - 1};
  EXPECT_NE(sessions.use(id, now), nullptr);
  now += seconds{30 * 60 - 1};
  EXPECT_NE(sessions.find(id, now), nullptr) << "the use before counted";
  now += seconds{1};
  EXPECT_EQ(sessions.use(id, now), nullptr);
}

TEST_F(SessionsTest, LiveValuesDoNotKeepItOpen) {
  const std::string id = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  for (int i = 0; i < 30; ++i) {
    EXPECT_NE(sessions.find(id, now), nullptr);
    now += seconds{60};
  }
  EXPECT_EQ(sessions.find(id, now), nullptr);
}

TEST_F(SessionsTest, EndsAfterTwelveHoursHoweverBusyItIs) {
  const std::string id = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  for (int minute = 0; minute < 12 * 60; minute += 10) {
    EXPECT_NE(sessions.use(id, now), nullptr) << minute;
    now += seconds{600};
  }
  EXPECT_EQ(sessions.use(id, now), nullptr);
}

TEST_F(SessionsTest, AFifthOfAUserEndsTheOneOfThatUserThatWasIdleLongest) {
  const std::string admin = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    now += seconds{1};
    ids.push_back(sessions.open(User{"guest", Role::viewer, kHash}, "192.0.2.2", cryptography, now).id);
  }
  EXPECT_NE(sessions.use(ids[0], now), nullptr);
  (void)sessions.open(User{"guest", Role::viewer, kHash}, "192.0.2.2", cryptography, now);
  EXPECT_EQ(sessions.count(now), 5U);
  EXPECT_NE(sessions.find(ids[0], now), nullptr);
  EXPECT_EQ(sessions.find(ids[1], now), nullptr);
  EXPECT_NE(sessions.find(admin, now), nullptr);
}

TEST_F(SessionsTest, AViewerWhoLogsInOverAndOverLogsNobodyElseOut) {
  const std::string admin = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  for (int i = 0; i < 210; ++i)
    (void)sessions.open(User{"guest", Role::viewer, kHash}, "192.0.2.2", cryptography, now += seconds{1});
  EXPECT_NE(sessions.find(admin, now), nullptr);
  EXPECT_EQ(sessions.count(now), 5U);
}

TEST_F(SessionsTest, CloseOfAUserEndsAllOfThemAndNoOthers) {
  const std::string a = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  const std::string b = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.2", cryptography, now).id;
  const std::string c = sessions.open(User{"guest", Role::viewer, kHash}, "192.0.2.2", cryptography, now).id;
  sessions.close_of_except(User{"admin", Role::admin, "$argon2id$y"}, a);
  EXPECT_NE(sessions.find(a, now), nullptr);
  EXPECT_EQ(sessions.find(b, now), nullptr);
  sessions.close_of("admin");
  EXPECT_EQ(sessions.find(a, now), nullptr);
  sessions.close(c);
  EXPECT_EQ(sessions.count(now), 0U);
}

TEST_F(SessionsTest, EndsWithItsUserItsRoleAndItsPassword) {
  Access access;
  ASSERT_TRUE(access.set_user({"admin", Role::admin, kHash}));
  ASSERT_TRUE(access.set_user({"guest", Role::viewer, kHash}));
  const auto open = [&](const User& user) { return sessions.open(user, "192.0.2.1", cryptography, now).id; };
  const std::string kept = open({"admin", Role::admin, kHash});
  const std::string stale = open({"admin", Role::admin, "$argon2id$of before"});
  const std::string risen = open({"guest", Role::admin, kHash});
  const std::string removed = open({"gone", Role::viewer, kHash});
  sessions.close_unknown(access);
  EXPECT_NE(sessions.find(kept, now), nullptr);
  EXPECT_EQ(sessions.find(stale, now), nullptr);
  EXPECT_EQ(sessions.find(risen, now), nullptr);
  EXPECT_EQ(sessions.find(removed, now), nullptr);
}

TEST_F(SessionsTest, TheOneThatChangedThePasswordOutlivesTheNextLifeInItsNewRole) {
  const User now_viewer{"admin", Role::viewer, "$argon2id$new"};
  const std::string id = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now).id;
  sessions.close_of_except(now_viewer, id);
  ASSERT_NE(sessions.find(id, now), nullptr);
  EXPECT_EQ(sessions.find(id, now)->role, Role::viewer);
  Access access;
  ASSERT_TRUE(access.set_user(now_viewer));
  sessions.close_unknown(access);
  EXPECT_NE(sessions.find(id, now), nullptr);
}

TEST_F(SessionsTest, CookieAndCsrfTokenAreDifferentRandomTexts) {
  std::set<std::string> texts;
  for (int i = 0; i < 3; ++i) {
    const Session& session = sessions.open(User{"admin", Role::admin, kHash}, "192.0.2.1", cryptography, now);
    texts.insert(session.id);
    texts.insert(session.csrf);
  }
  EXPECT_EQ(texts.size(), 6U);
}

}  // namespace
}  // namespace meterseal::web
