#pragma once

// The HTTPS server of the page: listens, speaks TLS by trust/host, reads requests, lets the site answer, and pushes
// live values once a second to those who asked (server-sent events). Nothing is served in clear.
//
// Hostile clients find these bounds: 64 connections, 16 of one source (IPv6: /64), 16 streams, 50 new connections a
// second, 10 s for a handshake and for a request from its first to its last byte, 30 s idle, 20 s without taking an
// answer, 256 KiB of unsent answer. When it is full, the connection that has waited longest without ever getting an
// answer makes room. The loop is never blocked.
//
// Ownership: everything given must outlive it; destroying it closes all. Thread: loop thread.
// Errors: web::listen_failed.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/host/tls_server.hpp"
#include "web/site.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::web::host {

struct ListenAddress {
  std::string address;  ///< IPv4 or IPv6 literal, without brackets
  std::uint16_t port = 8443;
};

struct ServerLimits {
  std::size_t connections = 64;
  std::size_t of_one_source = 16;
  std::size_t streams = 16;
  unsigned new_per_second = 50;
  seconds request{10};  ///< and handshake
  seconds idle{30};
  seconds write{20};
  std::size_t unsent = std::size_t{256} * 1024;
};

class Server {
 public:
  /// Nothing listens when one of the addresses cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<Server>> make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                                            Site& site,
                                                            std::shared_ptr<trust::host::TlsServerContext> tls,
                                                            const std::vector<ListenAddress>& addresses,
                                                            const ServerLimits& limits = {});
  virtual ~Server() = default;

  /// In the order of the addresses, for port 0.
  [[nodiscard]] virtual std::vector<std::uint16_t> ports() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

}  // namespace meterseal::web::host
