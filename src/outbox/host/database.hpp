#pragma once

// The open database: every operation is one transaction. Throws Fault (sqlite.hpp) when SQLite or the disk refuses, and
// has then changed nothing. Knows nothing of threads, queues and repairs: SqliteStore does.
// Thread: one at a time; the storage thread after the start.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "outbox/host/schema.hpp"
#include "outbox/host/sqlite.hpp"
#include "outbox/host/sqlite_store.hpp"
#include "outbox/store.hpp"

namespace meterseal::outbox::host {

/// The file is of no use as it is: its form is wrong, not only its content. Thrown by the constructor.
struct Damaged {
  std::string what;
};
/// The file is whole and of a later version of this program. Thrown by the constructor.
struct Newer {
  std::int64_t version = 0;
};

/// How far making room has come, kept in the file (database_room.cpp).
struct RoomMaking {
  std::int64_t density = 0;  ///< a gap of n records is allowed at an age of n * density; 0: not yet thinning
  std::int64_t cursor = 0;   ///< the pass has come here
  std::int64_t seen = 0;     ///< records that this pass has looked at
  std::int64_t taken = 0;    ///< and of them taken
  std::int64_t thinned_to = 0;
  Relief relief = Relief::thinned;
  Loss untold;  ///< not yet in a Loss record

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static RoomMaking decode(const std::string& text);
};

class Database {
 public:
  /// Opens the file, which exists and may be empty, and checks it.
  /// @param least_sequence  numbers up to here are taken even if the file knows nothing of them
  Database(const std::string& path, const StoreSettings& settings, Log& log, Sequence least_sequence);

  [[nodiscard]] Committed commit(const Commit& commit);
  [[nodiscard]] std::vector<Record> fetch(Sequence after, std::size_t limit);
  [[nodiscard]] std::size_t relabel(BootId boot, UtcTime utc_at_instant_zero);
  [[nodiscard]] Depth depth();
  /// The last number stands in two places from here on: before the file is closed.
  void note_last();
  /// Undoes what a commit left behind whose flush failed: it was told to have failed and will be made again.
  void forget_after(Sequence last);

  [[nodiscard]] Sequence last_sequence() const { return last_sequence_; }
  /// All values, those of this room as well.
  [[nodiscard]] const std::map<std::string, std::string>& values() const { return values_; }
  /// The highest boot number of any record; reads all of them.
  [[nodiscard]] BootId highest_boot() const;

 private:
  struct Page {
    std::vector<Record> records;
    std::vector<Sequence> damaged;  ///< rows whose checksum does not hold
  };

  void configure() const;
  void create() const;
  void verify();
  void read_values();
  void check_sequence();
  [[nodiscard]] Page read_page(Sequence after, std::size_t limit);
  [[nodiscard]] std::uint64_t used_bytes();
  /// Of all records but this one.
  [[nodiscard]] std::optional<std::int64_t> oldest(std::int64_t but = 0);
  std::size_t remove(std::int64_t sequence);
  void add(const Record& record, Sequence sequence, Sequence oldest);
  [[nodiscard]] bool replace(Sequence gone, const Record& record, Sequence sequence, Sequence oldest);
  void note_sequence(std::int64_t last);
  void note_if_needed(Sequence last);
  void keep(std::string_view name, std::string_view value);
  // making room: database_room.cpp
  void make_room(RoomMaking& room, Committed& done, const Stamp& stamp, Sequence& last);
  [[nodiscard]] std::optional<std::int64_t> next_to_thin(RoomMaking& room, std::int64_t last, std::size_t& looks);
  [[nodiscard]] std::vector<std::int64_t> next_three(std::int64_t after);
  [[nodiscard]] bool is_loss(std::int64_t sequence);
  [[nodiscard]] Loss loss_with(std::int64_t sequence);
  void tell_loss(RoomMaking& room, const Stamp& stamp, Sequence& last);
  std::size_t relabel_boot(BootId boot, std::int64_t utc_ms_at_zero);
  [[nodiscard]] std::optional<std::int64_t> known_zero(BootId boot) const;

  // constant after construction
  Log& log_;
  std::uint64_t max_bytes_;
  WhenFull when_full_;
  Connection connection_;

  // whoever holds the database
  struct Statements;
  std::unique_ptr<Statements, void (*)(Statements*)> statements_;
  std::map<std::string, std::string> values_;  ///< only as found when opened
  Sequence last_sequence_ = 0;
  Sequence noted_ = 0;   ///< in sqlite_sequence; the newest record may know a later one
  Sequence noting_ = 0;  ///< the same within the transaction
  std::int64_t revision_ = 0;
  RoomMaking room_;
  std::optional<std::size_t> records_;  ///< counted at the first question
};

}  // namespace meterseal::outbox::host
