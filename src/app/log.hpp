#pragma once

// The program's log on standard error. On a terminal `hh:mm:ss.mmm TAG: text` (and `... warning: TAG: text`), under
// systemd's journal `<4>TAG: text`, where the journal adds the time itself.
//
// Whatever came from outside (a broker's name, a topic, a certificate) cannot forge a line: control characters and what
// is no UTF-8 are shown as \xNN. Thread: any.

#include <memory>
#include <string>
#include <string_view>

#include "core/log.hpp"

namespace meterseal::app {

enum class LogStyle : std::uint8_t {
  terminal,
  journal
};

/// The style for standard error. @param journal_stream  $JOURNAL_STREAM, nullptr or "device:inode"
[[nodiscard]] LogStyle log_style(const char* journal_stream);

/// @return bad_log_level
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);

/// Writes lines of `level` and above.
[[nodiscard]] std::unique_ptr<Log> make_log(LogLevel level, LogStyle style);

/// One line without its time, as it will be written.
[[nodiscard]] std::string format_log_line(LogStyle style, LogLevel level, std::string_view tag, std::string_view text);

}  // namespace meterseal::app
