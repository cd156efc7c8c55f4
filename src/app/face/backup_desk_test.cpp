#include "app/face/backup_desk.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "app/errors.hpp"
#include "app/face/setup_text.hpp"
#include "app/face/site_file.hpp"
#include "core/host/private_file.hpp"
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
  std::string sealed(const Backup& backup) {
    return test::outcome_of(loop, [&](auto done) { sealer->seal(kPassphrase, encode(backup).value(), done); }).value();
  }
  enum class Then {
    look,
    keep
  };
  Result<std::string> restore(const Backup& backup, Then then = Then::keep) { return restore(desk, backup, then); }
  Result<std::string> restore(BackupDesk& at, const Backup& backup, Then then) {
    const std::string file = sealed(backup);
    return test::outcome_of(loop, [&](auto done) {
      at.open(kPassphrase, file, [&at, then, done](Result<std::string> seen) {
        if (seen && then == Then::keep) {
          EXPECT_TRUE(at.restore_opened());
        }
        done(std::move(seen));
      });
    });
  }
  std::string kept_site() {
    return decode_backup(host::read_private_file(state + "/restore.pending", kLargestBackup).text)
        .value()
        .files[kSiteFile];
  }
  [[nodiscard]] bool is_kept() const { return std::filesystem::exists(state + "/restore.pending"); }

  test::TempDirectory folder;
  std::string state = folder.path();
  boost::asio::io_context loop;
  std::unique_ptr<secrets::PassphraseSealer> sealer = secrets::host::make_passphrase_sealer(loop).value();
  BackupDesk desk{loop, state, "", {{"192.0.2.7", 443}}};
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
  const auto seen = restore(good(), Then::look);
  ASSERT_TRUE(seen) << seen.error().detail.view();
  EXPECT_EQ(
      *seen,
      R"x({"device":"emon_1","made":0,"version":"0.1.0","brokers":["broker.example.com:8883"],"meters":["main"],"users":["owner (admin)"],"tokens":[]})x");
  EXPECT_FALSE(is_kept());
  ASSERT_TRUE(restore(good()));
  EXPECT_TRUE(is_kept());
  EXPECT_FALSE(std::filesystem::exists(state + "/" + kTrialFolder));
}

TEST_F(BackupDeskTest, ThePageStaysWhereThePersonIs) {
  Backup elsewhere = good();
  elsewhere.files[kSiteFile] += "enabled = false\n";
  elsewhere.values["setting/WebServer"] = "=0";
  ASSERT_TRUE(restore(elsewhere));
  EXPECT_NE(kept_site().find("192.0.2.7:443"), std::string::npos) << kept_site();
  EXPECT_EQ(kept_site().find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(kept_site().find("enabled"), std::string::npos);
}

TEST_F(BackupDeskTest, ThePasswordOfTheBrokerIsNotThatOfThePage) {
  Backup hostile = good();
  hostile.files[kSiteFile] += "password_file = \"mqtt.password\"\n";  // in [web]: its user admin
  EXPECT_EQ(restore(hostile).error().code, backup_unusable);
}

TEST_F(BackupDeskTest, NothingIsRestoredThatWasNotOpenedJustNow) {
  ASSERT_TRUE(restore(good(), Then::look));
  ASSERT_TRUE(desk.restore_opened());
  EXPECT_FALSE(is_kept());
}

TEST_F(BackupDeskTest, ADeviceWithAFileOfAPersonTakesNoSite) {
  BackupDesk declared(loop, state, "/etc/meterseal/meterseal.toml", {});
  const auto outcome = restore(declared, good(), Then::keep);
  EXPECT_EQ(outcome.error().code, backup_unusable);
}

}  // namespace
}  // namespace meterseal::app
