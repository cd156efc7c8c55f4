#include "outbox/host/sqlite_store.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "outbox/host/schema.hpp"
#include "outbox/host/sqlite.hpp"
#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

using test::record;
using test::StoreUser;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

mode_t mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

class Store : public testing::Test {
 protected:
  test::TempDirectory home;
  std::string directory = home.file("state");
  StoreUser user{directory};
};

TEST_F(Store, RefusesASecondProcessOnTheSameDirectory) {
  user.open();
  StoreUser second(directory);
  const Result<void> opened = second.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, store_locked);
  user.close();
  EXPECT_TRUE(second.try_open());
}

TEST_F(Store, RefusesADirectoryInWhichOthersMayWrite) {
  std::filesystem::create_directory(directory);
  for (const mode_t mode : {0777U, 0770U, 0702U, 01777U}) {
    ASSERT_EQ(::chmod(directory.c_str(), mode), 0);
    const Result<void> opened = user.try_open();
    ASSERT_FALSE(opened) << mode;
    EXPECT_EQ(opened.error().code, state_unusable);
    EXPECT_EQ(mode_of(directory), mode) << "nothing is changed: somebody may have left something there";
  }
}

TEST_F(Store, RefusesAFileInPlaceOfTheDirectory) {
  std::ofstream(directory) << "x";
  const Result<void> opened = user.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, state_unusable);
}

TEST_F(Store, FollowsNoSymbolicLinkToAnotherFile) {
  std::filesystem::create_directory(directory);
  std::ofstream(home.file("victim")) << "x";
  std::filesystem::create_symlink(home.file("victim"), directory + "/meterseal.db");
  const Result<void> opened = user.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, store_failed);
}

TEST_F(Store, RefusesTheDatabaseOfANewerVersionAndLeavesItAlone) {
  user.open();
  ASSERT_TRUE(user.add({"a"}));
  user.close();
  {
    const Connection newer(directory + "/meterseal.db", nullptr);
    newer.run("PRAGMA user_version = 2");
    newer.run("UPDATE value SET value = CAST('2' AS BLOB) WHERE name = '.schema'");
  }
  const Result<void> opened = user.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, store_newer);
  EXPECT_EQ(Connection(directory + "/meterseal.db", nullptr).integer("SELECT count(*) FROM record"), 1);
  EXPECT_FALSE(std::filesystem::exists(directory + "/meterseal.damaged-1"));
}

TEST_F(Store, RefusesARecordBeyondTheLimitAndKeepsNothingOfTheCommit) {
  user.open();
  Commit commit;
  commit.add = {record("small"), record(std::string(kMaxBody + 1, 'x'))};
  const auto done = user.commit(std::move(commit));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, record_too_large);
  EXPECT_THAT(user.bodies(), IsEmpty());
}

TEST_F(Store, AnswersBusyWhenTooManyRequestsWait) {
  user.open();
  std::size_t busy = 0;
  std::size_t done = 0;
  constexpr std::size_t kRequests = SqliteStore::kMaxWaiting * 20;
  for (std::size_t i = 0; i < kRequests; ++i) {
    Commit commit;
    commit.add = {record("x")};
    user.store().commit(std::move(commit), [&](Result<Committed> result) {
      ++done;
      if (result) return;
      EXPECT_EQ(result.error().code, store_busy);
      ++busy;
    });
  }
  ASSERT_TRUE(test::run_until(user.loop(), [&] { return done == kRequests; }));
  EXPECT_EQ(user.all().size(), kRequests - busy);
  EXPECT_GT(busy, 0U);
}

TEST_F(Store, MakesDirectoryAndFilesForItsUserOnly) {
  const mode_t before = ::umask(0);
  user.open();
  ASSERT_TRUE(user.add({"a"}));
  ::umask(before);
  EXPECT_EQ(mode_of(directory), 0700U);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4U);  // database, log, shared memory, lock
}

TEST_F(Store, ClosesADirectoryThatEverybodyMayLookInto) {
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  for (const mode_t mode : {0755U, 0711U, 0704U}) {
    ASSERT_EQ(::chmod(directory.c_str(), mode), 0);
    user.open();
    EXPECT_EQ(mode_of(directory), 0700U) << mode;
    user.close();
  }
  ASSERT_EQ(::chmod(directory.c_str(), 0750), 0);
  user.open();
  EXPECT_EQ(mode_of(directory), 0750U) << "a group that was let in may use the console";
}

TEST_F(Store, KeepsWhatWasCommittedExactly) {
  user.open();
  Commit commit;
  commit.add = {record(R"("ENERGY":{"Total":1.000})", 1234, 1'700'000'000'123, 7), record("ü", 99, std::nullopt, 7),
                record("", -5, -1, 7), record(std::string(kMaxBody, 'b'), 1, 2, 7)};
  const auto expected = commit.add;
  const auto done = user.commit(std::move(commit));
  ASSERT_TRUE(done);
  EXPECT_THAT(done->added, ElementsAre(1, 2, 3, 4));
  user.open();
  const auto kept = user.all();
  ASSERT_EQ(kept.size(), expected.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].sequence, i + 1);
    EXPECT_EQ(kept[i].stamp, expected[i].stamp);
    EXPECT_EQ(kept[i].body, expected[i].body);
    EXPECT_FALSE(kept[i].time_estimated);
  }
}

TEST_F(Store, NumbersWithoutGapsAndNeverTwiceEvenWhenEmptyAndReopened) {
  user.open();
  ASSERT_THAT(user.add({"a", "b"})->added, ElementsAre(1, 2));
  Commit removal;
  removal.remove = {1, 2};
  ASSERT_TRUE(user.commit(removal));
  EXPECT_THAT(user.all(), IsEmpty());
  user.open();
  EXPECT_EQ(user.found().last_sequence, 2U);
  EXPECT_THAT(user.add({"c"})->added, ElementsAre(3));
}

TEST_F(Store, RemovesInTheSameCommitAndIgnoresWhatIsGone) {
  user.open();
  ASSERT_TRUE(user.add({"a", "b", "c"}));
  Commit commit;
  commit.remove = {2, 77, 2};
  commit.add = {record("d")};
  ASSERT_TRUE(user.commit(std::move(commit)));
  EXPECT_THAT(user.bodies(), ElementsAre("a", "c", "d"));
  EXPECT_EQ(user.depth()->records, 3U);
}

TEST_F(Store, KeepsNamedValuesAndForgetsEmptyOnes) {
  user.open();
  EXPECT_THAT(user.found().values, IsEmpty());
  Commit commit;
  commit.values = {{"ledger/main", std::string("\0\x01z", 3)}, {"setting/TelePeriod", "10"}};
  ASSERT_TRUE(user.commit(commit));
  user.open();
  EXPECT_THAT(user.found().values,
              ElementsAre(Pair("ledger/main", std::string("\0\x01z", 3)), Pair("setting/TelePeriod", "10")));
  commit.values = {{"setting/TelePeriod", ""}, {"ledger/main", "2"}};
  ASSERT_TRUE(user.commit(commit));
  user.open();
  EXPECT_THAT(user.found().values, ElementsAre(Pair("ledger/main", "2")));
}

TEST_F(Store, FetchesPagesInOrderAndBoundsThem) {
  user.open();
  std::vector<std::string> bodies;
  bodies.reserve(20);
  for (int i = 0; i < 20; ++i) bodies.push_back(std::string(kMaxBody, static_cast<char>('a' + i)));
  ASSERT_TRUE(user.add(bodies));
  const auto page = user.fetch(3, 100);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->size(), 4U);  // 256 KiB
  EXPECT_EQ(page->front().sequence, 4U);
  EXPECT_EQ(user.fetch(3, 2)->size(), 2U);
  EXPECT_THAT(*user.fetch(20), IsEmpty());
  EXPECT_THAT(*user.fetch(~Sequence{0}), IsEmpty());
  EXPECT_EQ(user.bodies(), bodies);
}

TEST_F(Store, CountsWhatItHolds) {
  user.open();
  EXPECT_EQ(user.depth()->records, 0U);
  ASSERT_TRUE(user.add({"a", "b", "c"}));
  EXPECT_EQ(user.depth()->records, 3U);
  user.open();
  EXPECT_EQ(user.depth()->records, 3U);
  EXPECT_GT(user.depth()->bytes, 0U);
}

TEST_F(Store, LabelsRecordsOfThisBootExactly) {
  user.open();
  Commit commit;
  commit.add = {record("a", 1000, std::nullopt, 3), record("b", 2500, std::nullopt, 3), record("c", 3000, 42, 3)};
  ASSERT_TRUE(user.commit(std::move(commit)));
  EXPECT_EQ(*user.relabel(3, 1'000'000), 2U);
  EXPECT_EQ(*user.relabel(3, 7), 0U) << "a time that is known is never changed";
  user.open();
  const auto kept = user.all();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].stamp.utc, UtcTime(milliseconds(1'001'000)));
  EXPECT_EQ(kept[1].stamp.utc, UtcTime(milliseconds(1'002'500)));
  EXPECT_EQ(kept[2].stamp.utc, UtcTime(milliseconds(42)));
  EXPECT_TRUE(kept[0].time_estimated);
  EXPECT_FALSE(kept[2].time_estimated);
}

TEST_F(Store, LabelsEarlierBootsAsLateAsTheyCanHaveBeen) {
  user.open();
  Commit commit;
  commit.add = {record("a", 1000, std::nullopt, 1), record("b", 60'000, std::nullopt, 1),
                record("c", 5000, std::nullopt, 2), record("d", 9000, std::nullopt, 3)};
  ASSERT_TRUE(user.commit(std::move(commit)));
  EXPECT_EQ(*user.relabel(3, 1'000'000), 4U);
  const auto kept = user.all();
  EXPECT_EQ(kept[3].stamp.utc, UtcTime(milliseconds(1'009'000)));
  EXPECT_EQ(kept[2].stamp.utc, UtcTime(milliseconds(1'000'000)));
  EXPECT_EQ(kept[1].stamp.utc, UtcTime(milliseconds(995'000)));
  EXPECT_EQ(kept[0].stamp.utc, UtcTime(milliseconds(936'000)));
}

TEST_F(Store, LabelsAnEarlierBootExactlyWhenItsTimeWasKnownInTheEnd) {
  user.open();
  Commit commit;
  commit.add = {record("a", 1000, std::nullopt, 1), record("b", 2000, 502'000, 1), record("c", 1000, std::nullopt, 2)};
  ASSERT_TRUE(user.commit(std::move(commit)));
  EXPECT_EQ(*user.relabel(2, 9'000'000), 2U);
  EXPECT_EQ(user.all()[0].stamp.utc, UtcTime(milliseconds(501'000)));
}

TEST_F(Store, LabelsMoreRecordsThanOneTransactionTakes) {
  user.open();
  Commit commit;
  for (int i = 0; i < 5001; ++i) commit.add.push_back(record("x", i, std::nullopt, 1));
  ASSERT_TRUE(user.commit(std::move(commit)));
  EXPECT_EQ(*user.relabel(1, 100), 5001U);
}

TEST_F(Store, NumbersBootsOfTheHost) {
  StoreSettings settings;
  settings.directory = directory;
  settings.boot_id_file = home.file("boot_id");
  StoreUser host(settings);
  const auto boot = [&](const std::string& text) {
    std::ofstream(settings.boot_id_file) << text << "\n";
    host.open();
    EXPECT_TRUE(host.add({"x"}));
    return host.found().boot;
  };
  EXPECT_EQ(boot("first"), 1U);
  EXPECT_EQ(boot("first"), 1U);
  EXPECT_EQ(boot("second"), 2U);
  EXPECT_EQ(boot("first"), 3U) << "a number is never used again";
  EXPECT_EQ(boot(""), 4U) << "unknown is always another boot";
  EXPECT_EQ(boot(""), 5U);
}

TEST_F(Store, RunsNoCallbackAfterItsEndButDoesWhatWasAsked) {
  user.open();
  bool called = false;
  Commit commit;
  commit.add = {record("a")};
  user.store().commit(std::move(commit), [&](const Result<Committed>&) { called = true; });
  user.close();
  user.loop().restart();
  user.loop().poll();
  EXPECT_FALSE(called);
  user.open();
  EXPECT_THAT(user.bodies(), ElementsAre("a"));
}

TEST_F(Store, LetsAnotherProgramLookInside) {
  user.open();
  ASSERT_TRUE(user.add({"a"}));
  const Connection other(directory + "/meterseal.db", nullptr);
  EXPECT_EQ(other.integer("SELECT seq FROM sqlite_sequence WHERE name = 'record'"), 1);
  other.run("BEGIN");
  EXPECT_EQ(other.integer("SELECT count(*) FROM record"), 1);
  EXPECT_TRUE(user.add({"b"})) << "a reader does not stop the writer";
}

}  // namespace
}  // namespace meterseal::outbox::host
