#include "outbox/host/peek.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

#include "outbox/host/sqlite_store.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::outbox::host {
namespace {

class Peek : public testing::Test {
 protected:
  Peek() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder =
        std::filesystem::temp_directory_path() / ("meterseal-peek-" + std::to_string(::getpid()) + "-" + test->name());
    std::filesystem::remove_all(folder);
  }
  ~Peek() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<SqliteStore> open_store() {
    StoreSettings settings;
    settings.directory = folder.string();
    auto opened = SqliteStore::open(loop, log, settings);
    return opened ? std::move(*opened) : nullptr;
  }
  void keep(SqliteStore& store, const NamedValue& value) {
    Commit commit;
    commit.values = {value};
    bool done = false;
    store.commit(std::move(commit), [&](const Result<Committed>& result) { done = result.has_value(); });
    ASSERT_TRUE(test::run_until(loop, [&] { return done; }));
  }

  std::filesystem::path folder;
  boost::asio::io_context loop;
  test::CollectingLog log;
};

TEST_F(Peek, SeesTheLastCommitOfARunningAgent) {
  const auto store = open_store();
  ASSERT_TRUE(store);
  keep(*store, {"trust/broker:8883", "first"});
  keep(*store, {"trust/broker:8883", "second"});
  const auto values = peek_values(folder.string());
  ASSERT_TRUE(values) << values.error().detail.view();
  EXPECT_EQ(*values, (std::vector<NamedValue>{{"trust/broker:8883", "second"}}));
}

TEST_F(Peek, SeesWhatAnAgentLeftBehind) {
  {
    const auto store = open_store();
    ASSERT_TRUE(store);
    keep(*store, {"setting/TelePeriod", "60"});
  }
  const auto values = peek_values(folder.string());
  ASSERT_TRUE(values);
  EXPECT_EQ(values->size(), 1U);
  EXPECT_TRUE(open_store()) << "the agent starts again afterwards";
}

TEST_F(Peek, RefusesAFolderWithoutADatabase) {
  const auto values = peek_values(folder.string());
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().code, state_unusable);
}

TEST_F(Peek, RefusesAFileThatIsNoDatabase) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "meterseal.db") << "not a database, although long enough to have a heading of its own in it";
  const auto values = peek_values(folder.string());
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().code, store_failed);
}

}  // namespace
}  // namespace meterseal::outbox::host
