// A writing process is killed at a moment that nobody chose, fifty times over (METERSEAL_KILLS=1000 for more), and each
// time everything that it had reported is there.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <random>
#include <set>

#include "support/store_user.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::outbox::host {
namespace {

/// What the child tells, before and after.
struct Report {
  enum Kind : std::uint64_t {
    added,
    will_remove
  };
  Kind kind = added;
  Sequence sequence = 0;
};

std::string body_of(Sequence sequence) {
  return "\"ENERGY\":{\"Total\":" + std::to_string(sequence) + ",\"Pad\":\"" + std::string(sequence * 37 % 900, 'x') +
         "\"}";
}

void tell(int pipe, Report report) {
  if (::write(pipe, &report, sizeof(report)) != sizeof(report)) ::_exit(3);
}

/// Adds for ever, one to three at a time, and removes all but the last ten.
[[noreturn]] void write_until_killed(const std::string& directory, int pipe) {
  test::StoreUser user(directory);
  if (!user.try_open()) ::_exit(4);
  Sequence next = user.found().last_sequence + 1;
  std::deque<Sequence> kept;
  for (const Record& record : user.all()) kept.push_back(record.sequence);
  for (;;) {
    Commit commit;
    while (kept.size() > 10) {
      tell(pipe, {Report::will_remove, kept.front()});
      commit.remove.push_back(kept.front());
      kept.pop_front();
    }
    for (std::size_t i = 0; i < 1 + next % 3; ++i) commit.add.push_back(test::record(body_of(next + i)));
    commit.values = {{"last", std::to_string(next + commit.add.size() - 1)}};
    const auto done = user.commit(std::move(commit));
    if (!done) ::_exit(5);
    for (const Sequence sequence : done->added) {
      tell(pipe, {Report::added, sequence});
      kept.push_back(sequence);
      next = sequence + 1;
    }
  }
}

class Child {
 public:
  explicit Child(const std::string& directory) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      write_until_killed(directory, ends[1]);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~Child() {
    ::close(pipe_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() const { ::kill(pid_, SIGKILL); }
  [[nodiscard]] bool next(Report& report) const { return ::read(pipe_, &report, sizeof(report)) == sizeof(report); }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

int kills() {
  const char* asked = std::getenv("METERSEAL_KILLS");
  return asked == nullptr ? 50 : std::atoi(asked);
}

TEST(StoreKilled, HoldsAllThatItHadReported) {
  const test::TempDirectory home;
  std::mt19937 random(4711);  // NOLINT(bugprone-random-generator-seed): the same moments each time, as far as possible
  std::set<Sequence> expected;
  std::set<Sequence> perhaps_removed;
  Sequence last = 0;
  for (int cycle = 0; cycle < kills(); ++cycle) {
    {
      const Child child(home.path());
      const std::uint64_t moment = 1 + random() % 60;
      Report report;
      for (std::uint64_t i = 0; child.next(report); ++i) {
        if (report.kind == Report::will_remove) {
          perhaps_removed.insert(report.sequence);
        } else {
          expected.insert(report.sequence);
          last = std::max(last, report.sequence);
        }
        if (i == moment) child.kill();  // what it had still said is read until the pipe is empty
      }
    }
    test::StoreUser user(home.path());
    user.open();
    std::set<Sequence> found;
    for (const Record& record : user.all()) {
      EXPECT_EQ(record.body, body_of(record.sequence));
      found.insert(record.sequence);
    }
    for (const Sequence sequence : expected) {
      EXPECT_TRUE(found.contains(sequence) || perhaps_removed.contains(sequence)) << sequence << " in " << cycle;
    }
    ASSERT_FALSE(user.found().values.empty());
    EXPECT_EQ(user.found().values[0].second, std::to_string(user.found().last_sequence)) << "one commit, whole or not";
    EXPECT_GE(user.found().last_sequence, last);
    EXPECT_TRUE(user.found().damaged.empty());
    expected = found;
    perhaps_removed.clear();
    ASSERT_FALSE(testing::Test::HasFailure()) << "cycle " << cycle;
  }
  EXPECT_GT(last, static_cast<Sequence>(kills()));
}

}  // namespace
}  // namespace meterseal::outbox::host
