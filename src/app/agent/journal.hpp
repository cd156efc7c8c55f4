#pragma once

// The way into the store: what belongs together (a record, the books it was made from, what the broker has confirmed)
// becomes one commit, one after the other. While the disk does not take it, everything waits in memory and is tried
// again after 1 s, 2 s ... 30 s; a record is shown to nobody before it is on the disk.
//
// Bounds: kMaxWaiting records and kMaxBytes of them in memory; beyond, the oldest are lost, which is told.
// Ownership: loop, store, log and observer must outlive it. Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/repeat_guard.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "outbox/store.hpp"

namespace meterseal::app {

class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  /// A commit is being put together: what shall be deleted with it?
  [[nodiscard]] virtual std::vector<outbox::Sequence> removals() = 0;
  /// It is on the disk. @param records  those of the commit, with their sequences
  virtual void on_committed(std::vector<outbox::Record> records) = 0;
  /// It is not, and will be tried again without the removals.
  virtual void on_commit_failed() = 0;
};

class Journal {
 public:
  static constexpr std::size_t kMaxWaiting = 1000;
  static constexpr std::size_t kMaxBytes = std::size_t{8} * 1024 * 1024;

  Journal(boost::asio::io_context& loop, const Clock& clock, Log& log, outbox::Store& store, CommitObserver& observer);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() = default;

  void keep(outbox::Record record, std::vector<outbox::NamedValue> values);
  void keep(std::vector<outbox::NamedValue> values);
  /// Commits what waits, and removals even when nothing else does, then calls `done` once, when all is on the disk.
  /// Several may wait.
  void flush(std::function<void()> done);
  /// The same for somebody who waits at a browser: tries at once, and `done` gets the reason when the store refuses.
  void try_flush(std::function<void(Result<void>)> done);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size() + committing_.size(); }

 private:
  void take(std::vector<outbox::NamedValue> values);
  void bound();
  void commit();
  void done(Result<outbox::Committed> result);
  void succeeded(const outbox::Committed& committed);
  void failed(const Error& error);

  // constant after construction
  const Clock& clock_;
  Log& log_;
  outbox::Store& store_;
  CommitObserver& observer_;

  // loop thread only
  boost::asio::steady_timer retry_;
  std::deque<outbox::Record> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::string, std::string> values_;  ///< the newest of each name
  std::vector<outbox::Record> committing_;
  std::map<std::string, std::string> committing_values_;
  bool is_committing_ = false;
  std::vector<std::function<void()>> flushed_;
  std::vector<std::function<void(Result<void>)>> tried_;
  bool is_flushing_ = false;  ///< a commit is wanted although nothing may wait
  bool is_resting_ = false;   ///< after a failure
  seconds pause_{0};          ///< the last one; none: the last commit succeeded
  RepeatGuard lost_guard_;
  RepeatGuard dropped_guard_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  ///< the store may answer after we are gone
};

}  // namespace meterseal::app
