#include "web/access.hpp"

#include <gtest/gtest.h>

#include "web/errors.hpp"

namespace meterseal::web {
namespace {

constexpr const char* kHash = "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA$aGFzaA";

Access two_people() {
  Access access;
  EXPECT_TRUE(access.set_user({"admin", Role::admin, kHash}));
  EXPECT_TRUE(access.set_user({"guest", Role::viewer, kHash}));
  secrets::Digest digest{};
  digest[5] = 7;
  EXPECT_TRUE(access.add_token({"prometheus", Role::viewer, digest}));
  return access;
}

TEST(Password, IsRefusedWhenItCanBeGuessed) {
  struct Row {
    std::string password;
    const char* detail;
  };
  const Row rows[] = {
      {"", "is shorter than 12 characters"},
      {"short-Pass1", "is shorter than 12 characters"},
      {std::string(129, 'x'), "is longer than 128 bytes"},
      {"aaaaaaaaaaaaaa", "repeats a few characters or counts up"},
      {"ababababababab", "repeats a few characters or counts up"},
      {"123456789012345", "repeats a few characters or counts up"},
      {"abcdefghijklmn", "repeats a few characters or counts up"},
      {"longusername1", "is little more than the user's name"},
      {"PasswordPassword", "is on the list that attackers try first"},
      {"twelve chars\xFF", "is not UTF-8"},
      {std::string("twelve\0chars", 12), "is not UTF-8"},
  };
  for (const Row& row : rows) {
    const auto result = check_password("longusername", row.password);
    ASSERT_FALSE(result) << row.password;
    EXPECT_EQ(result.error().code, weak_password);
    EXPECT_EQ(result.error().detail.view(), row.detail) << row.password;
  }
  EXPECT_TRUE(check_password("admin", "three old copper pots"));
  EXPECT_TRUE(check_password("admin", "Zähler im Keller 7"));
}

TEST(Password, NeverStandsInTheError) {
  EXPECT_EQ(check_password("admin", "geheim").error().detail.view().find("geheim"), std::string_view::npos);
}

TEST(Name, IsRefusedWithAnythingThatCouldBreakALine) {
  for (const char* name : {"", "a b", "a\nb", "a:b", "ä", "../x", "name-that-is-longer-than-32-letters"})
    EXPECT_EQ(check_name(name).error().code, bad_user_name) << name;
  EXPECT_TRUE(check_name("site.manager-2_x"));
}

TEST(AccessText, IsReadBackAndNothingElseIs) {
  const Access access = two_people();
  const std::string text = access.encode();
  EXPECT_EQ(Access::decode(text), access);
  // Every prefix: a file that was cut by a full disk must not become a device with fewer users.
  for (std::size_t n = 0; n < text.size(); ++n)
    EXPECT_EQ(Access::decode(text.substr(0, n)).error().code, access_damaged) << n;
  for (const std::string& bad : {
           text + "x\n",
           "x" + text,
           std::string("meterseal web access 1\nuser a admin plain\nend\n"),
           std::string("meterseal web access 1\nuser a root ") + kHash + "\nend\n",
           std::string("meterseal web access 1\nuser a admin ") + kHash + " x\nend\n",
           std::string("meterseal web access 1\nuser a admin ") + kHash + "\nuser a admin " + kHash + "\nend\n",
           std::string("meterseal web access 1\ntoken a admin 00\nend\n"),
           std::string("meterseal web access 2\nend\n"),
       })
    EXPECT_EQ(Access::decode(bad).error().code, access_damaged) << bad;
}

// One login try with m=1048576,t=100000 takes a gigabyte and never ends.
TEST(AccessText, AHashWithAnotherCostThanOursIsRefused) {
  for (const char* bad : {
           "$argon2id$v=19$m=1048576,t=100000,p=1$c2FsdA$aGFzaA",
           "$argon2id$v=19$m=12288,t=4,p=1$c2FsdA$aGFzaA",
           "$argon2id$v=19$m=12288,t=3,p=2$c2FsdA$aGFzaA",
           "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
           "$argon2id$v=16$m=12288,t=3,p=1$c2FsdA$aGFzaA",
           "$argon2i$v=19$m=12288,t=3,p=1$c2FsdA$aGFzaA",
           "$argon2id$v=19$m=12288,t=3,p=1$",
           "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA",
           "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA$",
           "$argon2id$v=19$m=12288,t=3,p=1$$aGFzaA",
           "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA$aGFzaA$m=1048576",
           "$argon2id$v=19$m=12288,t=3,p=1$m=1048576,t=100000$aGFzaA",
       }) {
    const std::string text = std::string("meterseal web access 1\nuser a admin ") + bad + "\nend\n";
    EXPECT_EQ(Access::decode(text).error().code, access_damaged) << bad;
  }
}

TEST(Access, IsNeverLeftWithoutAnAdministrator) {
  Access access = two_people();
  EXPECT_EQ(access.remove_user("admin").error().code, last_admin);
  EXPECT_EQ(access.set_user({"admin", Role::viewer, kHash}).error().code, last_admin);
  EXPECT_TRUE(access.remove_user("guest"));
  EXPECT_TRUE(access.has_admin());
}

TEST(Access, HasRoomForEightUsersAndSixteenTokens) {
  Access access;
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(access.set_user({"u" + std::to_string(i), Role::admin, kHash}));
  EXPECT_EQ(access.set_user({"u8", Role::admin, kHash}).error().code, access_full);
  EXPECT_TRUE(access.set_user({"u7", Role::viewer, kHash})) << "one that exists can be changed";
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(access.add_token({"t" + std::to_string(i), Role::viewer, {}}));
  EXPECT_EQ(access.add_token({"t16", Role::viewer, {}}).error().code, access_full);
  EXPECT_EQ(access.add_token({"t3", Role::viewer, {}}).error().code, bad_user_name) << "a name twice";
}

TEST(Access, FindsOnlyTheTokenWithThatDigest) {
  const Access access = two_people();
  secrets::Digest digest{};
  EXPECT_EQ(access.find_token(digest), nullptr);
  digest[5] = 7;
  ASSERT_NE(access.find_token(digest), nullptr);
  EXPECT_EQ(access.find_token(digest)->name, "prometheus");
}

}  // namespace
}  // namespace meterseal::web
