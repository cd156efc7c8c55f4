#include "meter/host/tcp_port.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "core/errors.hpp"
#include "core/host/name_lookup.hpp"
#include "meter/host/port_session.hpp"

namespace meterseal::meter::host {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kConnectLimit{10};
constexpr int kKeepAliveIdle_s = 15;
constexpr int kKeepAliveInterval_s = 5;
constexpr int kKeepAliveProbes = 3;
constexpr int kUnacknowledgedLimit_ms = 20'000;
// More than this without a pause is no meter; the rest is left to the reader.
constexpr std::size_t kFlushLimit = std::size_t{64} * 1024;

std::string name_of(const TcpSettings& settings) {
  const bool is_ipv6 = settings.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + settings.host + "]" : settings.host) + ":" + std::to_string(settings.port);
}

class TcpPort final : public PortSession {
 public:
  TcpPort(boost::asio::io_context& io, TcpSettings settings, PortEvents& events)
      : PortSession(io, name_of(settings), events),
        settings_(std::move(settings)),
        lookup_(io),
        deadline_(io),
        stream_(io) {}

  void open() override {
    deadline_.expires_after(kConnectLimit);
    deadline_.async_wait([self = shared_from_this(), this, session = session_](const error_code& cancelled) {
      if (cancelled || session != session_) return;
      give_up(connect_failed, "no connection within 10 s");
    });
    error_code not_numeric;
    const auto address = boost::asio::ip::make_address(settings_.host, not_numeric);
    if (!not_numeric) {
      addresses_ = {address};
      connect_next();
      return;
    }
    lookup_.start(settings_.host, [self = shared_from_this(), this, session = session_](const auto& found) {
      if (session == session_) take_addresses(found);
    });
  }

  void flush_input() override {
    ++read_;
    error_code error;
    error = stream_.cancel(error);
    std::array<std::uint8_t, 1024> thrown_away;
    error = {};
    std::size_t total = 0;
    while (!error && total < kFlushLimit) total += stream_.read_some(boost::asio::buffer(thrown_away), error);
  }

  void read() override {
    stream_.async_read_some(boost::asio::buffer(in_), [self = shared_from_this(), this, session = session_,
                                                       read = ++read_](const error_code& error, std::size_t n) {
      if (session != session_ || read != read_) return;
      if (error) return events_.port_failed(lost(error.message()));
      events_.received(Bytes(in_).first(n));
    });
  }

  [[nodiscard]] std::string description() const override {
    return where_ + (settings_.framing == Framing::mbap ? " (Modbus TCP)" : " (RTU over TCP)");
  }

 private:
  void write_out() override {
    boost::asio::async_write(
        stream_, boost::asio::buffer(out_.data(), out_size_),
        [self = shared_from_this(), this, session = session_](const error_code& error, std::size_t) {
          if (session != session_) return;
          if (error) return events_.port_failed(lost(error.message()));
          events_.request_sent();
        });
  }

  void release() override {
    lookup_.cancel();
    deadline_.cancel();
    error_code ignored;
    ignored = stream_.close(ignored);
  }

  void take_addresses(const meterseal::host::FoundAddresses& found) {
    if (found.addresses.empty()) {
      return give_up(found.could_ask ? host_unknown : core::out_of_resources, found.failure);
    }
    addresses_.clear();
    for (const std::string& text : found.addresses) {
      error_code error;
      const auto address = boost::asio::ip::make_address(text, error);
      if (!error) addresses_.push_back(address);
    }
    connect_next();
  }

  void connect_next() {
    if (addresses_.empty()) {
      const bool lacks = meterseal::host::is_lack_of_resources(last_error_.value());
      return give_up(lacks ? core::out_of_resources : connect_failed, last_error_.message());
    }
    const tcp::endpoint endpoint(addresses_.front(), settings_.port);
    addresses_.erase(addresses_.begin());
    error_code error;
    error = stream_.close(error);
    error = stream_.open(endpoint.protocol(), error);
    if (error) {
      last_error_ = error;
      return connect_next();
    }
    stream_.async_connect(endpoint, [self = shared_from_this(), this, session = session_](const error_code& failed) {
      if (session != session_) return;
      if (failed) {
        last_error_ = failed;
        return connect_next();
      }
      deadline_.cancel();
      set_options();
      report_opened();
    });
  }

  // A refused option is no reason not to read the meter.
  void set_options() {
    error_code ignored;
    ignored = stream_.non_blocking(true, ignored);
    ignored = stream_.set_option(tcp::no_delay(true), ignored);
    ignored = stream_.set_option(tcp::socket::keep_alive(true), ignored);
    const auto set = [&](int option, int value) {
      ::setsockopt(stream_.native_handle(), IPPROTO_TCP, option, &value, sizeof(value));
    };
    set(TCP_KEEPIDLE, kKeepAliveIdle_s);
    set(TCP_KEEPINTVL, kKeepAliveInterval_s);
    set(TCP_KEEPCNT, kKeepAliveProbes);
    set(TCP_USER_TIMEOUT, kUnacknowledgedLimit_ms);
  }

  void give_up(const Code& code, std::string_view why) {
    close();
    report_failure(make_error(code, where_, why));
  }

  // constant after construction
  const TcpSettings settings_;

  // loop thread only
  meterseal::host::NameLookup lookup_;
  boost::asio::steady_timer deadline_;
  std::vector<boost::asio::ip::address> addresses_;  ///< still to be tried
  error_code last_error_;
  tcp::socket stream_;
};

}  // namespace

std::unique_ptr<Port> make_tcp_port(boost::asio::io_context& io, TcpSettings settings, PortEvents& events) {
  return std::make_unique<OwnedPort>(std::make_shared<TcpPort>(io, std::move(settings), events));
}

}  // namespace meterseal::meter::host
