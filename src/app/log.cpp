#include "app/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "app/errors.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxText = 2000;

void add_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 0xF];
}

/// Length of the character at `at` that may be shown as it is; 0: none.
std::size_t shown_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  // U+0080 to U+009F control terminals like their 7-bit forms.
  if (lead == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return 0;
  for (std::size_t length = 2; length <= 4 && at + length <= text.size(); ++length) {
    if (is_utf8_without_nul(text.substr(at, length))) return length;
  }
  return 0;
}

std::string clean(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() > kMaxText) return out + "...";
    const std::size_t length = shown_length(text, at);
    if (length == 0) add_escaped(out, static_cast<unsigned char>(text[at]));
    out += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

/// @source sd-daemon(3): the priorities of syslog in angle brackets
std::string_view journal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::error: return "<3>";
    case LogLevel::warning: return "<4>";
    case LogLevel::info: return "<6>";
    case LogLevel::debug: return "<7>";
  }
  return {};
}

std::string_view terminal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::error: return "error: ";
    case LogLevel::warning: return "warning: ";
    case LogLevel::info:
    case LogLevel::debug: return "";
  }
  return {};
}

class StderrLog : public Log {
 public:
  StderrLog(LogLevel level, LogStyle style)
      : level_(level), style_(style), logger_("meterseal", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_pattern(style == LogStyle::terminal ? "%H:%M:%S.%e %v" : "%v");
    logger_.set_level(spdlog::level::trace);
    logger_.flush_on(spdlog::level::trace);
  }

  void write(LogLevel level, std::string_view tag, std::string_view text) override {
    if (level > level_) return;
    const std::string line = format_log_line(style_, level, tag, text);
    logger_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const LogLevel level_;
  const LogStyle style_;
  spdlog::logger logger_;  // has its own lock
};

}  // namespace

LogStyle log_style(const char* journal_stream) {
  struct stat status{};
  if (journal_stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return LogStyle::terminal;
  // Inherited by children of a service, whose standard error may be something else. @source systemd.exec(5)
  const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  return own == journal_stream ? LogStyle::journal : LogStyle::terminal;
}

Result<LogLevel> parse_log_level(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 4> levels{{{"error", LogLevel::error},
                                                                         {"warning", LogLevel::warning},
                                                                         {"info", LogLevel::info},
                                                                         {"debug", LogLevel::debug}}};
  for (const auto& [name, level] : levels) {
    if (text == name) return level;
  }
  return fail(bad_log_level, "--log-level", "is none of error, warning, info, debug");
}

std::string format_log_line(LogStyle style, LogLevel level, std::string_view tag, std::string_view text) {
  std::string line(style == LogStyle::journal ? journal_prefix(level) : terminal_prefix(level));
  if (!tag.empty()) line += clean(tag) + ": ";
  return line + clean(text);
}

std::unique_ptr<Log> make_log(LogLevel level, LogStyle style) {
  return std::make_unique<StderrLog>(level, style);
}

}  // namespace meterseal::app
