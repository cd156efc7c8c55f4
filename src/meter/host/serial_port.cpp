#include "meter/host/serial_port.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "meter/host/device_holder.hpp"
#include "meter/host/stream_port.hpp"

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

class SerialPort final : public StreamPort<Descriptor> {
 public:
  SerialPort(boost::asio::io_context& io, LineControl& control, Log& log, SerialSettings settings, PortEvents& events)
      : StreamPort(io, settings.device, events), settings_(std::move(settings)), control_(control), log_(log) {}

  void open() override {
    // Without O_NONBLOCK the open waits for a carrier, on some drivers for ever.
    const int fd = ::open(settings_.device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
      report_failure(named(open_error(settings_.device, errno)));
      return;
    }
    const auto refused = configure_line(control_, fd, settings_);
    if (!refused) {
      ::close(fd);
      report_failure(named(refused.error()));
      return;
    }
    warn_of(*refused);
    boost::system::error_code error;
    stream_.assign(fd, error);
    if (error) {
      ::close(fd);
      report_failure(make_error(port_unusable, where_, error.message()));
      return;
    }
    report_opened();
  }

  void flush_input() override {
    cancel_read();
    ::tcflush(stream_.native_handle(), TCIFLUSH);
  }

  [[nodiscard]] std::string description() const override { return describe(settings_); }

 private:
  // Closing a device waits for its output to drain, half a minute where nothing drains.
  void before_close() override {
    if (stream_.is_open()) ::tcflush(stream_.native_handle(), TCOFLUSH);
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
};

}  // namespace

std::unique_ptr<Port> make_serial_port(boost::asio::io_context& io, LineControl& control, Log& log,
                                       SerialSettings settings, PortEvents& events) {
  return std::make_unique<OwnedPort<Descriptor>>(
      std::make_shared<SerialPort>(io, control, log, std::move(settings), events));
}

}  // namespace meterseal::meter::host
