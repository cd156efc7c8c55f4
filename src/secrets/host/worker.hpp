#pragma once

// Slow work on secrets, one at a time, so that its memory is bounded: each runs on a short-lived thread, and what came
// of it is told on the loop. At most 4 wait. Destroying it waits for the one that runs and tells nobody.
// Ownership: loop must outlive it. Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/result.hpp"

namespace meterseal::secrets::host {

/// Is wiped from memory with its last owner.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret();
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};
using SharedSecret = std::shared_ptr<const Secret>;

class Worker {
 public:
  using Work = std::function<Result<std::string>()>;  ///< runs on the thread
  using Done = std::function<void(Result<std::string>)>;

  explicit Worker(boost::asio::io_context& loop) : loop_(loop) {}
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `done` is called later, or at once with secrets::hasher_busy.
  void start(Work work, Done done);

 private:
  struct Job {
    Work work;
    Done done;
  };
  void start_next();
  void finish(Result<std::string> outcome);

  boost::asio::io_context& loop_;  // constant after construction

  // loop thread only
  std::deque<Job> waiting_;
  Done running_;
  std::thread thread_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

}  // namespace meterseal::secrets::host
