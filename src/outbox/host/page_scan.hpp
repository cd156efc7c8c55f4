#pragma once

// Reads rows out of a damaged database without SQLite: every page of the file and every frame of the write-ahead log is
// looked at by itself, and a row counts when its own checksum holds, wherever it lies. Nothing that is read here is
// trusted: a file of random bytes gives no rows.
// @source https://sqlite.org/fileformat2.html, sections 1.6 (b-tree pages), 2.1 (records), 4 (write-ahead log)
// Thread: any.

#include <cstdint>
#include <functional>
#include <string>

#include "outbox/host/schema.hpp"

namespace meterseal::outbox::host {

struct RowSink {
  std::function<void(const RecordRow&)> record;  ///< views are valid during the call
  std::function<void(const ValueRow&)> value;
  std::function<void(std::int64_t)> sequence;  ///< a last sequence number, of whatever time
};

/// Oldest content first: of two rows with one key the later one is the newer one. Rows that had been deleted can
/// appear. Pages that the disk does not give are passed over.
void scan_pages(const std::string& database, const std::string& wal, const RowSink& sink);

/// SQLite takes the first frame that does not fit for the end of the log, which a power cut leaves. It is damage, and
/// commits behind it would be lost, when whole frames of a later commit follow: those were begun only after the earlier
/// ones had been flushed.
[[nodiscard]] bool is_wal_damaged(const std::string& wal);

}  // namespace meterseal::outbox::host
