#pragma once

// The command table: one row is everything that the console, its help and docs/commands.md know of a command.
// Thread: loop thread (handlers act on the device).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "console/command_line.hpp"
#include "console/device_control.hpp"
#include "core/result.hpp"

namespace meterseal::console {

/// One message of an answer.
struct Reply {
  std::string name;  ///< last level of stat/%topic%/...: "RESULT", "STATUS10"
  std::string json;
};
using Replies = std::vector<Reply>;

/// What a command may change, which decides who may use it with an argument. A query is always answered.
enum class Change : std::uint8_t {
  nothing,   ///< reads only, with or without an argument
  harmless,  ///< worst case is a nuisance: by MQTT unless remote_commands is none
  guarded,   ///< could redirect or blind the device: by MQTT only when remote_commands is all
  local,     ///< never by MQTT
};

struct IndexRange {
  std::uint32_t low = 1;
  std::uint32_t high = 1;
};

struct Command {
  std::string_view name;  ///< canonical spelling, the key of its reply
  Change change;
  IndexRange index;
  std::string_view arguments;
  std::string_view help;
  Result<Replies> (*run)(const CommandLine& line, DeviceControl& device);
  /// Whether this argument is Change::local although others are not; nullptr: none is.
  bool (*is_local)(const CommandLine& line) = nullptr;
};

/// All commands, by name.
[[nodiscard]] std::span<const Command> commands();
/// nullptr: unknown
[[nodiscard]] const Command* find_command(std::string_view name);

}  // namespace meterseal::console
