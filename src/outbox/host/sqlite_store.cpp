#include "outbox/host/sqlite_store.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "outbox/host/keeper.hpp"

namespace meterseal::outbox::host {
namespace {

using Work = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

}  // namespace

struct SqliteStore::Impl {
  Impl(boost::asio::io_context& io, std::string directory, std::unique_ptr<Keeper> opened)
      : loop(io), where(std::move(directory)), found(opened->found()), keeper(std::move(opened)) {
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wakes.notify_one();
    thread.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// @param task  runs on the storage thread; its result goes to `done` on the loop, unless this is gone by then
  template <class Value, class Task>
  void ask(std::function<void(Result<Value>)> done, Task task) {
    auto answer = [this, guard = Work(loop.get_executor()), alive = std::weak_ptr<int>(alive),
                   done = std::move(done)](Result<Value> result) {
      boost::asio::post(loop, [alive, done, result = std::move(result)]() mutable {
        if (!alive.expired()) done(std::move(result));
      });
    };
    {
      const std::lock_guard lock(mutex);
      if (waiting.size() < kMaxWaiting) {
        waiting.push_back([answer, task = std::move(task)](Keeper& k) mutable { answer(task(k)); });
        wakes.notify_one();
        return;
      }
    }
    answer(fail(store_busy, where, std::to_string(kMaxWaiting) + " requests wait for the disk"));
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      wakes.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (waiting.empty()) return;
      const auto request = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      request(*keeper);
      lock.lock();
    }
  }

  // constant after construction
  boost::asio::io_context& loop;
  std::string where;
  Found found;

  // loop thread only
  std::shared_ptr<int> alive = std::make_shared<int>();

  // storage thread only
  std::unique_ptr<Keeper> keeper;

  // handed across (queue)
  std::mutex mutex;
  std::condition_variable wakes;
  std::deque<std::function<void(Keeper&)>> waiting;
  bool stopping = false;

  std::thread thread;
};

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(boost::asio::io_context& loop, Log& log,
                                                       StoreSettings settings) {
  const std::string directory = settings.directory;
  Result<std::unique_ptr<Keeper>> keeper = Keeper::open(log, std::move(settings));
  if (!keeper) return tl::unexpected(keeper.error());
  try {
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::make_unique<Impl>(loop, directory, std::move(*keeper))));
  } catch (const std::system_error& no_thread) {
    return fail(store_failed, directory, no_thread.what());
  }
}

const Found& SqliteStore::found() const {
  return impl_->found;
}

void SqliteStore::commit(Commit commit, std::function<void(Result<Committed>)> done) {
  impl_->ask<Committed>(std::move(done), [commit = std::move(commit)](Keeper& keeper) mutable {
    return keeper.commit(std::move(commit));
  });
}

void SqliteStore::fetch(Sequence after, std::size_t limit, std::function<void(Result<std::vector<Record>>)> done) {
  impl_->ask<std::vector<Record>>(std::move(done),
                                  [after, limit](Keeper& keeper) { return keeper.fetch(after, limit); });
}

void SqliteStore::relabel(BootId boot, UtcTime utc_at_instant_zero, std::function<void(Result<std::size_t>)> done) {
  impl_->ask<std::size_t>(std::move(done), [boot, utc_at_instant_zero](Keeper& keeper) {
    return keeper.relabel(boot, utc_at_instant_zero);
  });
}

void SqliteStore::depth(std::function<void(Result<Depth>)> done) {
  impl_->ask<Depth>(std::move(done), [](Keeper& keeper) { return keeper.depth(); });
}

}  // namespace meterseal::outbox::host
