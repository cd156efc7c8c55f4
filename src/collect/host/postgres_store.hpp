#pragma once

// The receiver's database on a PostgreSQL server, with the schema of the SQLite file. Several collectors may write into
// it at once. Thread: any, one call at a time; calls block for as long as the network needs (the connection is made
// with a limit of 10 s). Errors: collect::store_unusable from open(), collect::store_failed later; the connection is
// made anew at the next call after it broke.

#include <memory>
#include <string>

#include "collect/store.hpp"

namespace meterseal::collect::host {

/// @param conninfo  as libpq takes it: "host=... dbname=... user=... sslmode=verify-full ..."; may hold a password, so
///                  it is never logged
[[nodiscard]] Result<std::unique_ptr<Store>> open_postgres(const std::string& conninfo);

}  // namespace meterseal::collect::host
