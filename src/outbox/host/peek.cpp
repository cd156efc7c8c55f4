#include "outbox/host/peek.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include "outbox/errors.hpp"
#include "outbox/host/schema.hpp"

namespace meterseal::outbox::host {

namespace {

using Handle = std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)>;
using Rows = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

std::string_view bytes(sqlite3_stmt* row, int column) {
  const void* data = sqlite3_column_blob(row, column);
  const int size = sqlite3_column_bytes(row, column);
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), std::size_t(size));
}

}  // namespace

Result<std::vector<NamedValue>> peek_values(const std::string& directory) {
  const std::string path = directory + "/" + std::string(kDatabase);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(state_unusable, path, error ? error.message() : "is not there");
  }
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const Handle handle(opened, &sqlite3_close_v2);
  if (result != SQLITE_OK) return fail(state_unusable, path, sqlite3_errstr(result));
  sqlite3_busy_timeout(opened, 2000);
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, "SELECT name, value, revision, crc FROM value", -1, &prepared, nullptr) != SQLITE_OK) {
    return fail(store_failed, path, sqlite3_errmsg(opened));
  }
  const Rows rows(prepared, &sqlite3_finalize);
  std::vector<NamedValue> values;
  int step = sqlite3_step(prepared);
  for (; step == SQLITE_ROW; step = sqlite3_step(prepared)) {
    const ValueRow row{bytes(prepared, 0), bytes(prepared, 1), sqlite3_column_int64(prepared, 2)};
    if (sqlite3_column_int64(prepared, 3) != std::int64_t{row.crc()}) {
      return fail(store_failed, path, "a value has another checksum");
    }
    if (!row.name.empty() && row.name.front() != '.' && !row.value.empty()) values.emplace_back(row.name, row.value);
  }
  if (step != SQLITE_DONE) return fail(store_failed, path, sqlite3_errmsg(opened));
  return values;
}

}  // namespace meterseal::outbox::host
