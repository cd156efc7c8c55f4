#pragma once

// One connection to one broker, from the name to the closed socket: look-up, connect, TLS handshake, each within its
// limit, then bytes in both directions. Knows nothing of MQTT. On a plaintext broker the handshake is left out, which
// the configuration must have allowed by name.
//
// The socket never blocks and never holds a buffer: it is read and written when it is ready, so that TlsClient may be
// fed and drained at any time. Bounds: 64 KiB wait to be sent, 16 KiB are read at a time.
//
// Ownership: shared with its own handlers; the events and the look-up must outlive the time until close() or
// link_down(). Thread: the loop thread. Errors: mqtt 300-307, and what TlsClient says.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/host/name_lookup.hpp"
#include "mqtt/host/client.hpp"
#include "mqtt/host/handshake_worker.hpp"
#include "mqtt/output_queue.hpp"

namespace meterseal::mqtt::host {

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void link_up() = 0;  ///< connected and, with TLS, trusted
  /// The handshake has ended, well or not: the facts and the verdict of tls() stand.
  virtual void link_judged(const trust::host::TlsClient& tls) = 0;
  virtual void link_received(Bytes plaintext) = 0;
  virtual void link_writable() = 0;                ///< write() takes more again
  virtual void link_down(const Error& error) = 0;  ///< the last event
};

/// "broker.example.com:8883", "[2001:db8::7]:8883"
[[nodiscard]] std::string name_of(const Broker& broker);

class Link : public std::enable_shared_from_this<Link> {
 public:
  /// @param limit  for look-up, connect and handshake, each
  Link(boost::asio::io_context& loop, const Broker& broker, milliseconds limit, meterseal::host::NameLookup& lookup,
       LinkEvents& events);

  /// @param utc  for the dates of certificates; nullopt: the clock is unknown
  void open(std::optional<UtcTime> utc);
  /// @return how much was taken; less than all: link_writable() follows
  [[nodiscard]] Result<std::size_t> write(Bytes plaintext);
  /// No more is written: sends what waits, close_notify and FIN, then waits for the peer's end: link_down().
  void shut_down();
  /// At once and without events; an alert or close_notify goes out where the socket takes it.
  void close();

  /// nullptr: none, or a worker has it.
  [[nodiscard]] const trust::host::TlsClient* tls() const { return is_stepping_ ? nullptr : tls_.get(); }

 private:
  enum class Phase {
    closed,
    resolving,
    connecting,
    handshaking,
    up,
    shutting_down
  };
  using ErrorCode = boost::system::error_code;

  void start_limit(Phase phase, milliseconds limit);
  void limit_passed();
  void take_addresses(const meterseal::host::FoundAddresses& found);
  void connect_next();
  void note_failure(const Code& code, const std::string& detail);
  void connected();
  void start_tls();
  void go_on_with_handshake();
  void stepped(trust::host::TlsClient::Progress progress);
  void finish_handshake();
  void wait_readable();
  void read_some();
  void take(Bytes received);
  void take_plaintext();
  [[nodiscard]] Bytes pending() const;
  void flush();
  void wait_writable();
  void end_of_stream(const ErrorCode& error);
  void lose(const Error& error);
  [[nodiscard]] Error error(const Code& code, std::string_view detail) const;

  // constant after construction
  const Broker& broker_;
  const std::string where_;
  const milliseconds limit_;

  // loop thread only
  meterseal::host::NameLookup& lookup_;
  LinkEvents* events_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Phase phase_ = Phase::closed;
  std::optional<UtcTime> utc_;
  std::vector<boost::asio::ip::address> addresses_;  ///< still to be tried
  std::chrono::steady_clock::time_point connect_by_;
  Code last_code_{};
  std::string last_detail_;  ///< of the address that was tried last
  unsigned attempt_ = 0;
  std::shared_ptr<trust::host::TlsClient> tls_;  ///< the worker's while is_stepping_
  HandshakeWorker worker_;
  bool is_stepping_ = false;
  bool waits_writable_ = false;
  bool write_broken_ = false;  ///< the reading side says why
  bool sent_end_ = false;
  std::vector<std::uint8_t> plain_memory_;
  OutputQueue plain_;  ///< what waits to be sent without TLS
  std::array<std::uint8_t, 16'384> received_;
  std::array<std::uint8_t, 16'384> plaintext_;
};

}  // namespace meterseal::mqtt::host
