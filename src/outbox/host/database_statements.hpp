#pragma once

// The statements of Database. Thread: as Database.

#include "outbox/host/database.hpp"

namespace meterseal::outbox::host {

/// Prepared once: a commit parses no SQL.
struct Database::Statements {
  explicit Statements(const Connection& c)
      : add(c,
            "INSERT INTO record(sequence, boot, at_us, utc_ms, estimated, oldest, crc, body) "
            "VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)"),
        replace(c,
                "UPDATE record SET sequence = ?1, boot = ?2, at_us = ?3, utc_ms = ?4, estimated = 0, oldest = ?5, "
                "crc = ?6, body = ?7 WHERE sequence = ?8"),
        remove(c, "DELETE FROM record WHERE sequence = ?1"),
        keep(c,
             "INSERT INTO value(name, value, revision, crc) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET "
             "value = excluded.value, revision = excluded.revision, crc = excluded.crc"),
        note(c, "UPDATE sqlite_sequence SET seq = ?1 WHERE name = ?2"),
        oldest(c, "SELECT sequence FROM record WHERE sequence <> ?1 ORDER BY sequence LIMIT 1"),
        newest(c, "SELECT sequence FROM record ORDER BY sequence DESC LIMIT 1"),
        next_three(c, "SELECT sequence FROM record WHERE sequence > ?1 ORDER BY sequence LIMIT 3"),
        loss_body(c, "SELECT body FROM record WHERE sequence = ?1 AND substr(body, 1, length(?2)) = ?2"),
        fetch(c,
              "SELECT sequence, boot, at_us, utc_ms, estimated, oldest, crc, body FROM record "
              "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"),
        page_count(c, "PRAGMA page_count"),
        free_pages(c, "PRAGMA freelist_count") {}

  Statement add, replace, remove, keep, note, oldest, newest, next_three, loss_body, fetch, page_count, free_pages;
};

}  // namespace meterseal::outbox::host
