#include "app/face/backup.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/device_side.hpp"
#include "app/errors.hpp"
#include "core/host/private_file.hpp"
#include "support/fakes.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::app {
namespace {

Backup good() {
  return {1'795'000'000,
          "emon_1",
          "0.1.0",
          {{"site.toml", "[device]\n"}, {"mqtt.password", "secret\n"}, {"web.access", "users"}},
          {{"setting/MqttHost", "=broker"}, {"ledger/main", "book"}, {"device/seed", "7"}}};
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BackupTest : public ::testing::Test {
 protected:
  void restore(const Backup& backup) {
    ASSERT_TRUE(keep_for_restart(state, backup));
    take_up_restore(state, log);
  }
  std::string value(const std::string& name) { return value_of(load_values(state).value(), name); }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(state + "/" + name); }

  test::TempDirectory folder;
  std::string state = folder.path();
  test::CollectingLog log;
};

TEST_F(BackupTest, RefusesWhateverIsNotWholeOrHoldsWhatNoBackupHolds) {
  const std::string whole = encode(good()).value();
  EXPECT_EQ(decode_backup(whole).value(), good());
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("{\"backup\":1}"),
        whole.substr(0, whole.size() - 1), std::string(kLargestBackup + 1, ' '), std::string(50'000, '[')})
    EXPECT_EQ(decode_backup(text).error().code, backup_unusable) << text.substr(0, 40);
  Backup other = good();
  other.files["../../etc/passwd"] = "root";
  EXPECT_EQ(decode_backup(encode(other).value()).error().code, backup_unusable);
  other = good();
  other.values["device/outbox"] = "stolen";
  EXPECT_EQ(decode_backup(encode(other).value()).error().code, backup_unusable);
  std::string later = whole;
  later.replace(later.find("\"backup\":1"), 10, "\"backup\":2");
  EXPECT_EQ(decode_backup(later).error().code, backup_unusable);
  for (const char* made : {"-1", "9223372036854775808", "253402300800", "1e9", "\"1\""}) {
    std::string odd = whole;
    odd.replace(odd.find("1795000000"), 10, made);
    EXPECT_EQ(decode_backup(odd).error().code, backup_unusable) << made;
  }
}

TEST_F(BackupTest, SaysWhyWhatCannotBeTextIsNoBackup) {
  Backup backup = good();
  backup.values["setting/Topic"] = "=\xFF";
  EXPECT_EQ(encode(backup).error().code, backup_unusable);
  backup = good();
  backup.files["authorities.pem"] = std::string(kLargestBackup, 'A');
  EXPECT_EQ(encode(backup).error().code, backup_unusable);
}

TEST_F(BackupTest, SettingsAndTrustBecomeThoseOfTheBackupAndOthersGo) {
  Backup former = good();
  former.values["setting/FullTopic"] = "=%topic%/%prefix%/";
  former.values["trust/old:8883"] = "record";
  former.files["authorities.pem"] = "former";
  restore(former);
  EXPECT_EQ(value("trust/old:8883"), "record");
  EXPECT_TRUE(has("authorities.pem"));
  restore(good());
  EXPECT_EQ(value("setting/FullTopic"), "");
  EXPECT_EQ(value("trust/old:8883"), "");
  EXPECT_EQ(value("setting/MqttHost"), "=broker");
  EXPECT_FALSE(has("authorities.pem")) << "the system's count again";
  EXPECT_TRUE(has("provisioned"));
  EXPECT_FALSE(has("restore.pending"));
  EXPECT_EQ(content(state + "/mqtt.password"), "secret\n");
  EXPECT_EQ(gather_backup(state).value().files, good().files);
  EXPECT_EQ(gather_backup(state).value().values, good().values);
}

TEST_F(BackupTest, EnergyThatThisDeviceHasCountedIsNeverReplacedByOlder) {
  restore(good());
  Backup older = good();
  older.values["ledger/main"] = "older book";
  older.values["ledger/garage"] = "book of the garage";
  restore(older);
  EXPECT_EQ(value("ledger/main"), "book");
  EXPECT_EQ(value("ledger/garage"), "book of the garage");
}

TEST_F(BackupTest, WhatAPowerCutLeftHalfDoneIsDoneAgain) {
  restore(good());
  Backup next = good();
  next.values["setting/MqttHost"] = "=other";
  next.files["site.toml"] = "[device]\nname = \"next\"\n";
  ASSERT_TRUE(keep_for_restart(state, next));
  // The disk refuses one of the files: as if the power had gone there.
  std::filesystem::remove(state + "/web.access");
  std::filesystem::create_directory(state + "/web.access");
  std::filesystem::create_directory(state + "/web.access/in the way");
  take_up_restore(state, log);
  EXPECT_TRUE(has("restore.pending"));
  EXPECT_TRUE(log.contains("restored in part only"));
  std::filesystem::remove_all(state + "/web.access");
  take_up_restore(state, log);
  EXPECT_FALSE(has("restore.pending"));
  EXPECT_EQ(value("setting/MqttHost"), "=other");
  EXPECT_EQ(content(state + "/site.toml"), next.files["site.toml"]);
  EXPECT_EQ(content(state + "/web.access"), "users");
}

TEST_F(BackupTest, ADiskThatTakesNotAllOfItKeepsAllOfTheOld) {
  restore(good());
  Backup next = good();
  next.values["setting/MqttHost"] = "=other";
  next.files["mqtt.password"] = "another\n";
  next.files["site.toml"] = "[device]\nname = \"next\"\n";
  ASSERT_TRUE(keep_for_restart(state, next));
  // The last file finds no place.
  std::filesystem::create_directories(state + "/web.access.restored/in the way");
  take_up_restore(state, log);
  EXPECT_EQ(value("setting/MqttHost"), "=broker");
  EXPECT_EQ(gather_backup(state).value().files, good().files);
  EXPECT_TRUE(has("restore.pending"));
  EXPECT_FALSE(has("mqtt.password.restored")) << "no secret stays beside";
  std::filesystem::remove_all(state + "/web.access.restored");
  take_up_restore(state, log);
  EXPECT_EQ(value("setting/MqttHost"), "=other");
  EXPECT_EQ(content(state + "/mqtt.password"), "another\n");
}

TEST_F(BackupTest, WhatIsDamagedOrNotOursIsToldAndChangesNothing) {
  restore(good());
  ASSERT_EQ(host::write_private_file(state + "/restore.pending", "{\"backup\":1"), "");
  take_up_restore(state, log);
  EXPECT_TRUE(log.contains("app_backup_unusable"));
  EXPECT_FALSE(has("restore.pending")) << "once is enough";
  EXPECT_EQ(value("setting/MqttHost"), "=broker");
  // Somebody else may write it: it counts for nothing.
  ASSERT_TRUE(keep_for_restart(state, Backup{0, "stranger", "0.1.0", {}, {}}));
  std::filesystem::permissions(state + "/restore.pending", std::filesystem::perms(0666));
  take_up_restore(state, log);
  EXPECT_EQ(value("setting/MqttHost"), "=broker");
  EXPECT_TRUE(has("mqtt.password"));
}

}  // namespace
}  // namespace meterseal::app
