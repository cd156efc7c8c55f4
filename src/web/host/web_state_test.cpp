#include "web/host/web_state.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "trust/errors.hpp"
#include "web/errors.hpp"

namespace meterseal::web::host {
namespace {

constexpr UtcTime kDay{seconds{1'760'000'000}};

class WebStateTest : public testing::Test {
 protected:
  WebStateTest() {
    std::string name = (std::filesystem::temp_directory_path() / "webstateXXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~WebStateTest() override { std::filesystem::remove_all(folder); }
  void put(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(folder + "/" + name, std::ios::trunc) << text;
    chmod((folder + "/" + name).c_str(), mode);
  }
  std::string folder;
};

TEST_F(WebStateTest, DamagedUsersLetNobodyIn) {
  const WebState state(folder);
  EXPECT_TRUE(state.load_access().value().users().empty()) << "there has never been one";
  put("web.access", "");
  EXPECT_EQ(state.load_access().error().code, access_damaged) << "emptied";
  put("web.access", "meterseal web access 1\nend\n", 0644);
  EXPECT_EQ(state.load_access().error().code, access_damaged) << "others can read it";
  std::filesystem::remove(folder + "/web.access");
  std::filesystem::create_symlink("/dev/null", folder + "/web.access");
  EXPECT_EQ(state.load_access().error().code, access_damaged) << "a link";
}

TEST_F(WebStateTest, UsersAreThereAgainAfterARestart) {
  WebState state(folder);
  Access access;
  ASSERT_TRUE(access.set_user({"admin", Role::admin, "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA$aGFzaA"}));
  ASSERT_TRUE(state.keep(access));
  EXPECT_EQ(WebState(folder).load_access(), access);
  EXPECT_FALSE(WebState(folder + "/missing").keep(access)) << "a change that cannot be kept says so";
}

TEST_F(WebStateTest, TheCertificateIsMadeOnceAndReadableByItsOwnerOnly) {
  const WebState state(folder);
  const auto first = state.identity({"meter.lan", "192.0.2.7"}, kDay);
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->fingerprint().size(), 95U);
  EXPECT_EQ((*first)->expires(), kDay + seconds{3653LL * 86'400});
  EXPECT_EQ(state.identity({}, kDay).value()->fingerprint(), (*first)->fingerprint());
  struct stat facts{};
  ASSERT_EQ(stat((folder + "/web.identity").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
}

TEST_F(WebStateTest, ADamagedCertificateIsSaidAndNotReplaced) {
  put("web.identity", "nonsense");
  EXPECT_EQ(WebState(folder).identity({}, kDay).error().code, trust::own_certificate_unusable);
  put("web.identity", "nonsense", 0644);
  EXPECT_EQ(WebState(folder).identity({}, kDay).error().code, certificate_unusable);
}

TEST_F(WebStateTest, ASuppliedKeyMustBelongToItsCertificateAndToItsOwnerOnly) {
  const auto mine = trust::host::make_server_identity({"meter.lan"}, kDay).value();
  const auto other = trust::host::make_server_identity({"meter.lan"}, kDay).value();
  put("crt", mine.certificate, 0644);
  put("key", mine.key);
  EXPECT_TRUE(supplied_identity(folder + "/crt", folder + "/key"));
  put("key", other.key);
  EXPECT_EQ(supplied_identity(folder + "/crt", folder + "/key").error().code, trust::own_certificate_unusable);
  put("key", mine.key, 0640);
  EXPECT_EQ(supplied_identity(folder + "/crt", folder + "/key").error().code, certificate_unusable);
  EXPECT_EQ(supplied_identity(folder + "/none", folder + "/key").error().code, certificate_unusable);
  put("key", "");
  EXPECT_EQ(supplied_identity(folder + "/crt", folder + "/key").error().code, trust::own_certificate_unusable);
}

TEST_F(WebStateTest, AResetOpensTheSetUpAndKeepsTheReadings) {
  const WebState state(folder);
  for (const char* name : {"site.toml", "mqtt.password", "authorities.pem", "web.access", "web.identity", "web.history",
                           "provisioned", "meterseal.db", "meterseal.db-wal"})
    put(name, "x");
  state.finish_reset();
  EXPECT_TRUE(std::filesystem::exists(folder + "/web.access")) << "nobody has asked for it";
  ASSERT_TRUE(state.begin_reset());
  EXPECT_FALSE(state.is_untouched()) << "not done yet";
  state.finish_reset();
  EXPECT_TRUE(state.is_untouched());
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"meterseal.db", "meterseal.db-wal", "reset.done"}));
  put("web.access", "x");
  EXPECT_FALSE(state.is_untouched()) << "somebody has begun to set it up";
  state.finish_reset();
  EXPECT_TRUE(std::filesystem::exists(folder + "/web.access")) << "a reset happens once";
  std::filesystem::remove(folder + "/web.access");
  ASSERT_TRUE(state.mark_provisioned());
  std::filesystem::remove(folder + "/provisioned");
  EXPECT_FALSE(state.is_untouched()) << "a set-up that was finished closes the door behind it";
}

const std::vector<std::string> kLeft{"restore.pending.new",    "mqtt.password.new",         "web.access.new",
                                     "web.identity.new",       "authorities.pem.new",       "authorities.pem.trial",
                                     "site.toml.new",          "authorities.pem.trial.new", "site.toml.trial",
                                     "site.toml.trial.new",    "provisioned.new",           "mqtt.password.restored",
                                     "web.access.restored.new"};

TEST_F(WebStateTest, WhatAPowerCutLeftOfSecretsGoesAtTheNextStartAndNothingElse) {
  const WebState state(folder);
  for (const std::string& name : kLeft) put(name, "secret");
  for (const char* name : {"site.toml", "web.access", "notes.new", "meterseal.db"}) put(name, "x");
  state.clear_leftovers();
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"meterseal.db", "notes.new", "site.toml", "web.access"}));
}

TEST_F(WebStateTest, AResetLeavesNoHalfWrittenSecret) {
  const WebState state(folder);
  for (const std::string& name : kLeft) put(name, "secret");
  ASSERT_TRUE(state.begin_reset());
  state.finish_reset();
  for (const std::string& name : kLeft) EXPECT_FALSE(std::filesystem::exists(folder + "/" + name)) << name;
}

TEST_F(WebStateTest, AMarkThatOthersCouldHaveMadeResetsNothing) {
  const WebState state(folder);
  put("meterseal.db", "x");
  put("web.access", "x");
  put("reset.begun", "x", 0666);
  state.finish_reset();
  EXPECT_TRUE(std::filesystem::exists(folder + "/web.access"));
  std::filesystem::remove(folder + "/web.access");
  put("reset.done", "x", 0666);
  EXPECT_FALSE(state.is_untouched());
}

TEST_F(WebStateTest, AnythingOfADeviceThatWasSetUpKeepsTheSetUpClosed) {
  const WebState state(folder);
  EXPECT_TRUE(state.is_untouched());
  ASSERT_TRUE(state.identity({}, kDay));
  EXPECT_TRUE(state.is_untouched()) << "what the set-up itself makes";
  for (const char* sign : {"provisioned", "web.access", "meterseal.db", "meterseal.db-wal", "site.toml"}) {
    put(sign, "");
    EXPECT_FALSE(state.is_untouched()) << sign << ", even empty";
    std::filesystem::remove(folder + "/" + sign);
    std::filesystem::create_symlink("/nowhere", folder + "/" + sign);
    EXPECT_FALSE(state.is_untouched()) << sign << ", even as a dead link";
    std::filesystem::remove(folder + "/" + sign);
  }
  ASSERT_TRUE(state.mark_provisioned());
  EXPECT_FALSE(state.is_untouched());
  EXPECT_FALSE(WebState(folder + "/file-in-the-way/x").mark_provisioned());
}

}  // namespace
}  // namespace meterseal::web::host
