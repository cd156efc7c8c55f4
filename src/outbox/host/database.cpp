#include "outbox/host/database.hpp"

#include <algorithm>
#include <limits>

#include "outbox/errors.hpp"
#include "outbox/host/database_statements.hpp"

namespace meterseal::outbox::host {
namespace {

/// A quick check reads the whole file: 50 ms for this much. Damage in a larger one is found when it is read.
constexpr std::int64_t kCheckedBytes = 32LL << 20;
/// Rows of one transaction of a relabelling: bounds the write-ahead log.
constexpr std::int64_t kRelabelRows = 2000;
constexpr std::size_t kFetchBytes = std::size_t{256} * 1024;
/// The number in sqlite_sequence may be behind the newest record by so many: each note costs a page.
constexpr Sequence kNoteEvery = 16;

std::optional<std::int64_t> utc_ms_of(const Stamp& stamp) {
  return stamp.utc ? std::optional(stamp.utc->time_since_epoch().count()) : std::nullopt;
}

Record record_of(const RecordRow& row) {
  Record record;
  record.sequence = static_cast<Sequence>(row.sequence);
  record.stamp.boot = static_cast<BootId>(row.boot);
  record.stamp.at = Instant(LoopClock::duration(row.at_us));
  if (row.utc_ms) record.stamp.utc = UtcTime(milliseconds(*row.utc_ms));
  record.time_estimated = row.estimated != 0;
  record.body = row.body;
  return record;
}

RecordRow row_of(const Record& record, Sequence sequence, Sequence oldest) {
  RecordRow row;
  row.sequence = static_cast<std::int64_t>(sequence);
  row.boot = record.stamp.boot;
  row.at_us = record.stamp.at.time_since_epoch().count();
  row.utc_ms = utc_ms_of(record.stamp);
  row.oldest = static_cast<std::int64_t>(oldest);
  row.body = record.body;
  return row;
}

void bind(Statement& statement, const RecordRow& row) {
  statement.bind(1, row.sequence)
      .bind(2, row.boot)
      .bind(3, row.at_us)
      .bind(4, row.utc_ms)
      .bind(5, row.oldest)
      .bind(6, std::int64_t{row.crc()})
      .bind_text(7, row.body);
}

/// record_crc(sequence, boot, at_us, utc_ms, estimated, oldest, body), for UPDATE.
void record_crc(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  RecordRow row;
  row.sequence = sqlite3_value_int64(values[0]);
  row.boot = sqlite3_value_int64(values[1]);
  row.at_us = sqlite3_value_int64(values[2]);
  if (sqlite3_value_type(values[3]) != SQLITE_NULL) row.utc_ms = sqlite3_value_int64(values[3]);
  row.estimated = sqlite3_value_int64(values[4]);
  row.oldest = sqlite3_value_int64(values[5]);
  const auto* body = static_cast<const char*>(sqlite3_value_blob(values[6]));
  if (body != nullptr) row.body = {body, static_cast<std::size_t>(sqlite3_value_bytes(values[6]))};
  sqlite3_result_int64(context, row.crc());
}

}  // namespace

Database::Database(const std::string& path, const StoreSettings& settings, Log& log, Sequence least_sequence)
    : log_(log),
      max_bytes_(settings.max_bytes),
      when_full_(settings.when_full),
      connection_(path, settings.vfs),
      statements_(nullptr, [](Statements* statements) { delete statements; }) {
  const bool empty = connection_.integer("PRAGMA page_count") == 0;
  if (connection_.is_read_only()) throw Damaged{"the file says that it must not be written"};
  if (empty) connection_.run("PRAGMA page_size = " + std::to_string(kPageSize));
  configure();
  if (connection_.integer("SELECT count(*) FROM sqlite_schema") == 0 &&
      connection_.integer("PRAGMA application_id") == 0) {
    create();
  }
  verify();
  statements_.reset(new Statements(connection_));
  read_values();
  check_sequence();
  last_sequence_ = std::max(last_sequence_, least_sequence);
}

void Database::configure() const {
  if (connection_.text("PRAGMA journal_mode = WAL") != "wal") throw Damaged{"no write-ahead log"};
  connection_.run("PRAGMA synchronous = FULL");
  connection_.run("PRAGMA cache_size = -512");             // KiB
  connection_.run("PRAGMA wal_autocheckpoint = 1000");     // pages: 0.5 MB
  connection_.run("PRAGMA journal_size_limit = 4194304");  // bytes that a huge transaction leaves behind
  connection_.run("PRAGMA secure_delete = OFF");           // Debian's default would write zeros into every freed page
  connection_.run("PRAGMA trusted_schema = OFF");
  connection_.run("PRAGMA cell_size_check = ON");
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  if (sqlite3_create_function_v2(connection_.handle(), "record_crc", 7, flags, nullptr, record_crc, nullptr, nullptr,
                                 nullptr) != SQLITE_OK) {
    throw Fault{SQLITE_NOMEM, 0, "record_crc"};
  }
}

void Database::create() const {
  Transaction transaction(connection_);
  connection_.run("PRAGMA application_id = " + std::to_string(kApplicationId));
  connection_.run("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  connection_.run(kRecordTable);
  connection_.run(kRecordIndex);
  connection_.run(kValueTable);
  const std::string version = std::to_string(kSchemaVersion);
  const ValueRow row{kSchemaValue, version, 0};
  Statement(connection_, "INSERT INTO value(name, value, revision, crc) VALUES(?1, ?2, 0, ?3)")
      .bind_text(1, row.name)
      .bind_blob(2, row.value)
      .bind(3, std::int64_t{row.crc()})
      .run();
  transaction.commit();
}

void Database::verify() {
  const std::int64_t version = connection_.integer("PRAGMA user_version");
  if (version != kSchemaVersion) {
    // One flipped bit must not look like a newer program: that one would have written both places.
    Statement kept(connection_, "SELECT value FROM value WHERE name = ?1");
    const bool is_ours = kept.bind_text(1, kSchemaValue).step() && kept.bytes(0) == std::to_string(kSchemaVersion);
    if (version > kSchemaVersion && !is_ours) throw Newer{version};
    throw Damaged{"schema version " + std::to_string(version)};
  }
  if (connection_.integer("PRAGMA application_id") != kApplicationId) throw Damaged{"application id"};
  if (connection_.integer("PRAGMA page_size") != kPageSize) throw Damaged{"page size"};
  Statement schema(connection_,
                   "SELECT sql FROM sqlite_schema WHERE name IN ('record', 'record_without_time', 'value') "
                   "ORDER BY name");
  for (const std::string_view expected : {kRecordTable, kRecordIndex, kValueTable}) {
    if (!schema.step() || schema.bytes(0) != expected) throw Damaged{"schema"};
  }
  if (connection_.integer("PRAGMA page_count") * kPageSize > kCheckedBytes) return;
  const std::string verdict = connection_.text("PRAGMA quick_check(1)");
  if (verdict != "ok") throw Damaged{verdict};
}

void Database::read_values() {
  Statement rows(connection_, "SELECT name, value, revision, crc FROM value");
  while (rows.step()) {
    const ValueRow row{rows.bytes(0), rows.bytes(1), rows.integer(2)};
    if (rows.integer(3) != std::int64_t{row.crc()}) throw Damaged{"a value has another checksum"};
    revision_ = std::max(revision_, row.revision);
    values_.emplace(row.name, row.value);
  }
  const auto room = values_.find(std::string(kRoomValue));
  if (room != values_.end()) room_ = RoomMaking::decode(room->second);
}

void Database::check_sequence() {
  const std::int64_t last = connection_.integer("SELECT seq FROM sqlite_sequence WHERE name = 'record'");
  Statement check(connection_, "SELECT seq FROM sqlite_sequence WHERE name = ?1");
  const bool is_kept = check.bind_text(1, kCheckName).step();
  if (is_kept ? check.integer(0) != checked_sequence(last) : last != 0) throw Damaged{"the last sequence number"};
  last_sequence_ = noted_ = static_cast<Sequence>(last);
  Statement newest(connection_,
                   "SELECT sequence, boot, at_us, utc_ms, estimated, oldest, crc, body FROM record "
                   "ORDER BY sequence DESC LIMIT 1");
  if (!newest.step() || newest.integer(0) <= last) return;
  const RecordRow row{newest.integer(0), newest.integer(1), newest.integer(2), newest.optional_integer(3),
                      newest.integer(4), newest.integer(5), newest.bytes(7)};
  if (newest.integer(6) != std::int64_t{row.crc()}) throw Damaged{"the newest record"};
  last_sequence_ = static_cast<Sequence>(row.sequence);
}

Committed Database::commit(const Commit& commit) {
  Committed done;
  done.added.reserve(commit.add.size());
  std::size_t removed = 0;
  Sequence next = last_sequence_;
  Transaction transaction(connection_);
  ++revision_;  // never used twice, even when this fails
  noting_ = noted_;
  // A record that goes leaves its row to one that comes: an insertion would write a page more, with the last number.
  std::vector<Sequence> gone = commit.remove;
  const std::size_t rows = std::min(gone.size(), commit.add.size());
  const std::vector<Sequence> reused(gone.end() - static_cast<std::ptrdiff_t>(rows), gone.end());
  gone.resize(gone.size() - rows);
  for (const Sequence sequence : gone) removed += remove(static_cast<std::int64_t>(sequence));
  for (std::size_t i = 0; i < commit.add.size(); ++i) {
    const Record& record = commit.add[i];
    ++next;
    const auto but = i < rows ? static_cast<std::int64_t>(reused[i]) : 0;
    const auto oldest_now = static_cast<Sequence>(oldest(but).value_or(static_cast<std::int64_t>(next)));
    if (i < rows && replace(reused[i], record, next, oldest_now)) {
      ++removed;
    } else {
      add(record, next, oldest_now);
      note_sequence(static_cast<std::int64_t>(next));
    }
    done.added.push_back(next);
  }
  for (const auto& [name, value] : commit.values) keep(name, value);
  RoomMaking room = room_;
  if (!commit.add.empty()) make_room(room, done, commit.add.back().stamp, next);
  note_if_needed(next);
  transaction.commit();
  noted_ = noting_;
  room_ = room;
  if (records_) *records_ += (next - last_sequence_) - removed - done.dropped;
  last_sequence_ = next;
  return done;
}

/// @return how many: one, or none when it is gone already
std::size_t Database::remove(std::int64_t sequence) {
  statements_->remove.bind(1, sequence).run();
  return static_cast<std::size_t>(sqlite3_changes(connection_.handle()));
}

std::optional<std::int64_t> Database::oldest(std::int64_t but) {
  const bool any = statements_->oldest.bind(1, but).step();
  const auto sequence = any ? std::optional(statements_->oldest.integer(0)) : std::nullopt;
  statements_->oldest.reset();
  return sequence;
}

void Database::add(const Record& record, Sequence sequence, Sequence oldest) {
  bind(statements_->add, row_of(record, sequence, oldest));
  statements_->add.run();
}

/// @return false: the record that was to go has gone already
bool Database::replace(Sequence gone, const Record& record, Sequence sequence, Sequence oldest) {
  bind(statements_->replace, row_of(record, sequence, oldest));
  statements_->replace.bind(8, static_cast<std::int64_t>(gone)).run();
  return sqlite3_changes(connection_.handle()) > 0;
}

void Database::note_sequence(std::int64_t last) {
  noting_ = static_cast<Sequence>(last);
  statements_->note.bind(1, last).bind_text(2, "record").run();
  statements_->note.bind(1, checked_sequence(last)).bind_text(2, kCheckName).run();
  if (sqlite3_changes(connection_.handle()) > 0) return;
  Statement(connection_, "INSERT INTO sqlite_sequence(name, seq) VALUES(?2, ?1)")
      .bind(1, checked_sequence(last))
      .bind_text(2, kCheckName)
      .run();
}

/// The newest record knows the last number as well, as long as it is there.
void Database::note_if_needed(Sequence last) {
  if (noting_ == last) return;
  const bool is_stored =
      statements_->newest.step() && statements_->newest.integer(0) == static_cast<std::int64_t>(last);
  statements_->newest.reset();
  if (!is_stored || last - noting_ >= kNoteEvery) note_sequence(static_cast<std::int64_t>(last));
}

void Database::note_last() {
  if (noted_ == last_sequence_) return;
  Transaction transaction(connection_);
  note_sequence(static_cast<std::int64_t>(last_sequence_));
  transaction.commit();
  noted_ = noting_;
}

void Database::keep(std::string_view name, std::string_view value) {
  const ValueRow row{name, value, revision_};
  statements_->keep.bind_text(1, row.name)
      .bind_blob(2, row.value)
      .bind(3, row.revision)
      .bind(4, std::int64_t{row.crc()})
      .run();
}

std::uint64_t Database::used_bytes() {
  statements_->page_count.step();
  std::int64_t pages = statements_->page_count.integer(0);
  statements_->page_count.reset();
  statements_->free_pages.step();
  pages -= statements_->free_pages.integer(0);
  statements_->free_pages.reset();
  return static_cast<std::uint64_t>(pages * kPageSize);
}

std::vector<Record> Database::fetch(Sequence after, std::size_t limit) {
  Page page = read_page(after, limit);
  while (!page.damaged.empty()) {
    for (const Sequence sequence : page.damaged) {
      log_.warn("OUT", "record " + std::to_string(sequence) + " was damaged on the disk and is left out");
    }
    Commit removal;
    removal.remove = std::move(page.damaged);
    (void)commit(removal);
    page = read_page(after, limit);
  }
  return std::move(page.records);
}

Database::Page Database::read_page(Sequence after, std::size_t limit) {
  Page page;
  std::size_t bytes = 0;
  Statement& rows = statements_->fetch;
  rows.bind(1, static_cast<std::int64_t>(std::min<Sequence>(after, std::numeric_limits<std::int64_t>::max())));
  rows.bind(2, static_cast<std::int64_t>(limit));
  while (bytes < kFetchBytes && rows.step()) {
    RecordRow row{rows.integer(0), rows.integer(1), rows.integer(2), rows.optional_integer(3),
                  rows.integer(4), rows.integer(5), rows.bytes(7)};
    bytes += row.body.size();
    if (rows.integer(6) == std::int64_t{row.crc()}) {
      page.records.push_back(record_of(row));
    } else {
      page.damaged.push_back(static_cast<Sequence>(row.sequence));
    }
  }
  rows.reset();
  return page;
}

Depth Database::depth() {
  if (!records_) records_ = static_cast<std::size_t>(connection_.integer("SELECT count(*) FROM record"));
  return Depth{*records_, used_bytes()};
}

void Database::forget_after(Sequence last) {
  const auto number = static_cast<std::int64_t>(last);
  Transaction transaction(connection_);
  Statement(connection_, "DELETE FROM record WHERE sequence > ?1").bind(1, number).run();
  note_sequence(number);
  transaction.commit();
  noted_ = noting_;
  last_sequence_ = last;
  records_.reset();
}

BootId Database::highest_boot() const {
  return static_cast<BootId>(connection_.integer("SELECT max(boot) FROM record"));
}

std::size_t Database::relabel(BootId boot, UtcTime utc_at_instant_zero) {
  std::int64_t zero_ms = utc_at_instant_zero.time_since_epoch().count();
  std::size_t count = relabel_boot(boot, zero_ms);
  // Boots that ended before anybody knew the time, latest first.
  Statement next(connection_, "SELECT max(boot) FROM record WHERE utc_ms IS NULL AND boot < ?1");
  Statement last(connection_, "SELECT max(at_us) FROM record WHERE utc_ms IS NULL AND boot = ?1");
  std::int64_t earlier = boot;
  for (;;) {
    const std::optional<std::int64_t> found = next.bind(1, earlier).step() ? next.optional_integer(0) : std::nullopt;
    next.reset();
    if (!found) return count;
    earlier = *found;
    if (const auto known = known_zero(static_cast<BootId>(earlier))) {
      zero_ms = *known;
    } else {
      zero_ms -= last.bind(1, earlier).step() ? last.integer(0) / 1000 : 0;
      last.reset();
    }
    count += relabel_boot(static_cast<BootId>(earlier), zero_ms);
  }
}

/// From a record of that boot whose time was known when it was made.
std::optional<std::int64_t> Database::known_zero(BootId boot) const {
  Statement statement(connection_,
                      "SELECT utc_ms - at_us / 1000 FROM record WHERE boot = ?1 AND utc_ms IS NOT NULL AND "
                      "estimated = 0 LIMIT 1");
  if (!statement.bind(1, std::int64_t{boot}).step()) return std::nullopt;
  return statement.integer(0);
}

std::size_t Database::relabel_boot(BootId boot, std::int64_t utc_ms_at_zero) {
  std::size_t count = 0;
  Statement update(connection_,
                   "UPDATE record SET utc_ms = ?1 + at_us / 1000, estimated = 1, "
                   "crc = record_crc(sequence, boot, at_us, ?1 + at_us / 1000, 1, oldest, body) WHERE sequence IN "
                   "(SELECT sequence FROM record WHERE utc_ms IS NULL AND boot = ?2 LIMIT ?3)");
  for (;;) {
    Transaction transaction(connection_);
    update.bind(1, utc_ms_at_zero).bind(2, std::int64_t{boot}).bind(3, kRelabelRows).run();
    const auto changed = static_cast<std::size_t>(sqlite3_changes64(connection_.handle()));
    transaction.commit();
    count += changed;
    if (changed < static_cast<std::size_t>(kRelabelRows)) return count;
  }
}

}  // namespace meterseal::outbox::host
