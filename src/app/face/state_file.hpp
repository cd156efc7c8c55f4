#pragma once

// A small file of the state directory, of the service's user alone (0600), whole or not at all.
// Thread: any; blocks on the disk. Errors: web::state_unwritable.

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace meterseal::app {

/// The former content is still there when this fails.
[[nodiscard]] Result<void> write_state_file(const std::string& path, std::string_view text);

}  // namespace meterseal::app
