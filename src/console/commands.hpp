#pragma once

// The command table: one row is everything that the parser, Help, completion, docs/commands.md and the page know of a
// command. Thread: loop thread (handlers act on the device).

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "console/caller.hpp"
#include "console/command_line.hpp"
#include "console/device_control.hpp"
#include "console/reply.hpp"
#include "core/result.hpp"
#include "core/text.hpp"

namespace meterseal::console {

/// What a command is about, for people.
enum class Group : std::uint8_t {
  mqtt,
  tls,
  telemetry,
  energy,
  modbus,
  time,
  web,
  log,
  device,
};
inline constexpr std::array kGroups{Group::mqtt, Group::tls, Group::telemetry, Group::energy, Group::modbus,
                                    Group::time, Group::web, Group::log,       Group::device};
[[nodiscard]] std::string_view name_of(Group group);

/// By MQTT and otherwise, in a word: "always", "safe", "all", "never", "at the device".
[[nodiscard]] std::string_view who_may(Change change);

struct IndexRange {
  std::uint32_t low = 1;
  std::uint32_t high = 1;
  /// Those within it that there are, for people; empty: all of them.
  std::string_view only = {};  // NOLINT(readability-redundant-member-init): g++ warns without

  [[nodiscard]] bool is_one() const { return low == 1 && high == 1; }
  /// "1 to 32"
  [[nodiscard]] Text<48> text() const;
};

enum class Data : std::uint8_t {
  open,
  secret  ///< never on a command line, in a URL, in a history or in a reply
};

/// In the order in which a row is read.
struct Command {          // NOLINT(clang-analyzer-optin.performance.Padding)
  std::string_view name;  ///< canonical spelling, the key of its reply
  Group group;
  Change change;
  IndexRange index;
  std::string_view arguments;
  std::string_view help;
  Result<Replies> (*run)(const CommandLine& line, DeviceControl& device);  ///< nullptr: the console itself does it
  /// Whether this argument is Change::local although others are not; nullptr: none is.
  bool (*is_local)(const CommandLine& line) = nullptr;
  Data data = Data::open;
};

/// All commands, by name.
[[nodiscard]] std::span<const Command> commands();
/// nullptr: unknown
[[nodiscard]] const Command* find_command(std::string_view name);
/// Of a mistyped name; nullptr: none is close
[[nodiscard]] const Command* nearest_command(std::string_view name);

/// Where a word begins that names a password, npos: nowhere. Also mistyped, or inside a Backlog.
[[nodiscard]] std::size_t find_password_word(std::string_view text);
/// Does the line, or one in its Backlog, set a secret?
[[nodiscard]] bool holds_secret(std::string_view line);

}  // namespace meterseal::console
