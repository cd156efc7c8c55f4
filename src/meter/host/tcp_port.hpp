#pragma once

// A port on a network connection: a meter or gateway that speaks Modbus TCP, or a transparent serial server that
// carries RTU frames. A connect has 10 s for look-up and all addresses together; a peer that is gone without a word is
// noticed by keep-alive, or by its silence about what was sent, within half a minute. Thread: the loop thread.

#include <memory>

#include "meter/host/port.hpp"
#include "meter/modbus_frame.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::meter::host {

struct TcpSettings {
  std::string host;  ///< name or address
  std::uint16_t port = 502;
  Framing framing = Framing::mbap;  ///< mbap: Modbus TCP; rtu: RTU frames as they are
};

/// @param events  must outlive the port
/// Errors: host_unknown, connect_failed, port_lost
[[nodiscard]] std::unique_ptr<Port> make_tcp_port(boost::asio::io_context& io, TcpSettings settings,
                                                  PortEvents& events);

}  // namespace meterseal::meter::host
