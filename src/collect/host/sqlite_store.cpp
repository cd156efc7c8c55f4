#include "collect/host/sqlite_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "collect/errors.hpp"
#include "collect/host/report_builder.hpp"
#include "outbox/host/sqlite.hpp"

namespace meterseal::collect::host {

namespace {

using outbox::host::Connection;
using outbox::host::Fault;
using outbox::host::Statement;
using outbox::host::Transaction;

/// "MtsC": tells this program's receiver files from others (PRAGMA application_id).
constexpr std::int64_t kApplicationId = 0x4D747343;
constexpr std::int64_t kVersion = 1;

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::string path) : path_(std::move(path)), connection_(path_, nullptr) {
    connection_.run("PRAGMA busy_timeout = 10000");
    const std::int64_t id = connection_.integer("PRAGMA application_id");
    const std::int64_t tables = connection_.integer("SELECT count(*) FROM sqlite_master");
    if (id != kApplicationId && (id != 0 || tables != 0))
      throw Fault{SQLITE_NOTADB, 0, "is a database of another program"};
    if (connection_.integer("PRAGMA user_version") > kVersion)
      throw Fault{SQLITE_NOTADB, 0, "was written by a newer version of this program"};
    connection_.run("PRAGMA journal_mode = WAL");
    connection_.run("PRAGMA synchronous = FULL");
    Transaction transaction(connection_);
    connection_.run("PRAGMA application_id = " + std::to_string(kApplicationId));
    connection_.run("PRAGMA user_version = " + std::to_string(kVersion));
    connection_.run(
        "CREATE TABLE IF NOT EXISTS reading (device TEXT NOT NULL, outbox TEXT NOT NULL, sequence INTEGER NOT NULL, "
        "boot INTEGER NOT NULL, time TEXT NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (device, outbox, sequence)) "
        "WITHOUT ROWID");
    connection_.run(
        "CREATE TABLE IF NOT EXISTS loss (device TEXT NOT NULL, outbox TEXT NOT NULL, first INTEGER NOT NULL, "
        "last INTEGER NOT NULL, count INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (device, outbox, first, "
        "last)) "
        "WITHOUT ROWID");
    transaction.commit();
  }

  Result<void> commit(std::span<const Arrival> arrivals, std::span<const Loss> losses) override {
    try {
      Transaction transaction(connection_);
      Statement reading(connection_, "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
      for (const Arrival& arrival : arrivals) {
        reading.bind_text(1, arrival.device).bind_text(2, arrival.outbox);
        reading.bind(3, static_cast<std::int64_t>(arrival.sequence)).bind(4, std::int64_t{arrival.boot});
        reading.bind_text(5, arrival.time).bind_text(6, arrival.payload).run();
      }
      Statement loss(connection_, "INSERT INTO loss VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
      for (const Loss& lost : losses) {
        loss.bind_text(1, lost.device).bind_text(2, lost.outbox);
        loss.bind(3, static_cast<std::int64_t>(lost.range.first)).bind(4, static_cast<std::int64_t>(lost.range.last));
        loss.bind(5, static_cast<std::int64_t>(lost.count)).bind_text(6, lost.reason).run();
      }
      transaction.commit();
      return {};
    } catch (const Fault& fault) {
      return failure(fault);
    }
  }

  Result<std::vector<DeviceReport>> report() override {
    try {
      ReportBuilder builder;
      Statement rows(
          connection_,
          "SELECT device, outbox, sequence, substr(time, 1, 10) FROM reading ORDER BY device, outbox, sequence");
      while (rows.step()) {
        builder.add_record(rows.bytes(0), rows.bytes(1), static_cast<Sequence>(rows.integer(2)), rows.bytes(3));
      }
      Statement losses(connection_, "SELECT device, outbox, first, last, count, reason FROM loss");
      while (losses.step()) {
        builder.add_loss({std::string(losses.bytes(0)),
                          std::string(losses.bytes(1)),
                          {static_cast<Sequence>(losses.integer(2)), static_cast<Sequence>(losses.integer(3))},
                          static_cast<std::uint64_t>(losses.integer(4)),
                          std::string(losses.bytes(5))});
      }
      return builder.take();
    } catch (const Fault& fault) {
      return failure(fault);
    }
  }

 private:
  [[nodiscard]] tl::unexpected<Error> failure(const Fault& fault) const {
    return fail(store_failed, path_, fault.text);
  }

  const std::string path_;
  Connection connection_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(store_unusable, path, std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): at start
  ::close(fd);
  try {
    return std::make_unique<SqliteStore>(path);
  } catch (const Fault& fault) {
    return fail(store_unusable, path, fault.text);
  }
}

}  // namespace meterseal::collect::host
