#pragma once

// A listening TCP port that hands each connection to its owner. Ownership: by shared_ptr, as PacedSession.
// Thread: loop thread only. Errors: meter::sim_line_failed.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.hpp"

namespace meterseal::meter::sim::host {

class TcpListener : public std::enable_shared_from_this<TcpListener> {
 public:
  using Accept = std::function<void(boost::asio::ip::tcp::socket)>;

  /// @param address  numeric  @param port  0: any free one
  [[nodiscard]] static Result<std::shared_ptr<TcpListener>> open(boost::asio::io_context& io,
                                                                 const std::string& address, std::uint16_t port);

  explicit TcpListener(boost::asio::io_context& io) : acceptor_(io) {}

  void start(Accept accept);
  void close();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept_next();

  boost::asio::ip::tcp::acceptor acceptor_;  // loop thread only
  Accept accept_;
  std::uint16_t port_ = 0;
  bool is_closed_ = false;
};

}  // namespace meterseal::meter::sim::host
