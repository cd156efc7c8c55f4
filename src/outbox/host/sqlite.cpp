#include "outbox/host/sqlite.hpp"

namespace meterseal::outbox::host {
namespace {

int last_errno(sqlite3_file* file) {
  int error = 0;
  if (file != nullptr && file->pMethods != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
  }
  return error;
}

/// sqlite3_system_errno() knows only of failures to open: the files themselves remember the rest.
int errno_of(sqlite3* connection, int code) {
  if ((code & 0xFF) != SQLITE_IOERR) return sqlite3_system_errno(connection);
  for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(connection, "main", which, static_cast<void*>(&file)) != SQLITE_OK) continue;
    if (const int error = last_errno(file); error != 0) return error;
  }
  return 0;
}

Fault fault_of(sqlite3* connection) {
  const int code = sqlite3_extended_errcode(connection);
  return Fault{code, errno_of(connection, code), sqlite3_errmsg(connection)};
}

void check(sqlite3* connection, int result) {
  if (result != SQLITE_OK) throw fault_of(connection);
}

}  // namespace

Statement::Statement(const Connection& connection, std::string_view sql) : connection_(connection.handle()) {
  sqlite3_stmt* handle = nullptr;
  check(connection_, sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()), &handle, nullptr));
  handle_.reset(handle);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  check(connection_, sqlite3_bind_int64(handle_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<std::int64_t> value) {
  if (value) return bind(parameter, *value);
  check(connection_, sqlite3_bind_null(handle_.get(), parameter));
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  check(connection_,
        sqlite3_bind_text64(handle_.get(), parameter, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();  // a null pointer would be NULL instead of an empty blob
  check(connection_, sqlite3_bind_blob64(handle_.get(), parameter, data, value.size(), SQLITE_TRANSIENT));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) {
    Fault fault = fault_of(connection_);  // before reset() forgets it
    reset();
    throw fault;
  }
  reset();
  return false;
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), std::size_t(size));
}

Connection::Connection(const std::string& path, const char* vfs) {
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
  handle_.reset(handle);
  if (handle == nullptr) throw Fault{SQLITE_NOMEM, 0, "no memory for a connection"};
  check(handle, result);
  check(handle, sqlite3_extended_result_codes(handle, 1));
  // Another program may look into the file (sqlite3, backup): it never blocks a writer for long in WAL mode.
  check(handle, sqlite3_busy_timeout(handle, 2000));
}

std::int64_t Connection::integer(std::string_view sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Connection::text(std::string_view sql) const {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.bytes(0)) : std::string();
}

Transaction::Transaction(const Connection& connection) : connection_(connection) {
  connection_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_ || sqlite3_get_autocommit(connection_.handle()) != 0) return;  // some faults have rolled back already
  sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.run("COMMIT");
  open_ = false;
}

}  // namespace meterseal::outbox::host
