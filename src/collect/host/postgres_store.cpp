#include "collect/host/postgres_store.hpp"

#include <dlfcn.h>
#include <libpq-fe.h>

#include <array>
#include <charconv>

#include "collect/errors.hpp"
#include "collect/host/report_builder.hpp"
#include "core/text.hpp"

namespace meterseal::collect::host {

namespace {

/// What is used of libpq. It is opened when a PostgreSQL database is named and not before: with the libraries that it
/// brings it would add 3.5 MB to the resident set of an agent that never talks to a database server.
struct Libpq {
  decltype(&::PQconnectdb) connectdb;
  decltype(&::PQstatus) status;
  decltype(&::PQerrorMessage) error_message;
  decltype(&::PQfinish) finish;
  decltype(&::PQexecParams) exec_params;
  decltype(&::PQresultStatus) result_status;
  decltype(&::PQclear) clear;
  decltype(&::PQntuples) rows;
  decltype(&::PQgetvalue) value;
};

/// What the server said; never leaves this file.
struct ServerFault {
  std::string text;
};

template <class F>
void find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr) throw ServerFault{std::string("libpq.so.5 has no ") + name};
}

/// Never closed: the library's own clean-up runs at exit.
const Libpq& libpq() {
  static const Libpq functions = [] {
    void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw ServerFault{"libpq.so.5 is not installed (package libpq5)"};
    Libpq found{};
    find(library, "PQconnectdb", found.connectdb);
    find(library, "PQstatus", found.status);
    find(library, "PQerrorMessage", found.error_message);
    find(library, "PQfinish", found.finish);
    find(library, "PQexecParams", found.exec_params);
    find(library, "PQresultStatus", found.result_status);
    find(library, "PQclear", found.clear);
    find(library, "PQntuples", found.rows);
    find(library, "PQgetvalue", found.value);
    return found;
  }();
  return functions;
}

struct Finish {
  void operator()(PGconn* connection) const { libpq().finish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { libpq().clear(result); }
};
using ConnectionHandle = std::unique_ptr<PGconn, Finish>;
using Rows = std::unique_ptr<PGresult, Clear>;

std::string first_line(const char* message) {
  const std::string_view text = trim(message == nullptr ? "" : message);
  return std::string(text.substr(0, text.find('\n')));
}

template <std::size_t N>
Rows run(PGconn* connection, const char* sql, const std::array<std::string, N>& parameters) {
  std::array<const char*, N> values{};
  for (std::size_t i = 0; i < N; ++i) values[i] = parameters[i].c_str();
  Rows rows(libpq().exec_params(connection, sql, static_cast<int>(N), nullptr, values.data(), nullptr, nullptr, 0));
  const ExecStatusType status = libpq().result_status(rows.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw ServerFault{first_line(libpq().error_message(connection))};
  return rows;
}
Rows run(PGconn* connection, const char* sql) {
  return run(connection, sql, std::array<std::string, 0>{});
}

std::uint64_t number(const PGresult* rows, int row, int column) {
  const std::string_view text = libpq().value(rows, row, column);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(std::string conninfo) : conninfo_(std::move(conninfo)) { (void)connection(); }

  Result<void> commit(std::span<const Arrival> arrivals, std::span<const Loss> losses) override {
    try {
      PGconn* server = connection();
      run(server, "BEGIN");
      for (const Arrival& a : arrivals) {
        run(server, "INSERT INTO meterseal_reading VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            std::array{a.device, a.outbox, std::to_string(a.sequence), std::to_string(a.boot), a.time, a.payload});
      }
      for (const Loss& l : losses) {
        run(server, "INSERT INTO meterseal_loss VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            std::array{l.device, l.outbox, std::to_string(l.range.first), std::to_string(l.range.last),
                       std::to_string(l.count), l.reason});
      }
      run(server, "COMMIT");
      return {};
    } catch (const ServerFault& fault) {
      return failure(fault);
    }
  }

  Result<std::vector<DeviceReport>> report() override {
    try {
      PGconn* server = connection();
      ReportBuilder builder;
      // In the order of bytes, as SQLite sorts, whatever the locale of the database.
      const Rows rows = run(server,
                            "SELECT device, outbox, sequence, substr(time, 1, 10) FROM meterseal_reading "
                            "ORDER BY device COLLATE \"C\", outbox COLLATE \"C\", sequence");
      for (int i = 0; i < libpq().rows(rows.get()); ++i) {
        builder.add_record(libpq().value(rows.get(), i, 0), libpq().value(rows.get(), i, 1), number(rows.get(), i, 2),
                           libpq().value(rows.get(), i, 3));
      }
      const Rows losses = run(server, "SELECT device, outbox, first, last, count, reason FROM meterseal_loss");
      for (int i = 0; i < libpq().rows(losses.get()); ++i) {
        builder.add_loss({libpq().value(losses.get(), i, 0),
                          libpq().value(losses.get(), i, 1),
                          {number(losses.get(), i, 2), number(losses.get(), i, 3)},
                          number(losses.get(), i, 4),
                          libpq().value(losses.get(), i, 5)});
      }
      return builder.take();
    } catch (const ServerFault& fault) {
      return failure(fault);
    }
  }

 private:
  /// The connection, made anew where there is none.
  PGconn* connection() {
    if (handle_) return handle_.get();
    ConnectionHandle handle(libpq().connectdb(conninfo_.c_str()));
    if (libpq().status(handle.get()) != CONNECTION_OK)
      throw ServerFault{first_line(libpq().error_message(handle.get()))};
    run(handle.get(), "SET client_min_messages = warning");
    // Two collectors that start at once: "if not exists" alone fails in the one that comes second.
    run(handle.get(), "BEGIN");
    run(handle.get(), "SELECT pg_advisory_xact_lock(1299869507)");
    run(handle.get(),
        "CREATE TABLE IF NOT EXISTS meterseal_reading (device text NOT NULL, outbox text NOT NULL, sequence bigint NOT "
        "NULL, boot bigint NOT NULL, time text NOT NULL, payload text NOT NULL, PRIMARY KEY (device, outbox, "
        "sequence))");
    run(handle.get(),
        "CREATE TABLE IF NOT EXISTS meterseal_loss (device text NOT NULL, outbox text NOT NULL, first bigint NOT NULL, "
        "last bigint NOT NULL, count bigint NOT NULL, reason text NOT NULL, PRIMARY KEY (device, outbox, first, "
        "last))");
    run(handle.get(), "COMMIT");
    handle_ = std::move(handle);
    return handle_.get();
  }

  /// A broken transaction goes with its connection.
  [[nodiscard]] tl::unexpected<Error> failure(const ServerFault& fault) {
    handle_.reset();
    return fail(store_failed, "PostgreSQL", fault.text);
  }

  const std::string conninfo_;
  ConnectionHandle handle_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(const std::string& conninfo) {
  try {
    // A server that does not answer must not hold the collector for minutes. What the owner says wins.
    return std::make_unique<PostgresStore>("connect_timeout=10 " + conninfo);
  } catch (const ServerFault& fault) {
    return fail(store_unusable, "PostgreSQL", fault.text);
  }
}

}  // namespace meterseal::collect::host
