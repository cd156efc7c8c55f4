#pragma once

// SQLite with C++ lifetimes. A call that fails throws Fault, which never leaves this room: SqliteStore turns it into an
// Error. Thread: whoever holds the connection, one at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace meterseal::outbox::host {

/// What SQLite or the file system said.
struct Fault {
  int code = SQLITE_ERROR;  ///< extended result code
  int system_errno = 0;
  std::string text;
};

class Connection;

/// One prepared statement. Parameters are numbered from 1, columns from 0, as SQLite does.
class Statement {
 public:
  Statement(const Connection& connection, std::string_view sql);

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::optional<std::int64_t> value);
  Statement& bind_text(int parameter, std::string_view value);  ///< copied
  Statement& bind_blob(int parameter, std::string_view value);  ///< copied
  /// @return false at the end, after which the statement is ready to be bound again
  bool step();
  /// For statements without rows.
  void run() {
    while (step()) {
    }
  }
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  /// The bytes of a text or blob, valid until the next step.
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Connection {
 public:
  /// Opens an existing file for reading and writing.
  Connection(const std::string& path, const char* vfs);

  void run(std::string_view sql) const { Statement(*this, sql).run(); }
  [[nodiscard]] std::int64_t integer(std::string_view sql) const;
  [[nodiscard]] std::string text(std::string_view sql) const;
  [[nodiscard]] bool is_read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(const Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const Connection& connection_;  ///< must outlive
  bool open_ = true;
};

}  // namespace meterseal::outbox::host
