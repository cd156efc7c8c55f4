#pragma once

// Status, State and Help: what is only told. Thread: loop thread. Errors: bad_argument, mqtt::payload_too_large.

#include "console/commands.hpp"

namespace meterseal::console {

[[nodiscard]] Result<Replies> run_status(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_state(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_help(const CommandLine& line, DeviceControl& device);

}  // namespace meterseal::console
