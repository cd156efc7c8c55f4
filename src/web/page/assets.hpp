#pragma once

// The files of the page as they were built: compressed, inside the program. Thread: constants.

#include <span>

#include "web/site.hpp"

namespace meterseal::web {

[[nodiscard]] std::span<const Asset> page_assets();

}  // namespace meterseal::web
