#include "meter/host/line_control.hpp"

#include <sys/file.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "meter/errors.hpp"

namespace meterseal::meter::host {

namespace {

struct Speed {
  std::uint32_t baud;
  speed_t code;
};
constexpr std::array<Speed, 16> kSpeeds{{{300, B300},
                                         {600, B600},
                                         {1200, B1200},
                                         {2400, B2400},
                                         {4800, B4800},
                                         {9600, B9600},
                                         {19200, B19200},
                                         {38400, B38400},
                                         {57600, B57600},
                                         {115200, B115200},
                                         {230400, B230400},
                                         {460800, B460800},
                                         {500000, B500000},
                                         {576000, B576000},
                                         {921600, B921600},
                                         {1000000, B1000000}}};

int errno_of(int result) {
  return result < 0 ? errno : 0;
}

class SystemLineControl final : public LineControl {
 public:
  int lock(int fd) override {
    // The lock tells programs that ask for one; TIOCEXCL keeps out those that do not (root excepted).
    if (::flock(fd, LOCK_EX | LOCK_NB) < 0) return errno;
    return errno_of(::ioctl(fd, TIOCEXCL));
  }
  tl::expected<termios, int> attributes(int fd) override {
    termios line{};
    if (::tcgetattr(fd, &line) < 0) return tl::unexpected(errno);
    return line;
  }
  int set_attributes(int fd, const termios& line) override { return errno_of(::tcsetattr(fd, TCSANOW, &line)); }
  int set_low_latency(int fd) override {
    serial_struct serial{};
    if (::ioctl(fd, TIOCGSERIAL, &serial) < 0) return errno;
    serial.flags |= ASYNC_LOW_LATENCY;
    return errno_of(::ioctl(fd, TIOCSSERIAL, &serial));
  }
  tl::expected<serial_rs485, int> rs485(int fd) override {
    serial_rs485 settings{};
    if (::ioctl(fd, TIOCGRS485, &settings) < 0) return tl::unexpected(errno);
    return settings;
  }
  int set_rs485(int fd, const serial_rs485& settings) override {
    serial_rs485 copy = settings;
    return errno_of(::ioctl(fd, TIOCSRS485, &copy));
  }
};

std::string_view name_of(Parity parity) {
  switch (parity) {
    case Parity::none: return "none";
    case Parity::even: return "even";
    case Parity::odd: return "odd";
  }
  return "";
}

void add_refused(RefusedSettings& refused, std::string_view what) {
  if (!refused.empty()) refused.add(", ");
  refused.add(what);
}

constexpr tcflag_t kFrame = CSIZE | PARENB | PARODD | CSTOPB;

tcflag_t frame_flags(const SerialSettings& settings) {
  tcflag_t flags = CS8;
  switch (settings.parity) {
    case Parity::none: break;
    case Parity::even: flags |= PARENB; break;
    case Parity::odd: flags |= PARENB | PARODD; break;
  }
  if (settings.stop_bits == 2) flags |= CSTOPB;
  return flags;
}

Result<RefusedSettings> apply_frame(LineControl& control, int fd, const SerialSettings& settings) {
  const auto* speed =
      std::find_if(kSpeeds.begin(), kSpeeds.end(), [&](const Speed& s) { return s.baud == settings.baud; });
  const Text<40> baud = Text<40>().add_uint(settings.baud).add(" baud");
  if (speed == kSpeeds.end()) return fail(baud_unsupported, settings.device, baud);
  auto line = control.attributes(fd);
  if (!line) return fail(port_unusable, settings.device, std::strerror(line.error()));
  ::cfmakeraw(&*line);
  line->c_cflag &= ~(kFrame | CRTSCTS | HUPCL);
  line->c_cflag |= CREAD | CLOCAL | frame_flags(settings);
  line->c_cc[VMIN] = 1;  // a read without bytes must not look like the end of the device
  line->c_cc[VTIME] = 0;
  ::cfsetspeed(&*line, speed->code);
  const int error = control.set_attributes(fd, *line);
  // Neither answer of tcsetattr means much: it succeeds when anything at all was set, and the C library makes an error
  // of a parity that the device dropped. What counts is what is there afterwards.
  const auto got = control.attributes(fd);
  if (!got) return fail(port_unusable, settings.device, std::strerror(got.error()));
  const bool is_raw = got->c_lflag == line->c_lflag && got->c_iflag == line->c_iflag && got->c_oflag == line->c_oflag;
  if (!is_raw) {
    return fail(port_unusable, settings.device,
                error != 0 ? std::strerror(error) : "the device keeps its own settings");
  }
  if (::cfgetospeed(&*got) != speed->code || ::cfgetispeed(&*got) != speed->code) {
    return fail(baud_unsupported, settings.device, baud);
  }
  RefusedSettings refused;
  const tcflag_t wrong = got->c_cflag ^ line->c_cflag;
  if ((wrong & CSIZE) != 0) add_refused(refused, "8 data bits");
  if ((wrong & (PARENB | PARODD)) != 0) add_refused(refused, Text<20>("parity ").add(name_of(settings.parity)));
  if ((wrong & CSTOPB) != 0) add_refused(refused, settings.stop_bits == 2 ? "2 stop bits" : "1 stop bit");
  return refused;
}

// False where the device cannot do as asked.
bool apply_rs485(LineControl& control, int fd, Rs485 mode) {
  const auto current = control.rs485(fd);
  const bool enabled = current && (current->flags & SER_RS485_ENABLED) != 0;
  switch (mode) {
    case Rs485::off: {
      if (!enabled) return true;
      serial_rs485 disabled = *current;
      disabled.flags &= ~static_cast<decltype(disabled.flags)>(SER_RS485_ENABLED);
      return control.set_rs485(fd, disabled) == 0;
    }
    case Rs485::automatic:
    case Rs485::kernel: {
      // What the device tree of the board says about polarity and delays stays as it is.
      if (enabled) return true;
      serial_rs485 wanted = current.value_or(serial_rs485{});
      wanted.flags |= SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
      wanted.flags &= ~static_cast<decltype(wanted.flags)>(SER_RS485_RTS_AFTER_SEND);
      return control.set_rs485(fd, wanted) == 0 || mode == Rs485::automatic;
    }
  }
  return true;
}

}  // namespace

std::uint8_t bits_per_character(const SerialSettings& settings) {
  const int parity = settings.parity == Parity::none ? 0 : 1;
  return static_cast<std::uint8_t>(1 + 8 + parity + settings.stop_bits);
}

std::string describe(const SerialSettings& settings) {
  const char parity = settings.parity == Parity::none ? 'N' : settings.parity == Parity::even ? 'E' : 'O';
  return settings.device + " " + std::to_string(settings.baud) + " 8" + parity + std::to_string(settings.stop_bits);
}

LineControl& system_line_control() {
  static SystemLineControl control;
  return control;
}

Result<RefusedSettings> configure_line(LineControl& control, int fd, const SerialSettings& settings) {
  if (const int error = control.lock(fd)) {
    const bool held = error == EWOULDBLOCK || error == EBUSY;
    if (held) return fail(port_busy, settings.device, "held by another program");
    return fail(port_unusable, settings.device, std::strerror(error));
  }
  auto refused = apply_frame(control, fd, settings);
  if (!refused) return refused;
  if (control.set_low_latency(fd) != 0) add_refused(*refused, "low latency");
  if (!apply_rs485(control, fd, settings.rs485)) {
    add_refused(*refused, settings.rs485 == Rs485::off ? "rs485 off" : "rs485 by the kernel");
  }
  return refused;
}

}  // namespace meterseal::meter::host
