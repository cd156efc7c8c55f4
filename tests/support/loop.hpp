#pragma once

// An io_context that a test drives: it runs until something has happened or a deadline has passed, never for a fixed
// time.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::test {

/// The steady clock of the machine as loop clock; no wall clock.
class SteadyClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant(
        std::chrono::duration_cast<LoopClock::duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  [[nodiscard]] std::optional<UtcTime> utc() const override { return std::nullopt; }
};

/// Runs handlers until `done` says so. @return false when the deadline came first
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto waits_without_work = boost::asio::make_work_guard(io);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  io.restart();
  while (!done()) {
    if (io.run_one_until(deadline) == 0) return done();
  }
  return true;
}

/// What `start(done)` hands to its `done`, in the end.
template <class Start>
Result<std::string> outcome_of(boost::asio::io_context& io, const Start& start) {
  std::optional<Result<std::string>> outcome;
  start([&](Result<std::string> r) { outcome = std::move(r); });
  run_until(io, [&] { return outcome.has_value(); }, std::chrono::seconds(60));
  return outcome.value();
}

}  // namespace meterseal::test
