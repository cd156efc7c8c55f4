#pragma once

// Reads the named values of a state directory beside a running agent: no lock, nothing written, as the last commit left
// them. For command-line verbs that show state. Thread: any; blocks on the disk.

#include <string>
#include <vector>

#include "core/result.hpp"
#include "outbox/store.hpp"

namespace meterseal::outbox::host {

/// @return state_unusable: no database there, or this user may not read it; store_failed: not one of ours, or damaged
[[nodiscard]] Result<std::vector<NamedValue>> peek_values(const std::string& directory);

}  // namespace meterseal::outbox::host
