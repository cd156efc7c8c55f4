#pragma once

// The site that this device has made of itself: site.toml in the state directory, whole or not at all, and never one
// that the next start could not read. Thread: loop thread; blocks for small files.

#include <string>
#include <string_view>

#include "app/config/overlay.hpp"
#include "core/result.hpp"

namespace meterseal::app {

/// In the state directory.
inline constexpr const char* kSiteFile = "site.toml";

/// @param overlay  what was set by command, with which the file will be read
/// @return web::state_unwritable, or the first fault that a start with this text would name
[[nodiscard]] Result<void> keep_site(const std::string& state_directory, std::string_view text, const Overlay& overlay);

}  // namespace meterseal::app
