#pragma once

// The configuration file that the walk of the first boot makes of its answers: the same TOML that an owner writes, so
// that there is one way to read a site. Answers are hostile until they were read back by load_site().
// Thread: any (pure).

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config_address.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

/// @return web::bad_form: neither a path nor one of the prefixes; it would be taken for a file of that name
[[nodiscard]] Result<void> check_port(std::string_view port);

/// @param password_file  where the broker's password stands, as the file names it
[[nodiscard]] std::string site_text(const web::SetupDesk::Site& site, const std::vector<HostPort>& listen,
                                    const std::string& password_file);

}  // namespace meterseal::app
