#pragma once

// Commands about the device itself: settings, energy, bus, clock, restart and reset. Meaning and differences from
// Tasmota: docs/commands.md. Thread: loop thread. Errors: bad_argument, fixed_by_file, not_possible, and what
// DeviceControl says.

#include "console/commands.hpp"

namespace meterseal::console {

/// One text or number that is kept: asked for without data, set with it.
[[nodiscard]] Result<Replies> run_setting(std::string_view name, Setting setting, const CommandLine& line,
                                          DeviceControl& device);
template <Setting setting>
Result<Replies> run_setting_of(const CommandLine& line, DeviceControl& device) {
  return run_setting(find_command(line.name)->name, setting, line, device);
}

[[nodiscard]] Result<Replies> run_tele_period(const CommandLine& line, DeviceControl& device);
/// A device that reports nothing any more is blind: that is for a person at the device.
[[nodiscard]] bool stops_telemetry(const CommandLine& line);
[[nodiscard]] Result<Replies> run_web_password(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_web_server(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_energy(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_modbus_status(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_modbus_scan(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_modbus_baudrate(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_modbus_serial_config(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_time(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_timezone(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_clock_floor(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_log_level(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_restart(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_reset(const CommandLine& line, DeviceControl& device);
[[nodiscard]] Result<Replies> run_upgrade(const CommandLine& line, DeviceControl& device);

}  // namespace meterseal::console
