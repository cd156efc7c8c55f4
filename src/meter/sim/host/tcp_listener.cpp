#include "meter/sim/host/tcp_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <tuple>
#include <utility>

#include "meter/errors.hpp"

namespace meterseal::meter::sim::host {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

Result<std::shared_ptr<TcpListener>> TcpListener::open(asio::io_context& io, const std::string& address,
                                                       std::uint16_t port) {
  Text<96> where(address);
  where.add(":").add_uint(port);
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return fail(sim_options_invalid, where, "not a numeric address");
  const asio::ip::tcp::endpoint endpoint(ip, port);
  auto listener = std::make_shared<TcpListener>(io);
  asio::ip::tcp::acceptor& acceptor = listener->acceptor_;
  std::ignore = acceptor.open(endpoint.protocol(), error);
  if (!error) std::ignore = acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) std::ignore = acceptor.bind(endpoint, error);
  if (!error) std::ignore = acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) listener->port_ = acceptor.local_endpoint(error).port();
  if (error) return fail(sim_line_failed, where, error.message());
  return listener;
}

void TcpListener::start(Accept accept) {
  accept_ = std::move(accept);
  accept_next();
}

void TcpListener::close() {
  is_closed_ = true;
  error_code ignored;
  std::ignore = acceptor_.close(ignored);
}

void TcpListener::accept_next() {
  acceptor_.async_accept([self = shared_from_this()](error_code error, asio::ip::tcp::socket socket) {
    if (self->is_closed_ || (error && error != asio::error::connection_aborted)) return;
    if (!error) {
      error_code ignored;
      std::ignore = socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      self->accept_(std::move(socket));
    }
    self->accept_next();
  });
}

}  // namespace meterseal::meter::sim::host
