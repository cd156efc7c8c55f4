#pragma once

// The commands about trust in the broker: Tasmota's names where it has them, Tls* where not. Meaning and differences:
// docs/commands.md, docs/trust.md. Thread: loop thread. Errors: bad_argument, fixed_by_file, not_possible, and what
// TrustControl says.

#include "console/commands.hpp"

namespace meterseal::console {

[[nodiscard]] Result<Replies> run_mqtt_fingerprint(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_set_option(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_tls_mode(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_tls_renewal(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_tls_confirm(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_tls_ca(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_tls_status(const CommandLine& line, DeviceControl& device);

/// Clearing a slot and leaving a stronger mode are for a person at the device.
[[nodiscard]] bool is_for_local_only(const CommandLine& line);

}  // namespace meterseal::console
