#pragma once

// A port on a serial device. Opening never hangs (no waiting for a carrier); the path is resolved at each open, so that
// a link of /dev/serial/by-id leads to the adapter under whatever name it has now. What the device refuses of the
// settings is one warning, given again only when it changes. Thread: the loop thread.

#include <memory>

#include "core/log.hpp"
#include "meter/host/line_control.hpp"
#include "meter/host/port.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::meter::host {

/// @param control, log, events  must outlive the port
/// Errors: port_missing, port_denied, port_busy, port_unusable, baud_unsupported, port_lost
[[nodiscard]] std::unique_ptr<Port> make_serial_port(boost::asio::io_context& io, LineControl& control, Log& log,
                                                     SerialSettings settings, PortEvents& events);

}  // namespace meterseal::meter::host
