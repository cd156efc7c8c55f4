#include "app/face/log_tail.hpp"

#include <array>
#include <chrono>

#include "app/log.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kLongest = 240;

std::string time_of_day() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto time = civil_utc(UtcTime(std::chrono::duration_cast<milliseconds>(now)));
  std::array<char, 16> memory{};
  TextWriter out(memory);
  out.add_padded(time.hour, 2).add(':').add_padded(time.minute, 2).add(':').add_padded(time.second, 2).add("Z ");
  return std::string(out.view());
}

}  // namespace

void LogTail::write(LogLevel level, std::string_view tag, std::string_view text) {
  log_.write(level, tag, text);
  if (level == LogLevel::debug) return;
  std::string line = time_of_day() + format_log_line(LogStyle::terminal, level, tag, text.substr(0, kLongest));
  const std::lock_guard lock(mutex_);
  if (lines_.size() == kMost) lines_.pop_front();
  lines_.push_back(std::move(line));
}

std::vector<std::string> LogTail::lines() const {
  const std::lock_guard lock(mutex_);
  return {lines_.begin(), lines_.end()};
}

}  // namespace meterseal::app
