#pragma once

// Tasmota's command grammar: `TelePeriod 60`, `status0`, `cmnd/emon_1/STATUS 10` pasted as a line, or the last level of
// an MQTT topic with its payload. Differences are named in docs/commands.md.
//
// The text may come from anybody who can publish on the broker: bounded, checked, never interpreted further than this.
// Owner: values that point into the caller's text. Thread: any (pure). Errors: line_malformed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace meterseal::console {

inline constexpr std::size_t kMaxLine = 1024;

struct CommandLine {
  std::string_view name;               ///< without its index, as typed; empty: no command at all
  std::optional<std::uint32_t> index;  ///< digits at the end of the command, where given
  std::string_view data;               ///< without blanks around it

  [[nodiscard]] bool is_query() const { return data.empty() || data == "?"; }
};

/// A line of the console. An empty one gives an empty name and no data.
/// @param line  must outlive the result, like the following
[[nodiscard]] Result<CommandLine> parse_line(std::string_view line);

/// A command that came by MQTT.
/// @param word  the last level of the topic     @param payload  empty or "?" is a query
[[nodiscard]] Result<CommandLine> parse_message(std::string_view word, std::string_view payload);

/// The whole of `data` as a number: decimal, 0x hexadecimal, or one of Tasmota's words (ON, off, toggle, ...).
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view data);

/// What was asked, as it is repeated in an error reply: upper-case command, data, at most 63 bytes of clean text.
[[nodiscard]] std::string shown_input(const CommandLine& line);
/// The same of text that is no command line.
[[nodiscard]] std::string shown_input(std::string_view raw);

}  // namespace meterseal::console
