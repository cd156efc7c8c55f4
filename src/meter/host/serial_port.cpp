#include "meter/host/serial_port.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "meter/host/device_holder.hpp"
#include "meter/host/port_session.hpp"

namespace meterseal::meter::host {

namespace {

Error open_error(const std::string& device, int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case EIO: return make_error(port_missing, device, std::strerror(error));
    case EACCES:
    case EPERM: return make_error(port_denied, device, std::strerror(error));
    case EBUSY: return make_error(port_busy, device, "held by another program");
    default: return make_error(port_unusable, device, std::strerror(error));
  }
}

using Descriptor = boost::asio::posix::stream_descriptor;

// Asio watches a descriptor from the moment it has it until it is taken back, and every byte that arrives wakes the
// loop, whether somebody reads or not. So it gets the device only while the port really waits for it: not while the bus
// sleeps through an answer, and not at all when the answer is already there.
class SerialPort final : public PortSession {
 public:
  SerialPort(boost::asio::io_context& io, LineControl& control, Log& log, SerialSettings settings, PortEvents& events)
      : PortSession(io, settings.device, events),
        settings_(std::move(settings)),
        control_(control),
        log_(log),
        watch_(io) {}
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;
  ~SerialPort() override { SerialPort::release(); }

  void open() override {
    // Without O_NONBLOCK the open waits for a carrier, on some drivers for ever.
    fd_ = ::open(settings_.device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) return report_failure(named(open_error(settings_.device, errno)));
    const auto refused = configure_line(control_, fd_, settings_);
    if (!refused) return report_failure(named(refused.error()));
    warn_of(*refused);
    report_opened();
  }

  void flush_input() override {
    ++read_;
    unwatch();
    ::tcflush(fd_, TCIFLUSH);
  }

  void read() override {
    ++read_;
    read_or_wait();
  }

  [[nodiscard]] std::string description() const override { return describe(settings_); }

 private:
  void read_or_wait() {
    const ssize_t n = ::read(fd_, in_.data(), in_.size());
    if (n > 0) {
      later([this, n, read = read_] {
        if (read == read_) events_.received(Bytes(in_).first(static_cast<std::size_t>(n)));
      });
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      watch(Descriptor::wait_read, [this, read = read_] {
        if (read == read_) read_or_wait();
      });
    } else {
      report_failure(lost(n == 0 ? "the device is gone" : std::strerror(errno)));
    }
  }

  void write_out() override {
    const ssize_t n = ::write(fd_, out_.data(), out_size_);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return report_failure(lost(std::strerror(errno)));
    const auto written = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    std::copy(out_.begin() + written, out_.begin() + out_size_, out_.begin());
    out_size_ -= written;
    if (out_size_ == 0) return later([this] { events_.request_sent(); });
    watch(Descriptor::wait_write, [this] { write_out(); });
  }

  template <class F>
  void watch(Descriptor::wait_type what, F then) {
    boost::system::error_code error;
    if (!watch_.is_open()) watch_.assign(fd_, error);
    if (error) return report_failure(lost(error.message()));
    watch_.async_wait(what, [self = shared_from_this(), this, session = session_, then](const auto& failed) {
      if (session != session_ || failed == boost::asio::error::operation_aborted) return;
      unwatch();
      if (failed) return events_.port_failed(lost(failed.message()));
      then();
    });
  }
  void unwatch() {
    if (watch_.is_open()) watch_.release();
  }

  // Closing a device waits for its output to drain, half a minute where nothing drains.
  void release() override {
    unwatch();
    if (fd_ < 0) return;
    ::tcflush(fd_, TCOFLUSH);
    ::close(fd_);
    fd_ = -1;
  }

  [[nodiscard]] Error named(Error error) const {
    if (error.code != port_busy) return error;
    const std::string holder = holder_of_device(settings_.device);
    if (!holder.empty()) error.detail.assign("held by " + holder);
    return error;
  }

  void warn_of(const RefusedSettings& refused) {
    if (refused == warned_of_) return;
    warned_of_ = refused;
    if (refused.empty()) return;
    log_.warn("BUS", Text<300>(settings_.device).add(": the device does not support ").add(refused));
  }

  // constant after construction
  const SerialSettings settings_;
  LineControl& control_;
  Log& log_;

  // loop thread only
  RefusedSettings warned_of_;
  int fd_ = -1;
  Descriptor watch_;  ///< has fd_ while a read or a write waits
};

}  // namespace

std::unique_ptr<Port> make_serial_port(boost::asio::io_context& io, LineControl& control, Log& log,
                                       SerialSettings settings, PortEvents& events) {
  return std::make_unique<OwnedPort>(std::make_shared<SerialPort>(io, control, log, std::move(settings), events));
}

}  // namespace meterseal::meter::host
