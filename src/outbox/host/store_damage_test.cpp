// A damaged file never stops the program: what is whole is read, what is not is left out, nothing that was never
// written comes out, no number is given twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "outbox/host/schema.hpp"
#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

using test::StoreUser;
using testing::ElementsAre;

constexpr int kRecords = 90;

std::string body_of(int number) {
  // Every tenth one goes on over several pages.
  const auto size = static_cast<std::size_t>(number % 10 == 0 ? 1500 : 250);
  return "\"ENERGY\":{\"Total\":" + std::to_string(number) + "," +
         std::string(size, static_cast<char>('a' + number % 26));
}

using Files = std::map<std::string, std::string>;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A database that has been in use: half of the records in the file, half in the log, the first ones confirmed.
Files make_used_database() {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  user.open();
  for (int i = 1; i <= kRecords; ++i) {
    Commit commit;
    commit.add = {test::record(body_of(i), i)};
    commit.values = {{"ledger/main", "total " + std::to_string(i)}, {"setting/TelePeriod", "10"}};
    if (i > 10 && i <= 40) commit.remove = {static_cast<Sequence>(i - 10)};
    EXPECT_TRUE(user.commit(std::move(commit)));
    if (i == 60) user.open();  // closing moves the log into the file
  }
  Files files;
  for (const std::string_view name : {kDatabase, kDatabaseWal}) {
    files[std::string(name)] = content_of(home.file(std::string(name)));
  }
  return files;
}

class Damage : public testing::Test {
 protected:
  static const Files& whole() {
    static const Files kFiles = make_used_database();
    return kFiles;
  }

  struct Outcome {
    std::size_t missing = 0;
    bool was_put_aside = false;
  };
  /// Opens the files and checks what must hold whatever has happened to them.
  static Outcome open(const Files& files) {
    const test::TempDirectory home(test::TempDirectory::in_memory());
    for (const auto& [name, content] : files) std::ofstream(home.file(name), std::ios::binary) << content;
    StoreUser user(home.path());
    user.open();
    if (HasFatalFailure()) return {};
    Outcome outcome;
    outcome.was_put_aside = !user.found().damaged.empty();
    EXPECT_EQ(outcome.was_put_aside, std::filesystem::exists(home.file("meterseal.damaged-1")));
    std::size_t found = 0;
    Sequence last = 0;
    for (const Record& record : user.all()) {
      EXPECT_GT(record.sequence, last) << "in order, each once";
      last = record.sequence;
      EXPECT_EQ(record.body, body_of(static_cast<int>(record.sequence))) << "nothing that was never written";
      EXPECT_EQ(record.stamp.at, Instant(milliseconds(static_cast<std::int64_t>(record.sequence))));
      if (record.sequence > 30) ++found;  // the first thirty were confirmed: they may come again, they need not
    }
    outcome.missing = kRecords - 30 - found;
    for (const auto& [name, value] : user.found().values) {
      EXPECT_TRUE(name == "ledger/main" ? value.starts_with("total ") : value == "10") << name << " " << value;
    }
    EXPECT_LE(user.found().last_sequence, Sequence{kRecords});
    if (outcome.missing < kRecords - 30) {
      EXPECT_GE(user.found().last_sequence, last);
      EXPECT_TRUE(user.add({body_of(kRecords + 1)}));
    }
    user.open();  // the second time all is well
    EXPECT_TRUE(user.found().damaged.empty());
    return outcome;
  }
};

/// A device whose broker confirms at once: each commit brings one record and takes the one before.
constexpr int kTicks = 40;
Files make_busy_database(bool is_closed) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  user.open();
  for (int i = 1; i <= kTicks; ++i) {
    Commit commit;
    commit.add = {test::record(body_of(1), i)};
    if (i % 6 == 0) commit.values = {{"ledger/main", "total " + std::to_string(i)}};
    if (i > 1) commit.remove = {static_cast<Sequence>(i - 1)};
    EXPECT_TRUE(user.commit(std::move(commit)));
  }
  if (is_closed) user.close();
  Files files;
  for (const std::string_view name : {kDatabase, kDatabaseWal}) {
    const std::string file = home.file(std::string(name));
    if (std::filesystem::exists(file)) files[std::string(name)] = content_of(file);
  }
  return files;
}

Sequence last_number_in(const Files& files) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  for (const auto& [name, content] : files) std::ofstream(home.file(name), std::ios::binary) << content;
  StoreUser user(home.path());
  user.open();
  return user.found().last_sequence;
}

TEST_F(Damage, OfOneBitNeverGivesANumberTwiceWhereEachRecordReplacesTheOneBefore) {
  for (const bool is_closed : {true, false}) {
    const Files good = make_busy_database(is_closed);
    EXPECT_EQ(last_number_in(good), Sequence{kTicks});
    for (const auto& [name, content] : good) {
      for (std::size_t offset = 0; offset < content.size(); offset += 41) {
        Files files = good;
        files[name][offset] = static_cast<char>(files[name][offset] ^ (1 << (offset / 3 % 8)));
        const Sequence last = last_number_in(files);
        EXPECT_LE(last, Sequence{kTicks}) << name << " at " << offset;
        // The last commit of a log cannot be told from one that never ended.
        EXPECT_GE(last, static_cast<Sequence>(is_closed ? kTicks : kTicks - 1)) << name << " at " << offset;
        ASSERT_FALSE(HasFailure());
      }
    }
  }
}

TEST_F(Damage, IsNoneInTheFilesAsTheyAre) {
  const Outcome outcome = open(whole());
  EXPECT_EQ(outcome.missing, 0U);
  EXPECT_FALSE(outcome.was_put_aside);
}

TEST_F(Damage, OfOneBitCostsNoMoreThanTheRecordsOfItsPage) {
  std::size_t flips = 0;
  std::size_t put_aside = 0;
  for (const auto& [name, content] : whole()) {
    // The headers byte by byte, the rest in steps that meet every place of a page.
    for (std::size_t offset = 0; offset < content.size(); offset += offset < 120 ? 1 : 37) {
      Files files = whole();
      files[name][offset] = static_cast<char>(files[name][offset] ^ (1 << (offset / 3 % 8)));
      const Outcome outcome = open(files);
      EXPECT_LE(outcome.missing, 2U) << name << " at " << offset;
      put_aside += outcome.was_put_aside ? 1 : 0;
      ++flips;
      ASSERT_FALSE(HasFailure()) << name << " at " << offset;
    }
  }
  RecordProperty("flips", static_cast<int>(flips));
  RecordProperty("put_aside", static_cast<int>(put_aside));
  EXPECT_GT(flips, 2000U);
  EXPECT_GT(put_aside, 100U);
}

TEST_F(Damage, OfAWholeBlockCostsNoMoreThanTheRecordsInIt) {
  constexpr std::size_t kBlock = 4096;
  for (const auto& [name, content] : whole()) {
    for (std::size_t offset = 0; offset < content.size(); offset += kBlock) {
      Files files = whole();
      const std::size_t n = std::min(kBlock, content.size() - offset);
      files[name].replace(offset, n, std::string(n, '\0'));
      const Outcome outcome = open(files);
      // The last commits of a log cannot be told from such that never ended.
      EXPECT_LE(outcome.missing, 12U) << name << " at " << offset;
      ASSERT_FALSE(HasFailure()) << name << " at " << offset;
    }
  }
}

TEST_F(Damage, OfATornFileLeavesWhatStandsBeforeTheTear) {
  for (const std::size_t eighths : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
    Files files = whole();
    std::string& database = files[std::string(kDatabase)];
    database.resize(database.size() * eighths / 8 + 77);
    const Outcome outcome = open(files);
    EXPECT_LT(outcome.missing, 31U) << "all that is in the log is there";
    ASSERT_FALSE(HasFailure()) << eighths << "/8";
  }
}

TEST_F(Damage, OfTheWholeFileBeginsAnew) {
  std::mt19937 random(5);  // NOLINT(bugprone-random-generator-seed)
  Files files;
  std::string& garbage = files[std::string(kDatabase)];
  for (int i = 0; i < 40'000; ++i) garbage.push_back(static_cast<char>(random()));
  const Outcome outcome = open(files);
  EXPECT_TRUE(outcome.was_put_aside);
  EXPECT_EQ(outcome.missing, std::size_t{kRecords - 30});
}

TEST_F(Damage, WhileRunningIsRepairedWithoutAnErrorAndKeepsTheValues) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  user.open();
  Commit commit;
  constexpr int kMany = 4000;  // more than SQLite keeps in memory
  commit.add.reserve(kMany);
  for (int i = 1; i <= kMany; ++i) commit.add.push_back(test::record(std::string(300, 'x')));
  commit.values = {{"ledger/main", "total"}};
  ASSERT_TRUE(user.commit(std::move(commit)));
  user.open();
  ASSERT_TRUE(user.found().damaged.empty());
  {
    std::fstream file(home.file(std::string(kDatabase)), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200 * kPageSize);
    file << std::string(20 * kPageSize, '\x55');
  }
  EXPECT_GT(user.all().size(), std::size_t{kMany - 41});
  EXPECT_TRUE(user.log.contains("the database is damaged"));
  ASSERT_TRUE(user.add({"next"}));
  EXPECT_EQ(user.all().back().sequence, Sequence{kMany + 1});
  user.open();
  EXPECT_EQ(user.found().last_sequence, Sequence{kMany + 1});
  EXPECT_THAT(user.found().values, ElementsAre(testing::Pair("ledger/main", "total")));
}

TEST_F(Damage, KeepsTheLastThreeDamagedFiles) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  for (int i = 0; i < 5; ++i) {
    user.open();
    ASSERT_TRUE(user.add({std::to_string(i)}));
    user.close();
    std::ofstream(home.file(std::string(kDatabase)), std::ios::in | std::ios::binary) << "x" << i;
  }
  user.open();
  EXPECT_EQ(user.bodies().size(), 5U);
  EXPECT_TRUE(content_of(home.file("meterseal.damaged-1")).starts_with("x4"));
  EXPECT_TRUE(content_of(home.file("meterseal.damaged-3")).starts_with("x2"));
  EXPECT_FALSE(std::filesystem::exists(home.file("meterseal.damaged-4")));
}

TEST_F(Damage, RepairThatWasInterruptedIsFinishedAtTheNextStart) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  user.open();
  ASSERT_TRUE(user.add({"saved"}));
  user.close();
  // The power went after the damaged database had left its name: its log is still there.
  std::filesystem::rename(home.file("meterseal.db"), home.file("meterseal.salvage"));
  std::ofstream(home.file("meterseal.db-wal"), std::ios::binary) << whole().at(std::string(kDatabaseWal));
  user.open();
  EXPECT_THAT(user.bodies(), ElementsAre("saved"));
  EXPECT_TRUE(std::filesystem::exists(home.file("meterseal.damaged-1-wal")));
}

TEST_F(Damage, RepairThatHadNotFinishedIsForgotten) {
  const test::TempDirectory home(test::TempDirectory::in_memory());
  StoreUser user(home.path());
  user.open();
  ASSERT_TRUE(user.add({"a"}));
  user.close();
  std::ofstream(home.file("meterseal.salvage")) << "half";
  user.open();
  EXPECT_THAT(user.bodies(), ElementsAre("a"));
  EXPECT_FALSE(std::filesystem::exists(home.file("meterseal.salvage")));
}

}  // namespace
}  // namespace meterseal::outbox::host
