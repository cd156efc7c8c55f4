#pragma once

// The durable side of the agent, as the loop sees it: asynchronous, one commit per telemetry tick. Whatever belongs
// together (the record, the ledger it was made from, deletions of what the broker has confirmed) is one transaction.
//
// Thread: all calls and all callbacks on the loop thread; the work happens on the storage thread. Callbacks come in the
// order of the calls. Queue: bounded; a full queue answers outbox::store_busy at once and keeps nothing.
// Errors: outbox::disk_full, outbox::store_failed, outbox::store_busy (all retry).

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "outbox/loss.hpp"
#include "outbox/record.hpp"

namespace meterseal::outbox {

/// State of another room kept beside the outbox: an opaque value under a name ("ledger/main", "setting/TelePeriod").
/// An empty value deletes the name.
using NamedValue = std::pair<std::string, std::string>;

struct Commit {
  std::vector<Record> add;       ///< sequence 0; numbered in order by the commit
  std::vector<Sequence> remove;  ///< confirmed by the broker, or by a receiver
  std::vector<NamedValue> values;
};

struct Committed {
  std::vector<Sequence> added;  ///< one per Commit::add
  Sequence dropped_first = 0;   ///< records that made room at the size limit; 0: none
  Sequence dropped_last = 0;
  std::size_t dropped = 0;
  Relief relief = Relief::dropped;  ///< of the last one of them
};

struct Depth {
  std::size_t records = 0;
  std::uint64_t bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  virtual void commit(Commit commit, std::function<void(Result<Committed>)> done) = 0;
  /// The oldest records with a sequence above `after`, in order: at most `limit` and about 256 KiB, at least one if
  /// there is one. Nothing means that there is no more.
  virtual void fetch(Sequence after, std::size_t limit, std::function<void(Result<std::vector<Record>>)> done) = 0;
  /// Gives a wall-clock time to all records that have none: to those of `boot` exactly, utc = utc_at_instant_zero + at;
  /// to those of earlier boots the latest one possible, as if each boot had begun when the last record of the boot
  /// before was made. They carry time_estimated from then on. @return how many
  virtual void relabel(BootId boot, UtcTime utc_at_instant_zero, std::function<void(Result<std::size_t>)> done) = 0;
  virtual void depth(std::function<void(Result<Depth>)> done) = 0;
};

}  // namespace meterseal::outbox
