#include "meter/sim/host/sim_line.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "meter/errors.hpp"
#include "meter/sim/host/modbus_tcp_session.hpp"
#include "meter/sim/host/paced_session.hpp"
#include "meter/sim/host/pty.hpp"
#include "meter/sim/host/tcp_listener.hpp"

namespace meterseal::meter::sim::host {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxMeters = 32;   // @source Eastron: 32 unit loads on one line
constexpr std::size_t kMaxSessions = 8;  // clients of one Modbus TCP port

Result<void> check(const SimOptions& options) {
  const auto bad = [](std::string_view what) { return fail(sim_options_invalid, "simulated line", what); };
  if (options.meters.empty() || options.meters.size() > kMaxMeters) return bad("expected 1 to 32 meters");
  std::array<bool, 256> is_taken{};
  for (const SimMeterOptions& meter : options.meters) {
    if (meter.address < 1 || meter.address > 247) return bad("expected addresses from 1 to 247");
    if (std::exchange(is_taken[meter.address], true)) return bad("two meters have one address");
    if (meter.profile.registers.empty()) return bad("a meter has no profile");
    if (meter.turnaround < microseconds(0)) return bad("a turnaround is negative");
  }
  if (options.baud < 300 || options.baud > 1000000) return bad("expected 300 to 1000000 baud");
  if (options.bits_per_char < 9 || options.bits_per_char > 12) return bad("expected 9 to 12 bits per character");
  if (options.speed_up < 1 || options.speed_up > 86400) return bad("expected a speed-up from 1 to 86400");
  return {};
}

std::vector<LineMeter> meters_of(SimOptions& options, SimTime now) {
  std::vector<LineMeter> meters;
  meters.reserve(options.meters.size());
  for (SimMeterOptions& meter : options.meters) {
    meters.push_back(
        {meter.address, SimMeter(std::move(meter.profile), meter.settings, now), meter.turnaround, meter.faults});
  }
  return meters;
}

class PtyLine final : public SimLine {
 public:
  PtyLine(asio::io_context& io, SimOptions& options, Pty pty)
      : clock_(options.start, options.speed_up, std::move(options.time)),
        line_(options.baud, options.bits_per_char, meters_of(options, clock_.now())),
        pty_(std::move(pty)),
        session_(std::make_shared<Session>(asio::posix::stream_descriptor(io, pty_.release_master()), line_, clock_)) {
    session_->start();
  }
  ~PtyLine() override { session_->close(); }
  PtyLine(const PtyLine&) = delete;
  PtyLine& operator=(const PtyLine&) = delete;

  [[nodiscard]] std::string path() const override { return pty_.path(); }
  [[nodiscard]] std::uint16_t port() const override { return 0; }
  [[nodiscard]] const LineCounters& counters() const override { return line_.counters(); }
  [[nodiscard]] Faults& faults(std::size_t meter) override { return line_.meters()[meter].faults; }

 private:
  using Session = PacedSession<asio::posix::stream_descriptor>;

  SimClock clock_;
  PacedLine line_;
  Pty pty_;
  std::shared_ptr<Session> session_;
};

/// A serial server has one line behind it: a new client takes it over from the one before.
class RtuOverTcpLine final : public SimLine {
 public:
  RtuOverTcpLine(SimOptions& options, std::shared_ptr<TcpListener> listener)
      : clock_(options.start, options.speed_up, std::move(options.time)),
        line_(options.baud, options.bits_per_char, meters_of(options, clock_.now())),
        listener_(std::move(listener)) {
    listener_->start([this](asio::ip::tcp::socket socket) {
      if (session_) session_->close();
      session_ = std::make_shared<Session>(std::move(socket), line_, clock_);
      session_->start();
    });
  }
  ~RtuOverTcpLine() override {
    listener_->close();
    if (session_) session_->close();
  }
  RtuOverTcpLine(const RtuOverTcpLine&) = delete;
  RtuOverTcpLine& operator=(const RtuOverTcpLine&) = delete;

  [[nodiscard]] std::string path() const override { return {}; }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  [[nodiscard]] const LineCounters& counters() const override { return line_.counters(); }
  [[nodiscard]] Faults& faults(std::size_t meter) override { return line_.meters()[meter].faults; }

 private:
  using Session = PacedSession<asio::ip::tcp::socket>;

  SimClock clock_;
  PacedLine line_;
  std::shared_ptr<TcpListener> listener_;
  std::shared_ptr<Session> session_;
};

class ModbusTcpLine final : public SimLine {
 public:
  ModbusTcpLine(SimOptions& options, std::shared_ptr<TcpListener> listener)
      : clock_(options.start, options.speed_up, std::move(options.time)),
        shared_{meters_of(options, clock_.now()), {}},
        listener_(std::move(listener)) {
    listener_->start([this](asio::ip::tcp::socket socket) { accept(std::move(socket)); });
  }
  ~ModbusTcpLine() override {
    listener_->close();
    for (const auto& session : sessions_) session->close();
  }
  ModbusTcpLine(const ModbusTcpLine&) = delete;
  ModbusTcpLine& operator=(const ModbusTcpLine&) = delete;

  [[nodiscard]] std::string path() const override { return {}; }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  [[nodiscard]] const LineCounters& counters() const override { return shared_.counters; }
  [[nodiscard]] Faults& faults(std::size_t meter) override { return shared_.meters[meter].faults; }

 private:
  void accept(asio::ip::tcp::socket socket) {
    std::erase_if(sessions_, [](const auto& session) { return session->is_closed(); });
    if (sessions_.size() == kMaxSessions) return;  // the socket closes by itself
    sessions_.push_back(std::make_shared<ModbusTcpSession>(std::move(socket), shared_, clock_));
    sessions_.back()->start();
  }

  SimClock clock_;
  TcpMeters shared_;
  std::shared_ptr<TcpListener> listener_;
  std::vector<std::shared_ptr<ModbusTcpSession>> sessions_;
};

}  // namespace

Result<std::unique_ptr<SimLine>> SimLine::make(asio::io_context& io, SimOptions options) try {
  if (const auto good = check(options); !good) return tl::unexpected(good.error());
  if (options.transport == Transport::pty) {
    auto pty = Pty::open(options.link);
    if (!pty) return tl::unexpected(pty.error());
    return std::make_unique<PtyLine>(io, options, std::move(*pty));
  }
  auto listener = TcpListener::open(io, options.listen, options.port);
  if (!listener) return tl::unexpected(listener.error());
  if (options.transport == Transport::modbus_tcp) return std::make_unique<ModbusTcpLine>(options, std::move(*listener));
  return std::make_unique<RtuOverTcpLine>(options, std::move(*listener));
} catch (
    const std::exception& error) {  // Asio's constructors have no other way to say that the system is out of handles
  return fail(sim_line_failed, "simulated line", error.what());
}

}  // namespace meterseal::meter::sim::host
