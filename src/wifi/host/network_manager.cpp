#include "wifi/host/network_manager.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "wifi/errors.hpp"
#include "wifi/host/bus.hpp"
#include "wifi/host/opener.hpp"
#include "wifi/host/radio_facts.hpp"

namespace meterseal::wifi::host {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr int kWaitForEnd_ms = 3000;

class EventFd {
 public:
  EventFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~EventFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  void signal() const {
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    (void)!::read(fd_, &count, sizeof count);
  }

 private:
  const int fd_;
};

/// What worker and loop share. Handed across: each of `said` before `said_count` counts it, never after.
struct Shared {
  explicit Shared(Key a_key) : key(std::move(a_key)) {}

  const Key key;
  const EventFd stop;
  const EventFd news;
  const EventFd ended;
  std::array<std::optional<Result<Opened>>, 2> said;  ///< that it is open or why not; that it was lost
  std::atomic<std::size_t> said_count{0};

  void say(Result<Opened> what) {
    const std::size_t count = said_count.load(std::memory_order_relaxed);
    said[count] = std::move(what);
    said_count.store(count + 1, std::memory_order_release);
    news.signal();
  }
};

void run(Shared& shared) {
  auto bus = Bus::open();
  if (!bus) return shared.say(tl::unexpected(bus.error()));
  Opener opener(
      **bus, [](const std::string& interface) { return why_not_wpa3(read_radio_facts(interface)); }, shared.stop.fd());
  auto opened = opener.open(shared.key);
  const bool is_open = opened.has_value();
  shared.say(std::move(opened));
  while (is_open && !opener.is_stopped()) {
    if (auto stands = opener.look_after(); !stands) return shared.say(tl::unexpected(stands.error()));
  }
  opener.close();
}

class NetworkManagerAccessPoint final : public AccessPoint {
 public:
  explicit NetworkManagerAccessPoint(boost::asio::io_context& loop) : loop_(loop), news_(loop) {}
  NetworkManagerAccessPoint(const NetworkManagerAccessPoint&) = delete;
  NetworkManagerAccessPoint& operator=(const NetworkManagerAccessPoint&) = delete;

  ~NetworkManagerAccessPoint() override {
    NetworkManagerAccessPoint::close();
    if (!shared_) return;
    pollfd ended{shared_->ended.fd(), POLLIN, 0};
    (void)::poll(&ended, 1, kWaitForEnd_ms);
  }

  void open(const Key& key, Told told) override {
    told_ = std::move(told);
    auto shared = std::make_shared<Shared>(key);
    const int copy = ::fcntl(shared->news.fd(), F_DUPFD_CLOEXEC, 0);
    boost::system::error_code error;
    if (copy >= 0) std::ignore = news_.assign(copy, error);
    try {
      if (copy < 0 || error || shared->stop.fd() < 0 || shared->ended.fd() < 0) throw std::system_error(error);
      std::thread([shared] {
        run(*shared);
        shared->ended.signal();
      }).detach();
    } catch (const std::system_error&) {
      boost::asio::post(loop_, [told = std::exchange(told_, nullptr)] {
        told(fail(start_failed, "worker", "no descriptor or thread can be had"));
      });
      return;
    }
    shared_ = std::move(shared);
    await_news();
  }

  void close() override {
    told_ = nullptr;
    boost::system::error_code ignored;
    std::ignore = news_.close(ignored);
    if (shared_) shared_->stop.signal();
  }

 private:
  void await_news() {
    news_.async_wait(Descriptor::wait_read, [this, alive = std::weak_ptr<const int>(alive_)](const auto& cancelled) {
      if (cancelled || alive.expired()) return;
      shared_->news.clear();
      const std::size_t count = shared_->said_count.load(std::memory_order_acquire);
      await_news();
      // The one who is told may close.
      while (!alive.expired() && told_ && heard_ < count) {
        const Told told = told_;
        told(*shared_->said[heard_++]);
      }
    });
  }

  // constant after construction
  boost::asio::io_context& loop_;

  // loop thread only
  Descriptor news_;
  Told told_;
  std::size_t heard_ = 0;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);

  // handed across
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<AccessPoint> make_access_point(boost::asio::io_context& loop) {
  return std::make_unique<NetworkManagerAccessPoint>(loop);
}

}  // namespace meterseal::wifi::host
