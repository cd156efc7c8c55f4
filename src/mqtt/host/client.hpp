#pragma once

// The MQTT connection of this device: finds a broker in the configured order, resolves, connects, lets trust/host judge
// the peer inside the TLS handshake, and only then speaks MQTT through the session machine. Reconnects by itself with a
// jittered back-off until stopped.
//
// Ownership: the io_context and the observer must outlive the client. Thread: loop thread only; look-ups run on
// short-lived workers that post back. Bounds: packets 256 KiB, in-flight window 20 (or the broker's Receive Maximum),
// output 1 MiB; look-up, connect, handshake and CONNACK 10 s each.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/log.hpp"
#include "core/time.hpp"
#include "mqtt/message.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::mqtt::host {

struct Broker {
  std::string host;  ///< DNS name, IPv4 literal or IPv6 literal without brackets
  std::uint16_t port = 8883;
  /// nullptr: plaintext, which the configuration must have allowed by name; warned about at each connect
  std::shared_ptr<trust::host::TlsContext> tls;
};

struct ClientOptions {
  std::vector<Broker> brokers;  ///< in order of preference, at least one
  Version version = Version::v3_1_1;
  std::string client_id;
  std::string user;  ///< empty: none
  std::string password;
  std::optional<Message> will;
  seconds keep_alive{30};
  std::vector<std::string> subscriptions;  ///< topic filters, QoS 1, renewed at each connect
  std::uint64_t jitter_seed = 0;           ///< differs per device, so that a fleet does not reconnect in step
  milliseconds step_limit{10'000};         ///< for look-up, connect, handshake, CONNACK and PINGRESP, each
};

class ClientObserver {
 public:
  virtual ~ClientObserver() = default;
  /// A TLS handshake has ended, well or not: what the peer showed, and the verdict. Before on_connected or on_failure;
  /// with a Learnable verdict nothing was and nothing will be sent.
  virtual void on_judged(const Broker& /*broker*/, const trust::host::TlsClient& /*tls*/) {}
  virtual void on_connected(const Broker& broker) = 0;  ///< CONNACK 0 received, subscriptions sent
  virtual void on_disconnected() = 0;                   ///< after on_connected only; in-flight tokens are void
  virtual void on_message(const Message& message) = 0;  ///< @note retain flag as received
  virtual void on_published(Token token) = 0;           ///< PUBACK with success
  virtual void on_rejected(Token token, const Error& error) = 0;  ///< PUBACK with a failure (MQTT 5)
  /// A peer was refused, an attempt failed or a connection ended by itself. Already logged.
  virtual void on_failure(const Broker& broker, const Error& error) = 0;
};

class Client {
 public:
  [[nodiscard]] static std::unique_ptr<Client> make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                                    ClientOptions options, ClientObserver& observer);
  virtual ~Client() = default;

  virtual void start() = 0;
  /// Sends DISCONNECT (after which the broker forgets the will), waits at most 200 ms for the close, then calls `done`.
  virtual void stop(std::function<void()> done) = 0;

  [[nodiscard]] virtual bool is_online() const = 0;
  [[nodiscard]] virtual std::size_t window_left() const = 0;  ///< further QoS 1 messages that may be offered now

  /// TLS of the connection that stands, for what is remembered of its peer (on_connected); nullptr: none, or plaintext.
  [[nodiscard]] virtual const trust::host::TlsClient* tls() const = 0;

  /// QoS 1 with a token: on_published follows, or on_disconnected voids it. The sender keeps the message until then.
  /// @return mqtt::not_connected, mqtt::window_full, mqtt::packet_too_large, mqtt::topic_invalid
  [[nodiscard]] virtual Result<void> publish(Token token, Message message) = 0;
  /// Status replies, birth, discovery: sent once, forgotten when the connection breaks. QoS as in the message; a QoS 1
  /// acknowledgement is consumed by the client. @return as above
  [[nodiscard]] virtual Result<void> publish(Message message) = 0;
};

}  // namespace meterseal::mqtt::host
