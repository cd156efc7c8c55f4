#pragma once

// What `meterseal tls watch` prints: an event as a line of text or of JSON, and the state of all servers as a
// Prometheus text file or as the line and the exit code of a Nagios check. Thread: any (pure).
// @source Prometheus text exposition format 0.0.4; Monitoring Plugins Development Guidelines, "Plugin Output"

#include <span>
#include <string>

#include "app/toolbox/watch_list.hpp"

namespace meterseal::app {

[[nodiscard]] std::string event_text(const Watched& watched, const WatchEvent& event, UtcTime now);
[[nodiscard]] std::string event_json(const Watched& watched, const WatchEvent& event, UtcTime now);

/// A server and how bad the last round was for it, a change of its certificate included.
struct WatchRow {
  const Watched* watched = nullptr;
  WatchLevel level = WatchLevel::good;
};

[[nodiscard]] std::string prometheus_text(std::span<const WatchRow> rows, UtcTime now);

/// First line: state, sum and performance data; then one line for each server that is not good, at most 50.
[[nodiscard]] std::string nagios_text(std::span<const WatchRow> rows, UtcTime now);
[[nodiscard]] WatchLevel worst(std::span<const WatchRow> rows);

}  // namespace meterseal::app
