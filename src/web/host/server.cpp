#include "web/host/server.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <tuple>
#include <utility>

#include "web/errors.hpp"
#include "web/host/connection.hpp"

namespace meterseal::web::host {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct Shared {
  asio::io_context& loop;
  const Clock& clock;
  Log& log;
  Site& site;
  std::shared_ptr<trust::host::TlsServerContext> tls;
  const ServerLimits limits;

  std::vector<std::shared_ptr<Connection>> connections;
  std::vector<tcp::acceptor> acceptors;
  std::vector<bool> is_accepting;
  asio::steady_timer tick;
  unsigned accepted = 0;  ///< since the last tick
  bool is_over = false;
};
using SharedPtr = std::shared_ptr<Shared>;

void accept_next(const SharedPtr& shared, std::size_t which);

std::size_t count_of(const Shared& shared, const std::string& group) {
  return static_cast<std::size_t>(std::count_if(shared.connections.begin(), shared.connections.end(),
                                                [&](const auto& c) { return c->source_group() == group; }));
}

/// Room for one more: whoever has been here longest without a single answer goes. @return false: all are real clients
bool make_room(Shared& shared) {
  if (shared.connections.size() < shared.limits.connections) return true;
  const auto found = std::find_if(shared.connections.begin(), shared.connections.end(),
                                  [](const auto& c) { return !c->was_answered(); });
  if (found == shared.connections.end()) return false;
  // Its own owner: closing it takes it out of the list.
  const auto victim = *found;  // NOLINT(performance-unnecessary-copy-initialization)
  victim->close();
  return true;
}

bool may_stream(const Shared& shared) {
  return static_cast<std::size_t>(std::count_if(shared.connections.begin(), shared.connections.end(),
                                                [](const auto& c) { return c->is_stream(); })) < shared.limits.streams;
}

void take(const SharedPtr& shared, tcp::socket socket) {
  auto tls = shared->tls->accept();
  if (!tls) return;
  const auto connection = std::make_shared<Connection>(
      std::move(socket), std::move(tls), shared->site, shared->clock, shared->limits,
      [weak = std::weak_ptr<Shared>(shared)] {
        const SharedPtr alive = weak.lock();
        return alive && may_stream(*alive);
      },
      [weak = std::weak_ptr<Shared>(shared)](Connection* ended) {
        if (const SharedPtr alive = weak.lock())
          std::erase_if(alive->connections, [&](const auto& c) { return c.get() == ended; });
      });
  // One source cannot take the place of all others; the oldest of all others can only go for a new source.
  if (count_of(*shared, connection->source_group()) >= shared->limits.of_one_source || !make_room(*shared)) return;
  shared->connections.push_back(connection);
  connection->start();
}

void accept_next(const SharedPtr& shared, std::size_t which) {
  // A handshake costs a signature: beyond this rate the kernel's queue waits, and telemetry goes on.
  shared->is_accepting[which] = !shared->is_over && shared->accepted < shared->limits.new_per_second;
  if (!shared->is_accepting[which]) return;
  shared->acceptors[which].async_accept([shared, which](error_code error, tcp::socket socket) {
    if (shared->is_over) return;
    ++shared->accepted;
    if (!error) take(shared, std::move(socket));
    // Out of descriptors: wait for the next tick instead of spinning.
    if (error && error != asio::error::connection_aborted) shared->accepted = shared->limits.new_per_second;
    accept_next(shared, which);
  });
}

void tick(const SharedPtr& shared) {
  shared->tick.expires_after(std::chrono::seconds(1));
  shared->tick.async_wait([shared](error_code error) {
    if (error || shared->is_over) return;
    const Instant now = shared->clock.now();
    // A copy: closing one takes it out of the list.
    const auto connections = shared->connections;
    for (const auto& connection : connections) {
      if (connection->is_overdue(now)) {
        connection->close();
      } else {
        connection->push();
      }
    }
    shared->site.tick();
    shared->accepted = 0;
    for (std::size_t i = 0; i < shared->acceptors.size(); ++i) {
      if (!shared->is_accepting[i]) accept_next(shared, i);
    }
    tick(shared);
  });
}

Result<tcp::acceptor> listen_at(asio::io_context& loop, const ListenAddress& address) {
  Text<96> where(address.address);
  where.add(":").add_uint(address.port);
  error_code error;
  const auto ip = asio::ip::make_address(address.address, error);
  if (error) return fail(listen_failed, where, "is no IP address");
  const tcp::endpoint endpoint(ip, address.port);
  tcp::acceptor acceptor(loop);
  std::ignore = acceptor.open(endpoint.protocol(), error);
  if (!error) std::ignore = acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && ip.is_v6()) std::ignore = acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) std::ignore = acceptor.bind(endpoint, error);
  if (!error) std::ignore = acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(listen_failed, where, error.message());
  return acceptor;
}

class AsioServer final : public Server {
 public:
  explicit AsioServer(SharedPtr shared) : shared_(std::move(shared)) {
    for (std::size_t i = 0; i < shared_->acceptors.size(); ++i) accept_next(shared_, i);
    tick(shared_);
  }
  // Closing throws only without memory, and then there is nothing left to mend.
  ~AsioServer() override {  // NOLINT(bugprone-exception-escape)
    shared_->is_over = true;
    error_code ignored;
    for (tcp::acceptor& acceptor : shared_->acceptors) std::ignore = acceptor.close(ignored);
    shared_->tick.cancel();
    const auto connections = std::exchange(shared_->connections, {});
    for (const auto& connection : connections) connection->close();
  }
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;

  [[nodiscard]] std::vector<std::uint16_t> ports() const override {
    std::vector<std::uint16_t> ports;
    error_code ignored;
    for (const tcp::acceptor& acceptor : shared_->acceptors) ports.push_back(acceptor.local_endpoint(ignored).port());
    return ports;
  }
  [[nodiscard]] std::size_t connections() const override { return shared_->connections.size(); }

 private:
  SharedPtr shared_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::make(asio::io_context& loop, const Clock& clock, Log& log, Site& site,
                                             std::shared_ptr<trust::host::TlsServerContext> tls,
                                             const std::vector<ListenAddress>& addresses, const ServerLimits& limits) {
  const auto shared = std::make_shared<Shared>(
      Shared{loop, clock, log, site, std::move(tls), limits, {}, {}, {}, asio::steady_timer(loop), 0, false});
  for (const ListenAddress& address : addresses) {
    auto acceptor = listen_at(loop, address);
    if (!acceptor) return tl::unexpected(acceptor.error());
    shared->acceptors.push_back(std::move(*acceptor));
  }
  shared->is_accepting.assign(shared->acceptors.size(), false);
  return std::make_unique<AsioServer>(shared);
}

}  // namespace meterseal::web::host
