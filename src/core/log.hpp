#pragma once

// Where pure code and host code write what they did. One line, no secrets: a caller never passes a password, a key or a
// payload that may hold one. The program's own log (src/app/log.cpp) prints `hh:mm:ss.mmm TAG: text`, tests collect.
// Thread: implementations must accept calls from any thread.

#include <cstdint>
#include <string_view>

#include "core/result.hpp"

namespace meterseal {

enum class LogLevel : std::uint8_t {
  error,
  warning,
  info,
  debug
};

class Log {
 public:
  virtual ~Log() = default;
  /// @param tag  the room in capitals as the console shows it: "MQTT", "TLS", "BUS", "NRG", "OUT", "CFG"
  virtual void write(LogLevel level, std::string_view tag, std::string_view text) = 0;

  void info(std::string_view tag, std::string_view text) { write(LogLevel::info, tag, text); }
  void warn(std::string_view tag, std::string_view text) { write(LogLevel::warning, tag, text); }
  void debug(std::string_view tag, std::string_view text) { write(LogLevel::debug, tag, text); }
  /// `where: detail (name)`, then the remedy as a second line.
  void error(std::string_view tag, const Error& error);
};

}  // namespace meterseal
