// The limit of the outbox is reached: what goes, what stays, and that each lost number is told.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "outbox/host/schema.hpp"
#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

using test::StoreUser;

constexpr std::uint64_t kLimit = std::uint64_t{128} * 1024;

class StoreLimit : public testing::Test {
 protected:
  void open(WhenFull when_full) {
    StoreSettings settings;
    settings.directory = home.path();
    settings.max_bytes = kLimit;
    settings.when_full = when_full;
    user = std::make_unique<StoreUser>(settings);
    user->open();
  }

  /// @return what the commits said
  std::size_t fill(int count) {
    std::size_t gone = 0;
    for (int i = 0; i < count; ++i) {
      const auto done = user->add({std::string(400, 'x')});
      EXPECT_TRUE(done);
      gone += done->dropped;
      if (done->dropped > 0) relief = done->relief;
      EXPECT_LE(user->depth()->bytes, kLimit + 4 * kPageSize);
    }
    return gone;
  }

  struct Told {
    std::size_t count = 0;
    std::vector<Loss> losses;
  };
  static Told told(const std::vector<Record>& records) {
    Told told;
    for (const Record& record : records) {
      if (!is_loss(record)) continue;
      const Loss loss = parse_loss(record.body).value_or(Loss{});
      EXPECT_GT(loss.count, 0U) << record.body;
      told.count += loss.count;
      told.losses.push_back(loss);
    }
    return told;
  }

  /// Every number that was ever given is stored or within a range that was told.
  void expect_complete(const std::vector<Record>& records, Sequence last) {
    const Told losses = told(records);
    std::size_t absent = 0;
    std::size_t next = 0;
    for (Sequence s = 1; s <= last; ++s) {
      if (next < records.size() && records[next].sequence == s) {
        ++next;
        continue;
      }
      ++absent;
      const auto holds = [s](const Loss& loss) { return loss.first <= s && s <= loss.last; };
      EXPECT_TRUE(std::any_of(losses.losses.begin(), losses.losses.end(), holds)) << s << " is gone without a word";
    }
    EXPECT_EQ(absent, losses.count);
  }

  /// The limit is no longer reached: what is still untold goes out with the next record.
  std::vector<Record> relieve() {
    Commit commit;
    const auto records = user->all();
    for (std::size_t i = records.size() - 20; i < records.size(); ++i) {
      if (!is_loss(records[i])) commit.remove.push_back(records[i].sequence);
    }
    commit.add = {test::record("last")};
    EXPECT_TRUE(user->commit(commit));
    auto rest = user->all();
    for (const Sequence s : commit.remove) rest.push_back(test::record("confirmed")), rest.back().sequence = s;
    std::sort(rest.begin(), rest.end(), [](const Record& a, const Record& b) { return a.sequence < b.sequence; });
    return rest;
  }

  test::TempDirectory home{test::TempDirectory::in_memory()};
  std::unique_ptr<StoreUser> user;
  Relief relief = Relief::dropped;
};

TEST_F(StoreLimit, DropsTheOldestAndTellsEachOne) {
  open(WhenFull::drop);
  const std::size_t gone = fill(1500);
  EXPECT_GT(gone, 1000U);
  EXPECT_EQ(relief, Relief::dropped);
  const std::vector<Record> records = relieve();
  expect_complete(records, records.back().sequence);
  EXPECT_EQ(told(records).count, gone);
  EXPECT_LT(std::filesystem::file_size(home.file("meterseal.db")), 2 * kLimit);
}

TEST_F(StoreLimit, ThinsOldRecordsBeforeItDropsAndKeepsTheirSpan) {
  open(WhenFull::thin);
  EXPECT_GT(fill(1500), 1000U);
  EXPECT_EQ(relief, Relief::thinned);
  const std::vector<Record> records = relieve();
  expect_complete(records, records.back().sequence);
  EXPECT_LT(records.front().sequence, 10U) << "the beginning is still there";
  // The older, the coarser: records per hundred numbers.
  std::map<Sequence, int> density;
  for (const Record& record : records) ++density[record.sequence / 100];
  EXPECT_LT(density[1], 10);
  EXPECT_GT(density[12], 15);
  EXPECT_GT(density[14], 90);
}

TEST_F(StoreLimit, ToldLossesSurviveARestartAndAreToldOnce) {
  open(WhenFull::thin);
  std::size_t gone = 0;
  for (int i = 0; i < 20; ++i) {
    gone += fill(50);
    open(WhenFull::thin);
  }
  EXPECT_GT(gone, 400U);
  const std::vector<Record> records = relieve();
  expect_complete(records, records.back().sequence);
}

TEST_F(StoreLimit, StaysUsableWhenTheValuesAloneAreLarger) {
  open(WhenFull::thin);
  Commit commit;
  commit.values = {{"big", std::string(2 * kLimit, 'v')}};
  ASSERT_TRUE(user->commit(commit));
  EXPECT_TRUE(user->add({"a"}));
  EXPECT_TRUE(user->add({"b"}));
}

}  // namespace
}  // namespace meterseal::outbox::host
