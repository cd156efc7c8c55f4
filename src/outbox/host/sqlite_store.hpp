#pragma once

// The durable store: one SQLite file `meterseal.db` in the state directory (docs/formats/outbox.md), write-ahead log,
// an fsync per commit. What is lost in which failure: docs/durability.md.
//
// A torn or damaged file never stops the program: what is whole is copied to a new file, the damaged one is kept beside
// it as `meterseal.damaged-N`, and a line in the log says so. A full or read-only disk answers disk_full or
// store_failed until it is mended, without a hand.
//
// Ownership: io_context and log outlive the store. One storage thread, joined by the destructor after it has done what
// was already asked for; callbacks that have not run by then never run. Thread: loop thread only.
// Queue: kMaxWaiting requests, then store_busy.

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/log.hpp"
#include "outbox/errors.hpp"
#include "outbox/store.hpp"

namespace meterseal::outbox::host {

struct StoreSettings {
  std::string directory;                   ///< the state directory; made with mode 0700 where it does not exist
  std::uint64_t max_bytes = 256ULL << 20;  ///< of pages that hold something; when a commit goes beyond, records go
  WhenFull when_full = WhenFull::thin;     ///< which ones; either way a Loss record says so
  std::string boot_id_file = "/proc/sys/kernel/random/boot_id";  ///< a text that changes with each boot of the host
  const char* vfs = nullptr;                                     ///< SQLite VFS; nullptr: the default one
};

/// What was found at the start.
struct Found {
  std::vector<NamedValue> values;
  BootId boot = 0;             ///< number of this boot of the host, from 1, as Stamp carries it
  Sequence last_sequence = 0;  ///< the last record that was ever committed here
  std::string damaged;         ///< where a damaged database was put aside; empty: none was
};

class SqliteStore final : public Store {
 public:
  static constexpr std::size_t kMaxWaiting = 64;

  /// Blocks for as long as the disk needs (milliseconds, seconds for a large damaged file).
  /// @return store_locked, store_newer, state_unusable, disk_full, store_failed
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(boost::asio::io_context& loop, Log& log,
                                                                 StoreSettings settings);
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  [[nodiscard]] const Found& found() const;

  void commit(Commit commit, std::function<void(Result<Committed>)> done) override;
  void fetch(Sequence after, std::size_t limit, std::function<void(Result<std::vector<Record>>)> done) override;
  void relabel(BootId boot, UtcTime utc_at_instant_zero, std::function<void(Result<std::size_t>)> done) override;
  void depth(std::function<void(Result<Depth>)> done) override;

 private:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meterseal::outbox::host
