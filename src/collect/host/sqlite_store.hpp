#pragma once

// The receiver's database as one SQLite file. Thread: any, one call at a time; calls block for as long as the disk
// needs. Errors: collect::store_unusable from open(), collect::store_failed later.

#include <memory>
#include <string>

#include "collect/store.hpp"

namespace meterseal::collect::host {

/// @param path  made with mode 0600 where it does not exist; a file of another program is refused
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(const std::string& path);

}  // namespace meterseal::collect::host
