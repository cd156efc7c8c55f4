#pragma once

// Keeps a database open through everything that a disk does: opens it, repairs it, opens it again after a failure, and
// says as an Error what went wrong. Knows nothing of threads and queues: SqliteStore does.
// Ownership: log outlives it. Thread: one at a time; the storage thread after the start.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/log.hpp"
#include "outbox/host/database.hpp"
#include "outbox/host/sqlite_store.hpp"
#include "outbox/host/state_directory.hpp"

namespace meterseal::outbox::host {

class Keeper {
 public:
  /// @return store_locked, store_newer, state_unusable, disk_full, store_failed
  [[nodiscard]] static Result<std::unique_ptr<Keeper>> open(Log& log, StoreSettings settings);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  [[nodiscard]] const Found& found() const { return found_; }

  [[nodiscard]] Result<Committed> commit(Commit commit);
  [[nodiscard]] Result<std::vector<Record>> fetch(Sequence after, std::size_t limit);
  [[nodiscard]] Result<std::size_t> relabel(BootId boot, UtcTime utc_at_instant_zero);
  [[nodiscard]] Result<Depth> depth();

 private:
  Keeper(Log& log, StoreSettings settings, StateDirectory directory);

  [[nodiscard]] Result<void> open_database();
  /// One attempt: a Damaged file or a Fault of damage is repaired and opened again.
  void open_or_salvage();
  void open_once();
  void repair(std::string_view what);
  void learn();
  template <class Work>
  auto guarded(Work work) -> Result<decltype(work(std::declval<Database&>()))>;
  [[nodiscard]] Error error_of(const Fault& fault) const;

  // constant after construction
  Log& log_;
  StoreSettings settings_;
  StateDirectory directory_;

  // whoever holds the keeper
  std::unique_ptr<Database> database_;  ///< nullptr: to be opened at the next request
  Found found_;
  Sequence last_sequence_ = 0;
  bool is_running_ = false;                   ///< last_sequence_ is what was told, whatever the file says
  std::map<std::string, std::string> known_;  ///< all values as they should be on the disk
  bool must_rewrite_ = false;                 ///< some of them may not be there: they ride with the next commit
  std::optional<std::chrono::steady_clock::time_point> repaired_at_;
};

}  // namespace meterseal::outbox::host
