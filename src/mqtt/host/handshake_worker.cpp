#include "mqtt/host/handshake_worker.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <system_error>
#include <thread>
#include <utility>

namespace meterseal::mqtt::host {

namespace {

using Progress = trust::host::TlsClient::Progress;
using Descriptor = boost::asio::posix::stream_descriptor;

/// What worker and loop share. Handed across: everything is the worker's until `ready`, and the loop's after.
struct Step {
  explicit Step(std::shared_ptr<trust::host::TlsClient> of)
      : client(std::move(of)), signal(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step() {
    if (signal >= 0) ::close(signal);
  }

  std::shared_ptr<trust::host::TlsClient> client;
  const int signal;
  Progress progress = Progress::failed;
  std::atomic<bool> ready{false};
};

void work(Step& step) {
  step.progress = step.client->handshake();
  step.ready.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!::write(step.signal, &one, sizeof(one));
}

}  // namespace

struct HandshakeWorker::Impl : std::enable_shared_from_this<HandshakeWorker::Impl> {
  explicit Impl(boost::asio::io_context& io) : loop(io), signal(io) {}

  /// @return false: there is no thread or no descriptor
  bool launch() {
    boost::system::error_code error;
    signal.close(error);
    const int copy = ::fcntl(running->signal, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return false;
    signal.assign(copy, error);
    if (error) return false;
    signal.async_wait(Descriptor::wait_read, [self = shared_from_this(), step = running](const auto& cancelled) {
      if (!cancelled) self->finish(step);
    });
    try {
      std::thread([step = running] { work(*step); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void finish(const std::shared_ptr<Step>& step) {
    if (step != running || !step->ready.load(std::memory_order_acquire)) return;
    running.reset();
    boost::system::error_code ignored;
    signal.close(ignored);
    step->client.reset();
    if (const Done report = std::exchange(done, nullptr)) report(step->progress);
  }

  boost::asio::io_context& loop;
  Descriptor signal;
  std::shared_ptr<Step> running;
  Done done;
};

HandshakeWorker::HandshakeWorker(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}

HandshakeWorker::~HandshakeWorker() {
  cancel();
}

void HandshakeWorker::step(std::shared_ptr<trust::host::TlsClient> client, Done done) {
  impl_->done = std::move(done);
  impl_->running = std::make_shared<Step>(std::move(client));
  if (impl_->launch()) return;
  impl_->running->ready.store(true, std::memory_order_release);
  boost::asio::post(impl_->loop, [impl = impl_, step = impl_->running] { impl->finish(step); });
}

void HandshakeWorker::cancel() {
  impl_->done = nullptr;
  impl_->running.reset();
  boost::system::error_code ignored;
  impl_->signal.close(ignored);
}

}  // namespace meterseal::mqtt::host
