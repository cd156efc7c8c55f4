#pragma once

// Changes of the buses and meters in a configuration file that the device itself has made (site.toml). Only the text is
// changed here; whether a device can start with it is seen by reading it back. Comments of a person are not kept: a
// person's file is never edited.
//
// Thread: pure, any. Errors: app::config_syntax, web::bad_form (what the change names is not there).

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config_address.hpp"
#include "core/result.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

/// The first line of every file that the device makes.
inline constexpr std::string_view kSiteHeading = "# Made by the page of this device.\n";

/// @return the changed text
[[nodiscard]] Result<std::string> edit_site(std::string_view text, const web::MeterChange& change);

/// The page is served there, whatever the text says.
[[nodiscard]] Result<std::string> with_page_at(std::string_view text, const std::vector<HostPort>& listen);

}  // namespace meterseal::app
