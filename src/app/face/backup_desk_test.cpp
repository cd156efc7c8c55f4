#include "app/face/backup_desk.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "app/errors.hpp"
#include "app/face/setup_text.hpp"
#include "app/face/site_file.hpp"
#include "secrets/errors.hpp"
#include "secrets/host/sodium.hpp"
#include "support/loop.hpp"
#include "support/temp_directory.hpp"
#include "web/access.hpp"
#include "web/errors.hpp"

namespace meterseal::app {
namespace {

constexpr const char* kPassphrase = "five green glass marbles";

Backup good() {
  Backup backup;
  backup.device = "emon_1";
  backup.version = "0.1.0";
  backup.files[kSiteFile] = site_text(
      {"emon_1", "/dev/ttyUSB0", "9600", "none", "1", "sdm630", "broker.example.com:8883", "emon", "", "ca", "", ""},
      {{"127.0.0.1", 8443}}, "mqtt.password");
  backup.files["mqtt.password"] = "a secret of the broker\n";
  web::Access access;
  EXPECT_TRUE(access.set_user({"owner", web::Role::admin, "$argon2id$v=19$m=12288,t=3,p=1$c2FsdA$aGFzaA"}));
  backup.files["web.access"] = access.encode();
  return backup;
}

class BackupDeskTest : public ::testing::Test {
 protected:
  template <class Start>
  Result<std::string> wait(Start start) {
    std::optional<Result<std::string>> outcome;
    start([&](Result<std::string> r) { outcome = std::move(r); });
    test::run_until(loop, [&] { return outcome.has_value(); });
    return outcome.value();
  }
  std::string sealed(const Backup& backup) {
    return wait([&](auto done) { sealer->seal(kPassphrase, encode(backup).value(), done); }).value();
  }
  Result<std::string> restore(const Backup& backup, web::RestoreStep step = web::RestoreStep::keep) {
    return wait([&](auto done) { desk.restore(step, kPassphrase, sealed(backup), done); });
  }
  [[nodiscard]] bool is_kept() const { return std::filesystem::exists(state + "/restore.pending"); }

  test::TempDirectory folder;
  std::string state = folder.path();
  boost::asio::io_context loop;
  std::unique_ptr<secrets::PassphraseSealer> sealer = secrets::host::make_passphrase_sealer(loop).value();
  BackupDesk desk{loop, state, ""};
};

TEST_F(BackupDeskTest, NobodyStartsAProgramOrHasAFileReadByAGiftedBackup) {
  for (const char* more :
       {"\n[alarm]\ncommand = [\"/bin/sh\", \"-c\", \"id\"]\n", "certificate = \"/etc/ssl/x\"\nkey = \"/etc/ssl/y\"\n",
        "password_file = \"/etc/shadow\"\n", "\n[mqtt.tls.\"broker.example.com:8883\"]\nca_file = \"/etc/x\"\n",
        "\n[mqtt.tls.\"broker.example.com:8883\"]\npkcs11_module = \"/tmp/evil.so\"\n",
        "\n[mqtt.tls.\"broker.example.com:8883\"]\nmode = \"off\"\nallow_plaintext = true\n"}) {
    Backup hostile = good();
    hostile.files[kSiteFile] += more;  // its last table is [web]
    EXPECT_EQ(restore(hostile).error().code, backup_unusable) << more;
  }
  Backup other_password = good();
  std::string& site = other_password.files[kSiteFile];
  site.replace(site.find("\"mqtt.password\""), 15, "\"../other.password\"");
  EXPECT_EQ(restore(other_password).error().code, backup_unusable);
  EXPECT_FALSE(is_kept());
}

TEST_F(BackupDeskTest, WhatNobodyCouldEnterOrStartIsRefused) {
  Backup backup = good();
  backup.files.erase("web.access");
  EXPECT_EQ(restore(backup).error().code, backup_unusable);
  backup = good();
  backup.files["web.access"] = "no users";
  EXPECT_EQ(restore(backup).error().code, web::access_damaged);
  backup = good();
  backup.files[kSiteFile] = "[device]\ntopic = \"emon_1\"\n";
  EXPECT_FALSE(restore(backup));
  backup = good();
  backup.files.erase(kSiteFile);
  EXPECT_EQ(restore(backup).error().code, backup_unusable) << "there is no site to add to";
  backup = good();
  backup.values["trust/broker.example.com:8883"] = "no record";
  EXPECT_FALSE(restore(backup));
  EXPECT_FALSE(is_kept());
  EXPECT_FALSE(std::filesystem::exists(state + "/" + kTrialFolder)) << "passwords in clear stay nowhere";
}

TEST_F(BackupDeskTest, LookingKeepsNothingAndSaysWhatIsInIt) {
  const auto seen = restore(good(), web::RestoreStep::look);
  ASSERT_TRUE(seen) << seen.error().detail.view();
  EXPECT_EQ(
      *seen,
      R"({"device":"emon_1","made":0,"version":"0.1.0","brokers":["broker.example.com:8883"],"meters":["main"],"users":["owner"]})");
  EXPECT_FALSE(is_kept());
  ASSERT_TRUE(restore(good()));
  EXPECT_TRUE(is_kept());
  EXPECT_FALSE(std::filesystem::exists(state + "/" + kTrialFolder));
}

TEST_F(BackupDeskTest, ADeviceWithAFileOfAPersonTakesNoSite) {
  BackupDesk declared(loop, state, "/etc/meterseal/meterseal.toml");
  const auto outcome =
      wait([&](auto done) { declared.restore(web::RestoreStep::keep, kPassphrase, sealed(good()), done); });
  EXPECT_EQ(outcome.error().code, backup_unusable);
}

}  // namespace
}  // namespace meterseal::app
