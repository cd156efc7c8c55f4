#pragma once

// One life of the agent, from start to orderly stop or restart: buses and meters, telemetry, store, delivery, the
// connection to the broker and the console behind it. This file is the whole program; what each part does stands in the
// part.
//
// Ownership: owns all parts; setup, log, clock and calendar must outlive it. Thread: run() is the loop thread; the
// store has a storage thread of its own. Errors: outbox::store_*, meter::bus_plan_invalid, before anything is started.

#include <memory>
#include <string>

#include "app/agent/site_setup.hpp"
#include "app/face/log_tail.hpp"
#include "core/host/system_clock.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::app {

/// Why the life ended.
enum class End : std::uint8_t {
  stop,     ///< SIGTERM, SIGINT
  restart,  ///< `Restart 1`, SIGHUP, a setting that needs one
  reset     ///< `Reset 1`: settings and trust are gone; files are left to web::host::WebState::finish_reset()
};

class Site {
 public:
  /// Opens the store; everything else is opened by run(). @param entrance  of the page, for all lives
  [[nodiscard]] static Result<std::unique_ptr<Site>> open(const SiteSetup& setup, std::string state_directory,
                                                          host::SystemClock& clock, const Calendar& calendar,
                                                          LogTail& log, LogLevel log_level, web::Entrance& entrance);
  virtual ~Site() = default;

  /// Until a signal or a command ends it; then everything has been committed and the broker has been told.
  [[nodiscard]] virtual End run() = 0;
};

}  // namespace meterseal::app
