#pragma once

// The last lines of the log, for the page: everything that is written goes through to the program's log, and the newest
// lines of level info and above stay here. Bounds: 200 lines of at most 240 bytes. Thread: any.

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "core/time.hpp"

namespace meterseal::app {

class LogTail final : public Log {
 public:
  static constexpr std::size_t kMost = 200;

  /// @param log  must outlive it
  explicit LogTail(Log& log) : log_(log) {}

  void write(LogLevel level, std::string_view tag, std::string_view text) override;
  /// Oldest first, each with the time of this machine's clock.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  Log& log_;                       // constant after construction
  mutable std::mutex mutex_;       // of the next
  std::deque<std::string> lines_;  // any thread
};

}  // namespace meterseal::app
