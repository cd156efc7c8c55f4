#include "core/host/name_lookup.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace meterseal::host {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

/// What the worker and the loop share. Handed across: `result` before the store to `ready`, never after.
struct Shared {
  explicit Shared(std::string name)
      : host(std::move(name)), signal(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), signal_error(signal < 0 ? errno : 0) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    if (signal >= 0) ::close(signal);
  }

  const std::string host;
  const int signal;
  const int signal_error;
  FoundAddresses found;
  std::atomic<bool> ready{false};
};

/// The C library says of a name that it does not exist when it could not open the files that say where to ask.
int missing_descriptor() {
  const int probe = ::eventfd(0, EFD_CLOEXEC);
  if (probe < 0) return is_lack_of_resources(errno) ? errno : 0;
  ::close(probe);
  return 0;
}

void explain(FoundAddresses& found, int error, int system_error) {
  const int lack = error == EAI_SYSTEM && is_lack_of_resources(system_error) ? system_error : missing_descriptor();
  found.could_ask = lack == 0 && error != EAI_MEMORY;
  found.failure = lack != 0             ? std::strerror(lack)
                  : error == EAI_SYSTEM ? std::strerror(system_error)
                  : error != 0          ? ::gai_strerror(error)
                                        : "no address";
}

void look_up(Shared& shared) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(shared.host.c_str(), nullptr, &hints, &found);
  const int system_error = errno;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0) {
      shared.found.addresses.emplace_back(text);
    }
  }
  if (found != nullptr) ::freeaddrinfo(found);
  if (shared.found.addresses.empty()) explain(shared.found, error, system_error);
  shared.ready.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!::write(shared.signal, &one, sizeof(one));
}

}  // namespace

struct NameLookup::Impl : std::enable_shared_from_this<NameLookup::Impl> {
  explicit Impl(boost::asio::io_context& io_context) : io(io_context), signal(io_context) {}

  void start(const std::string& host, Done when_done) {
    done = std::move(when_done);
    if (running && running->host == host) return;  // its end is awaited already
    running = std::make_shared<Shared>(host);
    const std::string failure = launch();
    if (failure.empty()) return;
    running->found.failure = failure;
    running->found.could_ask = false;
    running->ready.store(true, std::memory_order_release);
    boost::asio::post(io, [self = shared_from_this(), shared = running] { self->finish(shared); });
  }

  /// @return why there is no thread, empty when there is one
  [[nodiscard]] std::string launch() {
    if (running->signal < 0) return std::strerror(running->signal_error);
    boost::system::error_code error;
    error = signal.close(error);
    const int copy = ::fcntl(running->signal, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return std::strerror(errno);
    error = signal.assign(copy, error);
    if (error) return error.message();
    signal.async_wait(Descriptor::wait_read, [self = shared_from_this(), shared = running](const auto& cancelled) {
      if (!cancelled) self->finish(shared);
    });
    try {
      std::thread([shared = running] { look_up(*shared); }).detach();
    } catch (const std::system_error& no_thread) {
      return no_thread.what();
    }
    return {};
  }

  void finish(const std::shared_ptr<Shared>& finished) {
    if (finished != running || !finished->ready.load(std::memory_order_acquire)) return;
    running.reset();
    boost::system::error_code ignored;
    ignored = signal.close(ignored);
    const Done report = std::exchange(done, nullptr);
    if (report) report(finished->found);
  }

  boost::asio::io_context& io;
  Descriptor signal;
  std::shared_ptr<Shared> running;
  Done done;
};

bool is_lack_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EAGAIN;
}

NameLookup::NameLookup(boost::asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

NameLookup::~NameLookup() {
  impl_->done = nullptr;
  impl_->running.reset();
  boost::system::error_code ignored;
  ignored = impl_->signal.close(ignored);
}

void NameLookup::start(const std::string& host, Done done) {
  impl_->start(host, std::move(done));
}

void NameLookup::cancel() {
  impl_->done = nullptr;
}

}  // namespace meterseal::host
