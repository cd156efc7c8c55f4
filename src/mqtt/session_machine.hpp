#pragma once

// One MQTT session over one connection after the other: what is sent when, what arriving bytes mean, when to give up.
// Bytes, events and time come in as arguments, actions go out as data, bytes to send stand in output(); the client
// (mqtt/host) moves them. Drawing: docs/machines/mqtt_session.txt.
//
// Every session is clean: the broker keeps nothing of us, so subscriptions are made again at each connect, whatever was
// not acknowledged when the connection broke is void and its sender offers it again (the outbox keeps it until then),
// and no packet of a former connection can be taken for one of this.
//
// Memory: the caller's, for the largest packet and for the output; no heap. Thread: the loop thread.
// Units: Instants of the loop clock. Errors: as Fail actions and from publish().
// @source MQTT 3.1.1 and 5: 4.3 (QoS), 4.4 (no repetition within a connection), 4.9 (receive maximum), 3.1.2.10 (keep
// alive)

#include <array>
#include <optional>
#include <span>
#include <variant>

#include "core/inline_vector.hpp"
#include "core/result.hpp"
#include "mqtt/output_queue.hpp"
#include "mqtt/packet_encode.hpp"
#include "mqtt/packet_reader.hpp"

namespace meterseal::mqtt {

/// All views must outlive the machine.
struct SessionOptions {
  Connect connect;
  std::span<const std::string_view> subscriptions;  ///< topic filters, QoS 1
  milliseconds answer_limit{10'000};                ///< for CONNACK and PINGRESP, each
};
struct SessionMemory {
  std::span<std::uint8_t> in;   ///< its size is the largest packet accepted
  std::span<std::uint8_t> out;  ///< its size bounds what may wait to be sent
};

enum class SessionState : std::uint8_t {
  closed,
  connecting,  ///< CONNECT sent
  online,      ///< CONNACK 0 received
  closing,     ///< ended by Stop or Fail, the connection is not down yet
};
[[nodiscard]] std::string_view name_of(SessionState state);

// Events: what happened in the world.
struct LinkUp {};  ///< the peer is connected and, with TLS, trusted
struct LinkDown {};
struct Received {
  Bytes bytes;  ///< at least one; valid until the actions of the step are done
};
struct Stop {};
struct Woke {};
using SessionEvent = std::variant<LinkUp, LinkDown, Received, Stop, Woke>;

// Actions, in this order. Views are valid until the next step.
struct Online {
  bool retains = true;  ///< false: this broker keeps no retained messages, the flag is left out
};
struct Offline {};  ///< after Online; everything in flight is void
struct Deliver {
  Publish message;
};
struct Published {
  Token token = 0;
};
struct Rejected {
  Token token = 0;
  std::uint8_t code = 0;
  std::string_view reason;
};
/// Not all filters were granted; `codes` stand in the order of the subscriptions.
struct SubscriptionsRefused {
  Bytes codes;
};
/// An acknowledgement that nothing waits for; reported once for each connection.
struct StrayAck {
  std::uint16_t packet_id = 0;
};
/// Send what output() still holds if it can be sent at once, then close. -> LinkDown
struct Fail {
  Code code{};
  std::string_view detail;
};
struct CloseLink {};  ///< send what output() still holds, then close. -> LinkDown
using SessionAction =
    std::variant<Offline, Online, Deliver, Published, Rejected, SubscriptionsRefused, StrayAck, Fail, CloseLink>;
using SessionActions = InlineVector<SessionAction, 3>;

class SessionMachine {
 public:
  static constexpr std::size_t kWindow = 20;
  /// Within this a message or subscription is acknowledged by a broker that works; one that answers pings but confirms
  /// nothing would hold the outbox for ever.
  static constexpr seconds kAckLimit{60};

  SessionMachine(const SessionOptions& options, SessionMemory memory);

  struct Step {
    std::size_t taken = 0;  ///< of Received::bytes, at most one packet: come again with the rest
    SessionActions actions;
  };
  [[nodiscard]] Step step(const SessionEvent& event, Instant now);

  /// QoS 0 or 1 (2 is sent as 1: readings repeat harmlessly); the packet identifier is given here.
  /// @param token  reported when a QoS 1 message is acknowledged; nullopt: nobody wants to know
  /// @return not_connected, window_full, packet_too_large, topic_invalid
  [[nodiscard]] Result<void> publish(std::optional<Token> token, Publish message, Instant now);

  /// When to send Woke; nullopt: nothing is waited for. May be earlier than what is due.
  [[nodiscard]] std::optional<Instant> wake_at() const;

  [[nodiscard]] Bytes output() const { return out_.pending(); }
  void consume_output(std::size_t n) { out_.consume(n); }

  [[nodiscard]] SessionState state() const { return state_; }
  [[nodiscard]] std::size_t window_left() const;

 private:
  struct Flight {
    std::uint16_t packet_id = 0;
    std::optional<Token> token;
    Instant since;
  };
  enum class Booked : std::uint8_t {
    first,
    again
  };

  void on(const LinkUp&, Instant now);
  void on(const LinkDown&, Instant now);
  void on(const Received& received, Instant now);
  void on(const Stop&, Instant now);
  void on(const Woke&, Instant now);

  void take(const PingResp&, Instant now);
  void take(const ConnAck& connack, Instant now);
  void take(const Publish& publish, Instant now);
  void take(const Ack& ack, Instant now);
  void take(const SubAck& suback, Instant now);
  void take(const Disconnect& disconnect, Instant now);

  void take_puback(const Ack& ack);
  void release(std::uint16_t packet_id, Instant now);
  void go_online(const ConnAck& connack, Instant now);
  void subscribe(Instant now);
  void answer(PacketType type, std::uint16_t packet_id, std::uint8_t code, Instant now);
  [[nodiscard]] Booked book_received(std::uint16_t packet_id);
  [[nodiscard]] std::uint16_t free_packet_id();
  void fail(const Code& code, std::string_view detail);
  void leave(const SessionAction& last);
  void act(const SessionAction& action) { actions_.push_back(action); }

  // constant after construction
  const SessionOptions options_;

  // loop thread only
  SessionState state_ = SessionState::closed;
  PacketReader reader_;
  OutputQueue out_;
  SessionActions actions_;
  std::size_t taken_ = 0;
  Text<224> detail_;  ///< of the last Fail
  // of this connection
  std::uint16_t next_id_ = 1;
  InlineVector<Flight, kWindow> flights_;  ///< oldest first
  std::size_t window_ = kWindow;
  std::size_t max_packet_ = kMaxPacket;
  bool retains_ = true;
  bool saw_stray_ack_ = false;
  milliseconds keep_alive_{};
  Instant last_sent_;
  Instant last_heard_;                      ///< a whole packet
  std::optional<Instant> answer_by_;        ///< CONNACK or PINGRESP
  std::uint16_t subscribe_id_ = 0;          ///< 0: no SUBACK is waited for
  Instant subscribed_;                      ///< when SUBSCRIBE was sent
  std::array<std::uint32_t, 2048> held_{};  ///< one bit for each QoS 2 identifier between PUBLISH and PUBREL
};

}  // namespace meterseal::mqtt
