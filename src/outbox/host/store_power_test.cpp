// The power goes at every single write. What the disk has then is what had been flushed, and of what had been written
// since, nothing, everything or any part in any order, torn at sectors of 512 bytes.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "support/recording_vfs.hpp"
#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

struct Change {
  enum class Kind : std::uint8_t {
    write,
    truncate,
    sync,
    remove
  };
  Kind kind = Kind::write;
  std::string file;
  std::int64_t at = 0;  ///< offset, or the size after a truncation
  std::string bytes;
};

class Recorder : public test::VfsObserver {
 public:
  void on_write(const std::string& path, std::int64_t offset, std::string_view bytes) override {
    changes.push_back({Change::Kind::write, name(path), offset, std::string(bytes)});
  }
  void on_truncate(const std::string& path, std::int64_t size) override {
    changes.push_back({Change::Kind::truncate, name(path), size, {}});
  }
  void on_sync(const std::string& path) override { changes.push_back({Change::Kind::sync, name(path), 0, {}}); }
  void on_delete(const std::string& path) override { changes.push_back({Change::Kind::remove, name(path), 0, {}}); }
  std::vector<Change> changes;

 private:
  static std::string name(const std::string& path) { return std::filesystem::path(path).filename(); }
};

/// What the program had been told when so many changes had been made.
struct Moment {
  std::size_t changes = 0;
  std::map<Sequence, std::string> stored;
  std::string value;
};

constexpr std::size_t kSector = 512;

class Disk {
 public:
  void apply(const Change& change) {
    if (change.kind == Change::Kind::sync) {
      for (const Change& waiting : volatile_) {
        if (waiting.file == change.file) make(files_, waiting, 0, waiting.bytes.size());
      }
      std::erase_if(volatile_, [&](const Change& waiting) { return waiting.file == change.file; });
    } else if (change.kind == Change::Kind::remove) {
      files_.erase(change.file);
      std::erase_if(volatile_, [&](const Change& waiting) { return waiting.file == change.file; });
    } else {
      volatile_.push_back(change);
    }
  }

  enum class Lost : std::uint8_t {
    all,
    nothing,
    any
  };
  /// What is there after a power cut now.
  [[nodiscard]] std::map<std::string, std::string> after_cut(Lost lost, std::mt19937& random) const {
    std::map<std::string, std::string> files = files_;
    for (const Change& change : volatile_) {
      if (lost == Lost::all) continue;
      if (lost == Lost::nothing) {
        make(files, change, 0, change.bytes.size());
        continue;
      }
      std::size_t from = 0;
      do {  // sector by sector of the disk
        const std::size_t sector_end = kSector - (static_cast<std::size_t>(change.at) + from) % kSector;
        const std::size_t n = std::min(sector_end, change.bytes.size() - from);
        if (random() % 2 == 0) make(files, change, from, n);
        from += n;
      } while (from < change.bytes.size());
    }
    return files;
  }

 private:
  static void make(std::map<std::string, std::string>& files, const Change& change, std::size_t from, std::size_t n) {
    std::string& file = files[change.file];
    const auto at = static_cast<std::size_t>(change.at);
    if (change.kind == Change::Kind::truncate) {
      file.resize(at);
      return;
    }
    if (file.size() < at + from + n) file.resize(at + from + n);
    file.replace(at + from, n, change.bytes, from, n);
  }

  std::map<std::string, std::string> files_;  ///< as flushed
  std::vector<Change> volatile_;
};

class PowerCut : public testing::Test {
 protected:
  void SetUp() override { record(); }

  /// Small and large records, removals that ride along and alone, values, two checkpoints.
  void record() {
    const test::TempDirectory home(test::TempDirectory::in_memory());
    const test::RecordingVfs vfs("recording", recorder_);
    StoreSettings settings;
    settings.directory = home.path();
    settings.vfs = "recording";
    test::StoreUser user(settings);
    user.open();
    moments_.push_back({recorder_.changes.size(), {}, ""});
    for (int tick = 0; tick < 70; ++tick) {
      Moment next = moments_.back();
      Commit commit;
      if (tick % 4 == 3) {
        for (const auto& [sequence, body] : next.stored) {
          if (sequence % 5 != 0) commit.remove.push_back(sequence);
        }
        for (const Sequence sequence : commit.remove) next.stored.erase(sequence);
      }
      if (tick % 8 != 3) {
        for (int i = 0; i <= tick % 3; ++i) {
          const std::size_t size = tick % 7 == 0 ? 20'000 : static_cast<std::size_t>(100 + 90 * (tick % 10));
          commit.add.push_back(test::record(std::to_string(tick) + std::string(size, static_cast<char>('a' + i))));
        }
        next.value = std::to_string(tick);
        commit.values = {{"tick", next.value}};
      }
      const std::vector<Record> added = commit.add;
      const auto done = user.commit(std::move(commit));
      ASSERT_TRUE(done);
      for (std::size_t i = 0; i < added.size(); ++i) next.stored[done->added[i]] = added[i].body;
      next.changes = recorder_.changes.size();
      moments_.push_back(std::move(next));
    }
  }

  static bool is(const test::StoreUser& /*user*/, const std::vector<Record>& records, const std::string& value,
                 const Moment& moment) {
    std::map<Sequence, std::string> stored;
    for (const Record& record : records) stored[record.sequence] = record.body;
    return stored == moment.stored && value == moment.value;
  }

  void check(const std::map<std::string, std::string>& files, std::size_t changes) {
    const test::TempDirectory home(test::TempDirectory::in_memory());
    for (const auto& [name, content] : files) {
      if (name.ends_with("-shm")) continue;
      std::ofstream(home.file(name), std::ios::binary) << content;
    }
    test::StoreUser user(home.path());
    user.open();
    if (HasFatalFailure()) return;
    EXPECT_TRUE(user.found().damaged.empty()) << "a power cut is no damage";
    const std::vector<Record> records = user.all();
    const std::string value = user.found().values.empty() ? "" : user.found().values[0].second;
    // The last commit that was reported, or the one that was under way, but nothing between and nothing older.
    std::size_t last = 0;
    while (last + 1 < moments_.size() && moments_[last + 1].changes <= changes) ++last;
    const bool is_last = is(user, records, value, moments_[last]);
    const bool is_next = last + 1 < moments_.size() && is(user, records, value, moments_[last + 1]);
    EXPECT_TRUE(is_last || is_next) << "after change " << changes << ": " << records.size() << " records, value "
                                    << value;
    EXPECT_TRUE(user.add({"goes on"}));
  }

  Recorder recorder_;
  std::vector<Moment> moments_;
};

TEST_F(PowerCut, LosesNothingThatWasCommittedAtAnyWrite) {
  ASSERT_FALSE(HasFatalFailure());
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the same disk each time
  Disk disk;
  std::size_t cuts = 0;
  constexpr Disk::Lost kWays[] = {Disk::Lost::all, Disk::Lost::nothing, Disk::Lost::any, Disk::Lost::any};
  for (std::size_t i = 0; i < recorder_.changes.size(); ++i) {
    disk.apply(recorder_.changes[i]);
    if (i + 1 < moments_.front().changes) continue;  // the file is still being made
    // Around each flush every write, between them every ninth: the ones between differ in nothing else.
    bool is_near_flush = false;
    for (std::size_t j = i < 2 ? 0 : i - 2; j < std::min(i + 3, recorder_.changes.size()); ++j) {
      is_near_flush = is_near_flush || recorder_.changes[j].kind == Change::Kind::sync;
    }
    if (!is_near_flush && i % 9 != 0) continue;
    check(disk.after_cut(kWays[cuts % std::size(kWays)], random), i + 1);
    ++cuts;
    ASSERT_FALSE(HasFailure()) << "cut " << cuts << " after change " << i;
  }
  RecordProperty("cuts", static_cast<int>(cuts));
  EXPECT_GT(cuts, 500U);
}

}  // namespace
}  // namespace meterseal::outbox::host
