#pragma once

// The life of a device that was never set up: it serves the walk of the first boot and nothing else, until the walk is
// finished or the program is told to stop.
// Ownership: clock, calendar and log must outlive the call. Thread: the loop thread.

#include <string>
#include <vector>

#include "app/config/config_address.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

namespace meterseal::app {

/// Is there nothing of a device that was ever set up in this state directory?
[[nodiscard]] bool is_first_boot(const std::string& state_directory);

enum class FirstBoot : std::uint8_t {
  finished,  ///< site.toml stands in the state directory
  stopped,
  failed  ///< the page cannot be served, which has been logged
};
/// Beside the network that the host has, if any.
enum class SetupRadio : std::uint8_t {
  none,
  access_point
};
[[nodiscard]] FirstBoot run_first_boot(const std::string& state_directory, const std::vector<HostPort>& listen,
                                       SetupRadio radio, const Clock& clock, const Calendar& calendar, Log& log);

}  // namespace meterseal::app
