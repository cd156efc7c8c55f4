#include "outbox/host/salvage.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "outbox/host/database.hpp"
#include "outbox/host/page_scan.hpp"

namespace meterseal::outbox::host {
namespace {

constexpr std::string_view kNew = "meterseal.salvage";
constexpr std::array<std::string_view, 4> kNewCompanions{"meterseal.salvage-journal", "meterseal.salvage-wal",
                                                         "meterseal.salvage-shm", kNew};
constexpr std::array<std::string_view, 3> kDamaged{"meterseal.damaged-1", "meterseal.damaged-2", "meterseal.damaged-3"};

void check(const StateDirectory& directory, std::string_view doing, int error) {
  if (error == 0) return;
  const int code = error == ENOSPC || error == EDQUOT ? SQLITE_FULL : SQLITE_IOERR;
  throw Fault{code, error, directory.path() + ": " + std::string(doing) + ": " + std::strerror(error)};
}

void discard_new(const StateDirectory& directory) {
  for (const std::string_view name : kNewCompanions) directory.remove(name);
}

/// Whole rows of the damaged files, later ones over earlier ones.
class Copier {
 public:
  explicit Copier(const Connection& target)
      : record_(target,
                "INSERT INTO record(sequence, boot, at_us, utc_ms, estimated, oldest, crc, body) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(sequence) DO UPDATE SET boot = excluded.boot, "
                "at_us = excluded.at_us, utc_ms = excluded.utc_ms, estimated = excluded.estimated, "
                "oldest = excluded.oldest, crc = excluded.crc, body = excluded.body "
                "WHERE excluded.utc_ms IS NOT NULL OR record.utc_ms IS NULL"),
        value_(target,
               "INSERT INTO value(name, value, revision, crc) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET "
               "value = excluded.value, revision = excluded.revision, crc = excluded.crc "
               "WHERE excluded.revision >= value.revision") {}

  void copy(const RecordRow& row) {
    record_.bind(1, row.sequence).bind(2, row.boot).bind(3, row.at_us).bind(4, row.utc_ms).bind(5, row.estimated);
    record_.bind(6, row.oldest).bind(7, std::int64_t{row.crc()}).bind_text(8, row.body).run();
  }
  void copy(const ValueRow& row) {
    value_.bind_text(1, row.name).bind_blob(2, row.value).bind(3, row.revision);
    value_.bind(4, std::int64_t{row.crc()}).run();
  }

 private:
  Statement record_;
  Statement value_;
};

/// The last number ever given must survive even when all records are gone.
void set_sequence(const Connection& target, std::int64_t last) {
  target.run("DELETE FROM sqlite_sequence");
  Statement insert(target, "INSERT INTO sqlite_sequence(name, seq) VALUES(?1, ?2)");
  insert.bind_text(1, "record").bind(2, last).run();
  insert.bind_text(1, kCheckName).bind(2, checked_sequence(last)).run();
}

struct Saved {
  std::int64_t records = 0;
  std::int64_t values = 0;
  std::int64_t last_sequence = 0;
};

Saved copy_whole_rows(const StateDirectory& directory, Log& log, Sequence least) {
  const std::string path = directory.file(kNew);
  check(directory, "make a new database", directory.make_file(kNew));
  {
    const Database makes_tables(path, StoreSettings{}, log, 0);
  }
  const Connection target(path, nullptr);
  // Everything in one file, so that moving it is one step, and no log of the size of the database.
  if (target.text("PRAGMA journal_mode = DELETE") != "delete") throw Fault{SQLITE_IOERR, 0, "salvage stays in its log"};
  Saved saved;
  Transaction transaction(target);
  Copier copier(target);
  scan_pages(directory.file(kDatabase), directory.file(kDatabaseWal),
             {[&](const RecordRow& row) { copier.copy(row); }, [&](const ValueRow& row) { copier.copy(row); },
              [&](std::int64_t sequence) { saved.last_sequence = std::max(saved.last_sequence, sequence); }});
  // Rows that were deleted long ago still lie about in free pages; the newest row knows where the living ones begin.
  target.run("DELETE FROM record WHERE sequence < (SELECT oldest FROM record ORDER BY sequence DESC LIMIT 1)");
  saved.last_sequence = std::max(
      {saved.last_sequence, target.integer("SELECT max(sequence) FROM record"), static_cast<std::int64_t>(least)});
  set_sequence(target, saved.last_sequence);
  saved.records = target.integer("SELECT count(*) FROM record");
  saved.values = target.integer("SELECT count(*) FROM value WHERE name NOT LIKE '.%'");
  transaction.commit();
  return saved;
}

void put_aside(const StateDirectory& directory) {
  for (std::size_t i = kDamaged.size() - 1; i > 0; --i) {
    (void)directory.move(kDamaged[i - 1], kDamaged[i]);
    (void)directory.move(std::string(kDamaged[i - 1]) + "-wal", std::string(kDamaged[i]) + "-wal");
  }
  check(directory, "put the damaged database aside", directory.move(kDatabase, kDamaged[0]));
}

/// From the moment at which the damaged database has left its name.
void install(const StateDirectory& directory) {
  if (directory.has(kDatabaseWal)) {
    check(directory, "put its log aside", directory.move(kDatabaseWal, std::string(kDamaged[0]) + "-wal"));
  }
  directory.remove(kDatabaseShm);
  check(directory, "install the new database", directory.move(kNew, kDatabase));
  check(directory, "flush", directory.sync());
}

}  // namespace

std::string salvage(const StateDirectory& directory, Log& log, std::string_view what, Sequence least_sequence) {
  log.write(LogLevel::error, "OUT", "the database is damaged (" + std::string(what) + "): saving what is whole");
  discard_new(directory);
  const Saved saved = copy_whole_rows(directory, log, least_sequence);
  check(directory, "flush", directory.sync());
  put_aside(directory);
  install(directory);
  std::string aside = directory.file(kDamaged[0]);
  log.warn("OUT", "saved " + std::to_string(saved.records) + " records and " + std::to_string(saved.values) +
                      " values up to number " + std::to_string(saved.last_sequence) +
                      "; the damaged database was put aside as " + aside);
  return aside;
}

void finish_salvage(const StateDirectory& directory) {
  if (!directory.has(kDatabase) && directory.has(kNew)) return install(directory);
  discard_new(directory);
}

}  // namespace meterseal::outbox::host
