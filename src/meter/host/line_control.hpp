#pragma once

// The settings of a serial line and how they are brought to the device. LineControl is the operating system's part, so
// that a test can be a device that refuses: a pseudo-terminal knows neither parity nor low latency nor RS485.
//
// Ownership: values; LineControl has no state. Thread: the loop thread; no call blocks.
// @source termios(3), ioctl_tty(2), Linux Documentation/driver-api/serial/serial-rs485.rst

#include <linux/serial.h>
#include <termios.h>

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "core/result.hpp"

namespace meterseal::meter::host {

enum class Parity : std::uint8_t {
  none,
  even,
  odd
};

/// Who switches a half-duplex transceiver to sending. Adapters with automatic direction need nobody.
enum class Rs485 : std::uint8_t {
  automatic,  ///< the kernel where its driver can, without a word where it cannot
  kernel,     ///< the kernel; a warning where it cannot
  off,        ///< the kernel must not
};

struct SerialSettings {
  std::string device;  ///< best below /dev/serial/by-id: stays the same when the adapter is plugged in again
  std::uint32_t baud = 9600;
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;  ///< 1 or 2
  Rs485 rs485 = Rs485::automatic;
};

[[nodiscard]] std::uint8_t bits_per_character(const SerialSettings& settings);
[[nodiscard]] std::string describe(const SerialSettings& settings);  ///< "/dev/ttyUSB0 9600 8N1"

/// The system calls, nothing more. Results are errno values, 0 for success.
class LineControl {
 public:
  virtual ~LineControl() = default;
  /// Nobody else may open it (TIOCEXCL), nobody else holds it (flock).
  [[nodiscard]] virtual int lock(int fd) = 0;
  [[nodiscard]] virtual tl::expected<termios, int> attributes(int fd) = 0;
  [[nodiscard]] virtual int set_attributes(int fd, const termios& line) = 0;
  [[nodiscard]] virtual int set_low_latency(int fd) = 0;
  [[nodiscard]] virtual tl::expected<serial_rs485, int> rs485(int fd) = 0;
  [[nodiscard]] virtual int set_rs485(int fd, const serial_rs485& settings) = 0;
};

[[nodiscard]] LineControl& system_line_control();

/// What the device refused, for one line in the log: "parity even, low latency". Empty: all is as asked.
using RefusedSettings = Text<160>;

/// Locks the device and applies the settings: raw, no flow control, modem lines ignored. Each setting is read back.
/// @return port_busy, port_unusable (no terminal), baud_unsupported
[[nodiscard]] Result<RefusedSettings> configure_line(LineControl& control, int fd, const SerialSettings& settings);

}  // namespace meterseal::meter::host
