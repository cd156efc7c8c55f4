#include "app/agent/journal.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "outbox/errors.hpp"
#include "support/fake_store.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::app {
namespace {

struct Observed : CommitObserver {
  [[nodiscard]] std::vector<outbox::Sequence> removals() override { return std::exchange(to_remove, {}); }
  void on_committed(std::vector<outbox::Record> records) override {
    for (auto& record : records) committed.push_back(std::move(record));
    ++commits;
  }
  void on_commit_failed() override { ++failures; }

  std::vector<outbox::Sequence> to_remove;
  std::vector<outbox::Record> committed;
  int commits = 0;
  int failures = 0;
};

struct JournalTest : testing::Test {
  static outbox::Record record(std::string body) {
    outbox::Record made;
    made.body = std::move(body);
    return made;
  }

  boost::asio::io_context loop;
  test::FakeClock clock;
  test::CollectingLog log;
  test::FakeStore store;
  Observed observed;
  Journal journal{loop, clock, log, store, observed};
};

TEST_F(JournalTest, MakesOneCommitOfRecordBooksAndRemovals) {
  observed.to_remove = {3, 4};
  journal.keep(record("a"), {{"ledger/main", "1"}});
  ASSERT_EQ(store.waiting(), 1U);
  EXPECT_EQ(store.next().add.size(), 1U);
  EXPECT_EQ(store.next().remove, (std::vector<outbox::Sequence>{3, 4}));
  EXPECT_EQ(store.next().values, (std::vector<outbox::NamedValue>{{"ledger/main", "1"}}));
}

TEST_F(JournalTest, ShowsARecordToNobodyBeforeItIsOnTheDisk) {
  journal.keep(record("a"), {});
  EXPECT_TRUE(observed.committed.empty());
  store.succeed();
  ASSERT_EQ(observed.committed.size(), 1U);
  EXPECT_EQ(observed.committed[0].sequence, 1U);
  EXPECT_EQ(observed.committed[0].body, "a");
}

TEST_F(JournalTest, DoesOneCommitAtATimeAndPutsWhatComesMeanwhileIntoTheNext) {
  journal.keep(record("a"), {{"ledger/main", "1"}});
  journal.keep(record("b"), {{"ledger/main", "2"}});
  journal.keep(record("c"), {{"ledger/main", "3"}});
  EXPECT_EQ(store.waiting(), 1U);
  store.succeed();
  ASSERT_EQ(store.waiting(), 1U);
  EXPECT_EQ(store.next().add.size(), 2U);
  store.succeed();
  EXPECT_EQ(store.values["ledger/main"], "3");
  EXPECT_EQ(store.waiting(), 0U);
}

TEST_F(JournalTest, TriesAgainWhatTheDiskDidNotTakeInTheSameOrderAndWithTheNewestBook) {
  journal.keep(record("a"), {{"ledger/main", "1"}, {"ledger/sub", "1"}});
  journal.keep(record("b"), {{"ledger/main", "2"}});
  store.fail_with(outbox::disk_full);
  EXPECT_EQ(observed.failures, 1);
  EXPECT_EQ(store.waiting(), 0U) << "it rests";
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  store.succeed();
  ASSERT_EQ(observed.committed.size(), 2U);
  EXPECT_EQ(observed.committed[0].body, "a");
  EXPECT_EQ(observed.committed[1].body, "b");
  EXPECT_EQ(store.values["ledger/main"], "2");
  EXPECT_EQ(store.values["ledger/sub"], "1");
}

TEST_F(JournalTest, TellsTroubleOnceAndItsEnd) {
  journal.keep(record("a"), {});
  store.fail_with(outbox::disk_full);
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  store.fail_with(outbox::disk_full);
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  store.succeed();
  const auto lines = log.lines();
  const auto count = [&](std::string_view part) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.find(part) != std::string::npos; });
  };
  EXPECT_EQ(count("outbox_disk_full"), 1);
  EXPECT_EQ(count("takes readings again"), 1);
}

TEST_F(JournalTest, LosesTheOldestAndSaysSoWhenTheDiskTakesNothingForLong) {
  journal.keep(record("first"), {});
  for (std::size_t i = 0; i < Journal::kMaxWaiting + 10; ++i) journal.keep(record("later"), {});
  EXPECT_EQ(journal.waiting(), Journal::kMaxWaiting + 1) << "one of them is being committed";
  EXPECT_TRUE(log.contains("of the oldest readings in memory are lost"));
  store.fail_with(outbox::store_failed);
  EXPECT_EQ(journal.waiting(), Journal::kMaxWaiting);
}

TEST_F(JournalTest, IsBoundedInBytesToo) {
  journal.keep(record("first"), {});
  for (int i = 0; i < 200; ++i) journal.keep(record(std::string(outbox::kMaxBody, 'x')), {});
  EXPECT_EQ(journal.waiting(), 1 + Journal::kMaxBytes / outbox::kMaxBody);
}

TEST_F(JournalTest, GivesUpWhatTheStoreWillNeverTake) {
  journal.keep(record("impossible"), {});
  journal.keep(record("good"), {});
  store.fail_with(outbox::record_too_large);
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  store.succeed();
  ASSERT_EQ(observed.committed.size(), 1U);
  EXPECT_EQ(observed.committed[0].body, "good");
  EXPECT_TRUE(log.contains("outbox_record_too_large"));
}

TEST_F(JournalTest, FlushesRemovalsEvenWhenNothingElseWaits) {
  bool done = false;
  observed.to_remove = {7};
  journal.flush([&] { done = true; });
  ASSERT_EQ(store.waiting(), 1U);
  EXPECT_EQ(store.next().remove, (std::vector<outbox::Sequence>{7}));
  EXPECT_FALSE(done);
  store.succeed();
  EXPECT_TRUE(done);
}

// A full disk must not keep a browser waiting for ever, nor the one task that may run.
TEST_F(JournalTest, ATryToFlushIsToldWhyTheStoreRefuses) {
  std::optional<Result<void>> outcome;
  journal.try_flush([&](Result<void> result) { outcome = std::move(result); });
  store.fail_with(outbox::disk_full);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, outbox::disk_full);
  EXPECT_EQ(store.waiting(), 0U) << "it rests";
  outcome.reset();
  journal.try_flush([&](Result<void> result) { outcome = std::move(result); });
  ASSERT_EQ(store.waiting(), 1U) << "who asks does not wait for the end of the rest";
  store.succeed();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(*outcome);
}

TEST_F(JournalTest, ATryToFlushLeavesThoseWaitingWhoNeedTheDisk) {
  bool is_on_disk = false;
  std::optional<Result<void>> outcome;
  journal.keep(record("a"), {});
  journal.flush([&] { is_on_disk = true; });
  journal.try_flush([&](Result<void> result) { outcome = std::move(result); });
  store.fail_with(outbox::store_failed);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, outbox::store_failed);
  EXPECT_FALSE(is_on_disk);
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  store.succeed();
  EXPECT_TRUE(is_on_disk);
}

TEST_F(JournalTest, FlushWaitsForTheCommitThatRunsAndForWhatWaitsBehindIt) {
  bool done = false;
  journal.keep(record("a"), {});
  journal.keep(record("b"), {});
  observed.to_remove = {1};
  journal.flush([&] { done = true; });
  store.succeed();
  EXPECT_FALSE(done);
  store.succeed();
  EXPECT_TRUE(done);
  EXPECT_TRUE(observed.to_remove.empty());
}

}  // namespace
}  // namespace meterseal::app
