#pragma once

// A port: the device or connection behind a bus. Everything is asynchronous and happens on the loop thread; a port
// never calls its PortEvents from within a call to it, and never after close() has returned.
//
// Ownership: BusDriver owns its port; the PortEvents outlive it. Errors: port_failed() says which code: missing,
// denied, busy, lost...; the port is then to be closed and may be opened again.

#include <string>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace meterseal::meter::host {

class PortEvents {
 public:
  virtual ~PortEvents() = default;
  virtual void port_opened() = 0;
  virtual void port_failed(const Error& error) = 0;
  virtual void request_sent() = 0;
  virtual void received(Bytes bytes) = 0;  ///< at least one byte, valid during the call
};

class Port {
 public:
  virtual ~Port() = default;  ///< closes

  /// Resolves its path or name anew each time, so that what was plugged in again is found. -> port_opened or
  /// port_failed
  virtual void open() = 0;
  virtual void close() = 0;
  /// Cancels the read and throws away what has arrived.
  virtual void flush_input() = 0;
  /// Takes a copy. One at a time. -> request_sent or port_failed
  virtual void write(Bytes bytes) = 0;
  /// One read of whatever is there or comes first. -> received once, or port_failed
  virtual void read() = 0;

  /// For people: "/dev/ttyUSB0 9600 8N1", "192.0.2.7:502 (Modbus TCP)".
  [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace meterseal::meter::host
