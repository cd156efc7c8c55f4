// The disk refuses: full, read-only, broken, gone for a while. Each failure has its exact code, keeps nothing of the
// commit, and is over when the disk works again.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/recording_vfs.hpp"
#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

using test::StoreUser;
using testing::ElementsAre;

/// Lets a number of writes or flushes through and then refuses all, with one error.
class Refusing : public test::VfsObserver {
 public:
  void on_write(const std::string&, std::int64_t, std::string_view) override {}
  void on_truncate(const std::string&, std::int64_t) override {}
  void on_sync(const std::string&) override {}
  void on_delete(const std::string&) override {}
  int before_write(const std::string&) override { return next(SQLITE_IOERR_FSYNC); }
  int before_sync(const std::string&) override { return next(SQLITE_IOERR_WRITE); }

  void refuse_after(int count, int error) {
    left_ = count;
    error_ = error;
  }
  void accept() { error_ = SQLITE_OK; }
  [[nodiscard]] bool has_refused() const { return has_refused_; }

 private:
  int next(int not_this) {
    if (error_ == SQLITE_OK || error_ == not_this || left_-- > 0) return SQLITE_OK;
    has_refused_ = true;
    return error_;
  }
  int left_ = 0;
  int error_ = SQLITE_OK;
  bool has_refused_ = false;
};

Commit tick(const std::string& name, std::vector<Sequence> remove) {
  Commit commit;
  commit.add = {test::record(name), test::record(std::string(3000, name[0]))};
  commit.values = {{"tick", name}};
  commit.remove = std::move(remove);
  return commit;
}

TEST(StoreFaults, KeepsNothingOfACommitWhoseWriteFailedAtAnyPointAndGoesOnLater) {
  struct Row {
    int error;
    Code code;
  };
  for (const Row& row : {Row{SQLITE_FULL, disk_full}, Row{SQLITE_IOERR_WRITE, store_failed},
                         Row{SQLITE_IOERR_FSYNC, store_failed}, Row{SQLITE_READONLY, store_failed}}) {
    int points = 0;
    for (int allowed = 0;; ++allowed) {
      const test::TempDirectory home(test::TempDirectory::in_memory());
      Refusing disk;
      const test::RecordingVfs vfs("refusing", disk);
      StoreSettings settings;
      settings.directory = home.path();
      settings.vfs = "refusing";
      StoreUser user(settings);
      user.open();
      ASSERT_TRUE(user.commit(tick("a", {})));
      disk.refuse_after(allowed, row.error);
      const auto refused = user.commit(tick("b", {1}));
      if (!disk.has_refused()) {
        EXPECT_TRUE(refused);
        break;
      }
      ++points;
      ASSERT_FALSE(refused) << "after " << allowed;
      EXPECT_EQ(refused.error().code, row.code) << refused.error().detail.view();
      const auto again = user.commit(tick("b", {1}));
      ASSERT_FALSE(again);
      EXPECT_EQ(again.error().code, row.code) << again.error().detail.view();
      disk.accept();
      const auto done = user.commit(tick("b", {1}));
      ASSERT_TRUE(done) << done.error().detail.view();
      EXPECT_THAT(done->added, ElementsAre(3, 4)) << "no gap";
      EXPECT_TRUE(user.bodies() == (std::vector<std::string>{std::string(3000, 'a'), "b", std::string(3000, 'b')}));
      user.open();
      EXPECT_EQ(user.found().last_sequence, 4U);
      EXPECT_TRUE(user.found().damaged.empty());
      ASSERT_FALSE(testing::Test::HasFailure()) << "error " << row.error << " after " << allowed;
    }
    EXPECT_GE(points, row.error == SQLITE_IOERR_FSYNC ? 1 : 10);
  }
}

/// The largest size of a file that this process may write, put back at the end.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(StoreFaults, SaysDiskFullAtALimitOfTheFileSizeAndRecovers) {
  const test::TempDirectory home;
  StoreUser user(home.path());
  user.open();
  std::size_t stored = 0;
  {
    const FileSizeLimit limit(rlim_t{200} * 1024);
    for (;;) {
      const auto done = user.add({std::string(5000, 'x')});
      if (!done) {
        EXPECT_EQ(done.error().code, disk_full) << done.error().detail.view();
        break;
      }
      ASSERT_LT(++stored, 1000U);
    }
    EXPECT_EQ(user.all().size(), stored) << "reading goes on";
  }
  EXPECT_TRUE(user.add({"y"}));
  EXPECT_EQ(user.all().size(), stored + 1);
  EXPECT_EQ(user.all().back().sequence, stored + 1);
}

/// A file system of this test alone. Only root can have one.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    is_mounted_ = ::mount("meterseal-test", path_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=512k,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  [[nodiscard]] bool remount(unsigned long flags) const {
    return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_NOSUID | MS_NODEV | flags, nullptr) == 0;
  }
  void fill() const {
    std::ofstream filler(path_ + "/filler", std::ios::binary);
    const std::string block(4096, 'f');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }

 private:
  std::string path_;
  bool is_mounted_ = false;
};

class OnASmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk.is_mounted()) GTEST_SKIP() << "mounting a file system needs root";
  }
  test::TempDirectory home;
  SmallDisk disk{home.path()};
  StoreUser user{home.path()};
};

TEST_F(OnASmallDisk, SaysDiskFullAndRecoversWhenThereIsSpaceAgain) {
  user.open();
  ASSERT_TRUE(user.add({"first"}));
  disk.fill();
  std::size_t stored = 1;
  for (;;) {
    const auto done = user.add({std::string(5000, 'x')});
    if (!done) {
      EXPECT_EQ(done.error().code, disk_full) << done.error().detail.view();
      break;
    }
    ASSERT_LT(++stored, 1000U);
  }
  EXPECT_EQ(user.all().size(), stored);
  std::filesystem::remove(home.file("filler"));
  EXPECT_TRUE(user.add({"last"}));
  EXPECT_EQ(user.all().size(), stored + 1);
}

TEST_F(OnASmallDisk, SaysAtTheStartThatTheDiskIsFull) {
  disk.fill();
  const auto opened = user.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, disk_full) << opened.error().detail.view();
  std::filesystem::remove(home.file("filler"));
  EXPECT_TRUE(user.try_open());
}

TEST_F(OnASmallDisk, IsEmptiedAgainAfterItHadFilledItsDisk) {
  user.open();
  {
    std::ofstream(home.file("other")) << std::string(300'000, 'o');
  }
  std::vector<Sequence> stored;
  for (;;) {
    const auto done = user.add({std::string(5000, 'x')});
    if (!done) break;
    stored.push_back(done->added[0]);
  }
  std::filesystem::remove(home.file("other"));
  user.open();
  EXPECT_EQ(user.all().size(), stored.size());
  Commit removal;
  removal.remove = stored;
  const auto removed = user.commit(removal);
  EXPECT_TRUE(removed) << removed.error().detail.view();
  EXPECT_TRUE(user.add({"y"}));
}

TEST_F(OnASmallDisk, FailsOnAReadOnlyFileSystemUntilItIsWritableAgain) {
  user.open();
  ASSERT_TRUE(user.add({"kept"}));
  user.close();
  ASSERT_TRUE(disk.remount(MS_RDONLY));
  const auto opened = user.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, store_failed) << opened.error().detail.view();
  ASSERT_TRUE(disk.remount(0));
  user.open();
  EXPECT_THAT(user.bodies(), ElementsAre("kept"));
}

}  // namespace
}  // namespace meterseal::outbox::host
