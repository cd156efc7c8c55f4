#include "meter/host/bus_driver.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "meter/bus_machine.hpp"
#include "meter/errors.hpp"
#include "meter/host/serial_port.hpp"

namespace meterseal::meter::host {

namespace {

constexpr std::string_view kTag = "BUS";
// A machine without anything to do asks to be woken at the end of time, which no timer can hold.
constexpr std::chrono::hours kLongestSleep{1};

BusPlan plan_of(const BusSettings& settings) {
  BusPlan plan;
  if (const auto* serial = std::get_if<SerialSettings>(&settings.port)) {
    plan.line = LineTiming::serial(serial->baud, bits_per_character(*serial));
  } else {
    plan.framing = std::get<TcpSettings>(settings.port).framing;
    plan.line = LineTiming::network();
  }
  for (const BusMeter& meter : settings.meters) plan.meters.push_back(meter.plan);
  return plan;
}

class Driver final : public BusDriver, private PortEvents {
 public:
  Driver(boost::asio::io_context& io, const Clock& clock, Log& log, BusSettings settings, BusObserver& observer,
         BusMachine machine, const MakePort& make_port)
      : settings_(std::move(settings)),
        clock_(clock),
        log_(log),
        observer_(observer),
        machine_(std::move(machine)),
        timer_(io),
        port_(make_port(*this)) {}

  void start() override { tell(Start{}); }

  void stop() override {
    tell(Stop{});
    ++stops_;
    timer_.cancel();
    failure_ = {};
  }

  void want_slow_blocks(std::size_t meter) override { machine_.want_slow_blocks(meter, clock_.now()); }

  [[nodiscard]] const MeterCounters& counters(std::size_t meter) const override { return machine_.counters(meter); }
  [[nodiscard]] microseconds turnaround(std::size_t meter) const override { return machine_.turnaround(meter); }

 private:
  void port_opened() override { tell(PortOpened{}); }
  void request_sent() override { tell(RequestSent{}); }
  void received(Bytes bytes) override { tell(Received{bytes}); }
  void port_failed(const Error& error) override {
    // The same failure again and again, every 30 s for a week, is one line.
    const bool said = failure_.code == error.code && failure_.detail == error.detail;
    failure_ = error;
    if (said) {
      log_.debug(kTag, Text<300>(error.where).add(": ").add(error.detail));
    } else {
      log_.error(kTag, error);
    }
    observer_.on_port_failed(error);
    tell(PortFailed{});
  }

  void tell(const BusEvent& event) {
    const std::uint32_t stops = stops_;
    for (const BusAction& action : machine_.step(event, clock_.now())) {
      std::visit([this](const auto& a) { execute(a); }, action);
      // The observer has stopped the bus: what else was planned is void.
      if (stops != stops_) return;
    }
  }

  void execute(const OpenPort&) { port_->open(); }
  void execute(const ClosePort&) { port_->close(); }
  void execute(const FlushInput&) { port_->flush_input(); }
  void execute(const SendRequest& send) { port_->write(bytes_of(send.frame)); }
  void execute(const StartRead&) { port_->read(); }
  void execute(const WakeAt& wake) {
    const auto sleep = std::min<LoopClock::duration>(wake.at - clock_.now(), kLongestSleep);
    timer_.expires_after(sleep);
    timer_.async_wait([this, alive = std::weak_ptr<const int>(alive_)](const boost::system::error_code& replaced) {
      if (!replaced && !alive.expired()) tell(Woke{});
    });
  }
  void execute(const BlockAnswered& a) { observer_.on_block(a.meter, a.index, a.at, a.words); }
  void execute(const IdentityAnswered& a) { observer_.on_identity(a.meter, a.index, a.at, a.words); }
  void execute(const HealthChanged& change) {
    log_health(change);
    observer_.on_meter_state(change.meter, change.to);
  }
  void execute(const RequestRefused& refused) {
    const ReadBlock& block = refused.block;
    const Error error = make_error(
        request_refused, place_of(refused.meter),
        Text<80>("exception ")
            .add_hex(refused.exception_code, 2)
            .add(" to a read of ")
            .add_uint(block.words)
            .add(block.function == Function::read_input ? " input registers from " : " holding registers from ")
            .add_hex(block.start, 4));
    if (is_guest(refused.meter)) return log_.debug(kTag, Text<300>(error.where).add(": ").add(error.detail));
    log_.error(kTag, error);
  }
  void execute(const PortUp&) {
    const LogLevel level = failure_.code.number == 0 ? settings_.opening : LogLevel::info;
    failure_ = {};
    log_.write(level, kTag, Text<300>(settings_.name).add(": ").add(port_->description()).add(" is open"));
    observer_.on_port_state(PortState::up);
  }
  void execute(const PortDown&) {
    // Nothing failed, but nothing moved either: the machine gave the port up.
    if (failure_.code.number == 0) {
      const Error error = make_error(port_lost, port_->description(), "it takes no more bytes");
      log_.error(kTag, error);
      observer_.on_port_failed(error);
    }
    observer_.on_port_state(PortState::down);
  }

  void log_health(const HealthChanged& change) {
    const Text<160> place = place_of(change.meter);
    switch (change.to) {
      case Health::online:
        if (change.from == Health::suspect) break;  // nobody was told of the doubt
        log_.write(is_guest(change.meter) ? LogLevel::debug : LogLevel::info, kTag,
                   Text<240>(place).add(change.from == Health::silent ? " answers again" : " answers"));
        break;
      case Health::silent:
        if (is_guest(change.meter)) break;
        log_.error(kTag, make_error(no_answer, place, "gives no answer, is asked again less and less often"));
        break;
      case Health::suspect:
      case Health::unknown: break;
    }
  }

  [[nodiscard]] bool is_guest(std::size_t meter) const { return settings_.meters[meter].is_guest; }
  [[nodiscard]] Text<160> place_of(std::size_t meter) const {
    const BusMeter& m = settings_.meters[meter];
    return Text<160>(settings_.name).add("/").add(m.name).add(" (address ").add_uint(m.plan.unit).add(")");
  }

  // constant after construction
  const BusSettings settings_;
  const Clock& clock_;
  Log& log_;
  BusObserver& observer_;

  // loop thread only
  BusMachine machine_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Port> port_;
  Error failure_{};  ///< of the port, as last written to the log
  std::uint32_t stops_ = 0;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  ///< a timer may have fired already when we go
};

}  // namespace

Result<std::unique_ptr<BusDriver>> BusDriver::make(boost::asio::io_context& io, const Clock& clock, Log& log,
                                                   BusSettings settings, BusObserver& observer) {
  const auto port = settings.port;
  return make(io, clock, log, std::move(settings), observer, [&](PortEvents& events) {
    if (const auto* serial = std::get_if<SerialSettings>(&port)) {
      return make_serial_port(io, system_line_control(), log, *serial, events);
    }
    return make_tcp_port(io, std::get<TcpSettings>(port), events);
  });
}

Result<std::unique_ptr<BusDriver>> BusDriver::make(boost::asio::io_context& io, const Clock& clock, Log& log,
                                                   BusSettings settings, BusObserver& observer,
                                                   const MakePort& make_port) {
  auto machine = BusMachine::make(plan_of(settings));
  if (!machine) {
    Error error = machine.error();
    error.where = Text<96>(settings.name).add(error.where.empty() ? "" : ", ").add(error.where);
    return tl::unexpected(error);
  }
  return std::make_unique<Driver>(io, clock, log, std::move(settings), observer, std::move(*machine), make_port);
}

}  // namespace meterseal::meter::host
