#include "secrets/host/worker.hpp"

#include <sodium.h>

#include <boost/asio/post.hpp>
#include <system_error>
#include <utility>

#include "secrets/errors.hpp"

namespace meterseal::secrets::host {

namespace {
constexpr std::size_t kMostWaiting = 4;
}

Secret::~Secret() {
  sodium_memzero(text_.data(), text_.size());
}

Worker::~Worker() {
  if (thread_.joinable()) thread_.join();
}

void Worker::start(Work work, Done done) {
  if (waiting_.size() >= kMostWaiting) return done(fail(hasher_busy, "password", "too many password checks wait"));
  waiting_.push_back({std::move(work), std::move(done)});
  start_next();
}

void Worker::start_next() {
  if (thread_.joinable() || waiting_.empty()) return;
  Job next = std::move(waiting_.front());
  waiting_.pop_front();
  running_ = std::move(next.done);  // stays on the loop thread
  try {
    thread_ = std::thread([this, alive = std::weak_ptr<const int>(alive_), work = std::move(next.work)]() mutable {
      auto outcome = work();
      work = {};
      boost::asio::post(loop_, [this, alive, outcome = std::move(outcome)]() mutable {
        if (!alive.expired()) finish(std::move(outcome));
      });
    });
  } catch (const std::system_error& error) {
    std::exchange(running_, {})(fail(hasher_busy, "password", error.what()));
  }
}

void Worker::finish(Result<std::string> outcome) {
  thread_.join();
  thread_ = {};
  const Done done = std::exchange(running_, {});
  start_next();
  done(std::move(outcome));
}

}  // namespace meterseal::secrets::host
