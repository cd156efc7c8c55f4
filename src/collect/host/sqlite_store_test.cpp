#include "collect/host/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "collect/errors.hpp"

namespace meterseal::collect::host {
namespace {

namespace fs = std::filesystem;

class CollectStore : public testing::Test {
 protected:
  CollectStore() {
    std::string name = (fs::temp_directory_path() / "meterseal-collect.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CollectStore() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return (folder_ / "readings.db").string(); }

  static Arrival record(Sequence sequence, std::string time, std::string device = "a", std::string outbox = "x") {
    return {std::move(device), std::move(outbox), sequence, 1, std::move(time), "{}"};
  }

  fs::path folder_;
};

TEST_F(CollectStore, ARecordThatComesTwiceIsOne) {
  auto store = open_sqlite(path()).value();
  const std::vector<Arrival> batch{record(1, "2026-08-23T10:00:00"), record(2, "2026-08-23T10:00:10")};
  ASSERT_TRUE(store->commit(batch, {}));
  ASSERT_TRUE(store->commit(batch, {}));
  const auto reports = store->report().value();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].book.received(), 2U);
  EXPECT_EQ(reports[0].days[0].records, 2U);
}

TEST_F(CollectStore, WhatIsMissingIsNamedWithItsDayAndWhatWasDeclaredIsTakenOff) {
  auto store = open_sqlite(path()).value();
  const std::vector<Arrival> batch{record(1, "2026-08-23T23:59:50"), record(5, "2026-08-24T00:00:00"),
                                   record(6, "2026-08-23T23:59:55"), record(9, "2026-08-24T00:00:10")};
  const std::vector<Loss> losses{{"a", "x", {2, 4}, 2, "thinned"}, {"b", "x", {7, 8}, 2, "dropped"}};
  ASSERT_TRUE(store->commit(batch, losses));
  const auto reports = store->report().value();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].book.gaps(), (std::vector<Range>{{2, 4}, {7, 8}}));
  EXPECT_EQ(reports[0].book.declared(), 2U);
  EXPECT_EQ(reports[0].book.missing(), 3U);
  ASSERT_EQ(reports[0].days.size(), 2U);
  EXPECT_EQ(reports[0].days[0].date, "2026-08-23");
  EXPECT_EQ(reports[0].days[0].records, 2U);
  EXPECT_EQ(reports[0].days[0].missing, 5U) << "3 after number 1, 2 after number 6";
  EXPECT_EQ(reports[0].days[1].missing, 0U);
}

TEST_F(CollectStore, ADeviceWhoseDiskWasChangedBeginsANewSeries) {
  auto store = open_sqlite(path()).value();
  ASSERT_TRUE(store->commit(
      std::vector<Arrival>{record(100, "2026-08-23T10:00:00"), record(1, "2026-08-25T10:00:00", "a", "y")}, {}));
  const auto reports = store->report().value();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].book.missing() + reports[1].book.missing(), 0U);
}

TEST_F(CollectStore, KeepsWhatItCommittedAndBelongsToItsOwner) {
  ASSERT_TRUE(open_sqlite(path()).value()->commit(std::vector<Arrival>{record(1, "2026-08-23T10:00:00")}, {}));
  EXPECT_EQ(open_sqlite(path()).value()->report().value().size(), 1U);
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(CollectStore, RefusesWhatIsNotItsOwn) {
  std::ofstream(path()) << "this is a letter, and a long one, so that it cannot be an empty database\n";
  const auto letter = open_sqlite(path());
  ASSERT_FALSE(letter);
  EXPECT_EQ(letter.error().code, store_unusable);
  const auto nowhere = open_sqlite((folder_ / "no" / "where.db").string());
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, store_unusable);
}

}  // namespace
}  // namespace meterseal::collect::host
