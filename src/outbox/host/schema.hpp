#pragma once

// How records and values lie in the file: docs/formats/outbox.md. Thread: any.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/crc32.hpp"
#include "outbox/record.hpp"

namespace meterseal::outbox::host {

inline constexpr std::string_view kDatabase = "meterseal.db";
inline constexpr std::string_view kDatabaseWal = "meterseal.db-wal";
inline constexpr std::string_view kDatabaseShm = "meterseal.db-shm";

inline constexpr std::int64_t kApplicationId = 0x4D536561;  // "MSea"
inline constexpr std::int64_t kSchemaVersion = 1;
/// The smallest page: a commit touches few bytes of few pages and always writes whole ones (bench/wear.cpp).
inline constexpr std::int64_t kPageSize = 512;

inline constexpr std::string_view kRecordTable =
    "CREATE TABLE record(sequence INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER NOT NULL, at_us INTEGER NOT NULL, "
    "utc_ms INTEGER, estimated INTEGER NOT NULL, oldest INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL)";
/// Empty while the clock is known: costs nothing then.
inline constexpr std::string_view kRecordIndex =
    "CREATE INDEX record_without_time ON record(boot) WHERE utc_ms IS NULL";
inline constexpr std::string_view kValueTable =
    "CREATE TABLE value(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value BLOB NOT NULL, "
    "revision INTEGER NOT NULL, crc INTEGER NOT NULL)";

/// Values of this room itself; names of other rooms never begin with a dot.
inline constexpr std::string_view kBootValue = ".boot";
inline constexpr std::string_view kSchemaValue = ".schema";
inline constexpr std::string_view kRoomValue = ".room";

/// A second row of sqlite_sequence, on the page that each commit writes anyway: the last sequence number with a
/// checksum of its own, number * 2^24 + 24 bits of CRC. One flipped bit must not give numbers twice.
inline constexpr std::string_view kCheckName = "record_check";
constexpr std::int64_t checked_sequence(std::int64_t sequence) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(sequence) << 24 | (Crc32().add(sequence).value() >> 8));
}
constexpr std::optional<std::int64_t> sequence_of(std::int64_t checked) {
  const std::int64_t sequence = checked >> 24;
  return checked_sequence(sequence) == checked ? std::optional(sequence) : std::nullopt;
}

/// A row of the table record.
struct RecordRow {
  std::int64_t sequence = 0;
  std::int64_t boot = 0;
  std::int64_t at_us = 0;
  std::optional<std::int64_t> utc_ms;
  std::int64_t estimated = 0;
  std::int64_t oldest = 0;  ///< all sequence numbers below it had been confirmed when this row was written
  std::string_view body;

  [[nodiscard]] std::uint32_t crc() const {
    Crc32 sum;
    sum.add(sequence).add(boot).add(at_us).add(utc_ms ? 1 : 0).add(utc_ms.value_or(0)).add(estimated).add(oldest);
    return sum.add(body).value();
  }
};

/// A row of the table value. An empty value is a deleted name.
struct ValueRow {
  std::string_view name;
  std::string_view value;
  std::int64_t revision = 0;  ///< grows with each commit: of two rows of a name the greater one holds

  [[nodiscard]] std::uint32_t crc() const {
    return Crc32().add(static_cast<std::int64_t>(name.size())).add(name).add(value).add(revision).value();
  }
};

}  // namespace meterseal::outbox::host
