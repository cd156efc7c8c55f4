#include "mqtt/session_machine.hpp"

#include <algorithm>

#include "mqtt/errors.hpp"
#include "mqtt/packet_decode.hpp"

namespace meterseal::mqtt {

namespace {

/// First byte of a CONNACK. @source 3.2.1
constexpr std::uint8_t kConnack = 0x20;

/// What to tell the peer (MQTT 5) when we leave because of it; success: nothing, just close.
std::uint8_t farewell_of(const Code& code) {
  if (code == malformed_packet) return reason::malformed_packet;
  if (code == protocol_error) return reason::protocol_error;
  if (code == packet_too_large) return reason::packet_too_large;
  return reason::success;
}

const Code& refusal_of_v3(std::uint8_t code) {
  switch (code) {
    case reason::v3_version: return version_refused;
    case reason::v3_client_id: return client_id_refused;
    case reason::v3_unavailable: return broker_unavailable;
    case reason::v3_credentials: return bad_credentials;
    case reason::v3_not_authorized: return not_authorized;
    default: return refused_by_broker;
  }
}

const Code& refusal_of(std::uint8_t code, Version version) {
  if (version == Version::v3_1_1 || code < reason::failure) return refusal_of_v3(code);
  switch (code) {
    case reason::unsupported_version: return version_refused;
    case reason::client_id_invalid: return client_id_refused;
    case reason::bad_credentials: return bad_credentials;
    case reason::not_authorized:
    case reason::banned: return not_authorized;
    case reason::server_unavailable:
    case reason::server_busy: return broker_unavailable;
    default: return refused_by_broker;
  }
}

/// @source MQTT 3.1.1, 3.2.2.3, table 3.1
std::string_view text_of(std::uint8_t code, Version version) {
  if (version == Version::v5 && code >= reason::failure) return reason_text(code);
  switch (code) {
    case reason::v3_version: return "unacceptable protocol version";
    case reason::v3_client_id: return "identifier rejected";
    case reason::v3_unavailable: return "server unavailable";
    case reason::v3_credentials: return "bad user name or password";
    case reason::v3_not_authorized: return "not authorized";
    default: return "unknown";
  }
}

Text<224> describe(std::string_view what, std::uint8_t code, std::string_view text, std::string_view said) {
  Text<224> detail(what);
  detail.add(" ").add_uint(code).add(" (").add(text.empty() ? "unknown" : text).add(")");
  if (!said.empty()) detail.add(": ").add(said);
  return detail;
}

}  // namespace

std::string_view name_of(SessionState state) {
  switch (state) {
    case SessionState::closed: return "closed";
    case SessionState::connecting: return "connecting";
    case SessionState::online: return "online";
    case SessionState::closing: return "closing";
  }
  return {};
}

SessionMachine::SessionMachine(const SessionOptions& options, SessionMemory memory)
    : options_(options), reader_(memory.in), out_(memory.out) {}

SessionMachine::Step SessionMachine::step(const SessionEvent& event, Instant now) {
  actions_.clear();
  taken_ = 0;
  std::visit([&](const auto& happened) { on(happened, now); }, event);
  return {taken_, actions_};
}

void SessionMachine::on(const LinkUp&, Instant now) {
  if (state_ != SessionState::closed) return;
  // The peer is there: everything begins anew.
  reader_.reset();
  out_.clear();
  flights_.clear();
  held_.fill(0);
  next_id_ = 1;
  subscribe_id_ = 0;
  saw_stray_ack_ = false;
  state_ = SessionState::connecting;
  last_sent_ = last_heard_ = now;
  answer_by_ = now + options_.answer_limit;
  const bool fits = out_.add(kMaxPacket, [&](ByteWriter& out) { encode_connect(out, options_.connect); });
  if (!fits) fail(output_full, "CONNECT does not fit into the output");
}

void SessionMachine::on(const LinkDown&, Instant) {
  // The connection is gone, by our will or not.
  if (state_ == SessionState::online) act(Offline{});
  state_ = SessionState::closed;
  out_.clear();
}

void SessionMachine::on(const Received& received, Instant now) {
  if (state_ != SessionState::connecting && state_ != SessionState::online) {
    taken_ = received.bytes.size();
    return;
  }
  if (state_ == SessionState::connecting && !reader_.is_within_packet() && received.bytes[0] != kConnack) {
    taken_ = received.bytes.size();
    // Seen at its first byte: other protocols have no lengths that would ever end.
    return fail(protocol_error, "the peer's first packet is no CONNACK");
  }
  const auto next = reader_.next(received.bytes);
  if (!next) {
    taken_ = received.bytes.size();
    return fail(next.error().code, next.error().detail);
  }
  taken_ = next->taken;
  const std::optional<Bytes> whole = next->packet;
  if (!whole) return;
  const auto packet = decode_packet(*whole, options_.connect.version);
  if (!packet) return fail(packet.error().code, packet.error().detail);
  last_heard_ = now;
  std::visit([&](const auto& p) { take(p, now); }, *packet);
}

void SessionMachine::on(const Stop&, Instant) {
  switch (state_) {
    case SessionState::closed:
    case SessionState::closing: return;
    case SessionState::connecting:
      // Nothing was agreed yet: no DISCONNECT.
      return leave(CloseLink{});
    case SessionState::online:
      // Told so, the broker forgets the will. Where there is no room for it the will is right.
      (void)out_.add(4, [&](ByteWriter& out) { encode_disconnect(out, reason::success, options_.connect.version); });
      return leave(CloseLink{});
  }
}

void SessionMachine::on(const Woke&, Instant now) {
  switch (state_) {
    case SessionState::closed:
    case SessionState::closing: return;
    case SessionState::connecting:
      if (answer_by_ && now >= *answer_by_) fail(connack_timeout, "no answer to CONNECT within the limit");
      return;
    case SessionState::online: break;
  }
  if (answer_by_ && now >= *answer_by_) return fail(keep_alive_timeout, "a ping was not answered within the limit");
  if (!flights_.empty() && now >= flights_[0].since + kAckLimit) {
    return fail(ack_timeout, "a message was not acknowledged within 60 s");
  }
  if (subscribe_id_ != 0 && now >= subscribed_ + kAckLimit) {
    return fail(ack_timeout, "the subscriptions were not acknowledged within 60 s");
  }
  if (answer_by_ || keep_alive_.count() == 0 || now < std::min(last_sent_, last_heard_) + keep_alive_) return;
  // One of us has been silent for the keep-alive time: is the other still there?
  if (!out_.add(2, [](ByteWriter& out) { encode_pingreq(out); })) return fail(output_full, "no room for a ping");
  last_sent_ = now;
  answer_by_ = now + options_.answer_limit;
}

std::optional<Instant> SessionMachine::wake_at() const {
  if (state_ == SessionState::connecting) return answer_by_;
  if (state_ != SessionState::online) return std::nullopt;
  std::optional<Instant> at = answer_by_;
  const auto consider = [&](Instant due) { at = at ? std::min(*at, due) : due; };
  if (!answer_by_ && keep_alive_.count() != 0) consider(std::min(last_sent_, last_heard_) + keep_alive_);
  if (!flights_.empty()) consider(flights_[0].since + kAckLimit);
  if (subscribe_id_ != 0) consider(subscribed_ + kAckLimit);
  return at;
}

void SessionMachine::take(const PingResp&, Instant) {
  // Still there. One that was not asked for says the same.
  answer_by_.reset();
}

void SessionMachine::take(const ConnAck& connack, Instant now) {
  if (state_ == SessionState::online) return fail(protocol_error, "a second CONNACK");
  const Version version = options_.connect.version;
  if (connack.code != reason::success) {
    return fail(refusal_of(connack.code, version),
                describe("the broker answered", connack.code, text_of(connack.code, version), connack.reason));
  }
  if (connack.session_present)
    return fail(protocol_error, "the broker has a session, although a clean one was asked for");
  if (connack.maximum_qos == Qos::at_most_once) return fail(qos_unavailable, "the broker's Maximum QoS is 0");
  go_online(connack, now);
}

void SessionMachine::go_online(const ConnAck& connack, Instant now) {
  // The broker took us: only now is this a connection.
  state_ = SessionState::online;
  answer_by_.reset();
  window_ = std::min<std::size_t>(kWindow, connack.receive_maximum);
  max_packet_ = std::min<std::size_t>(kMaxPacket, connack.maximum_packet_size);
  retains_ = connack.retain_available;
  keep_alive_ = connack.server_keep_alive.value_or(options_.connect.keep_alive);
  act(Online{retains_});
  if (!options_.subscriptions.empty()) subscribe(now);
}

void SessionMachine::subscribe(Instant now) {
  subscribe_id_ = free_packet_id();
  subscribed_ = last_sent_ = now;
  const std::size_t before = out_.pending().size();
  const bool fits = out_.add(kMaxPacket, [&](ByteWriter& out) {
    encode_subscribe(out, subscribe_id_, options_.subscriptions, options_.connect.version);
  });
  if (!fits) return fail(output_full, "SUBSCRIBE does not fit into the output");
  if (out_.pending().size() - before > max_packet_) {
    fail(packet_too_large, "SUBSCRIBE is larger than the broker's Maximum Packet Size");
  }
}

void SessionMachine::take(const Publish& publish, Instant now) {
  switch (publish.qos) {
    case Qos::at_most_once: return act(Deliver{publish});
    case Qos::at_least_once:
      act(Deliver{publish});
      return answer(PacketType::puback, publish.packet_id, reason::success, now);
    case Qos::exactly_once:
      // Handed out when the identifier is new; until PUBREL every further one is a repetition. @source 4.3.3
      if (book_received(publish.packet_id) == Booked::first) act(Deliver{publish});
      return answer(PacketType::pubrec, publish.packet_id, reason::success, now);
  }
}

void SessionMachine::take(const Ack& ack, Instant now) {
  if (ack.type == PacketType::puback) return take_puback(ack);
  if (ack.type == PacketType::pubrel) return release(ack.packet_id, now);
  fail(protocol_error, "an acknowledgement of QoS 2, with which nothing was sent");
}

void SessionMachine::take_puback(const Ack& ack) {
  const auto* const flight =
      std::find_if(flights_.begin(), flights_.end(), [&](const Flight& f) { return f.packet_id == ack.packet_id; });
  if (flight == flights_.end()) {
    // Books nothing: whatever it is meant for is not ours.
    if (!saw_stray_ack_) act(StrayAck{ack.packet_id});
    saw_stray_ack_ = true;
    return;
  }
  const std::optional<Token> token = flight->token;
  flights_.erase(static_cast<std::size_t>(flight - flights_.begin()));
  if (!token) return;
  if (ack.code < reason::failure) {
    act(Published{*token});
  } else {
    act(Rejected{*token, ack.code, ack.reason});
  }
}

void SessionMachine::release(std::uint16_t packet_id, Instant now) {
  std::uint32_t& word = held_[packet_id / 32];
  const std::uint32_t bit = 1U << packet_id % 32;
  const bool known = (word & bit) != 0;
  word &= ~bit;
  answer(PacketType::pubcomp, packet_id, known ? reason::success : reason::packet_id_not_found, now);
}

SessionMachine::Booked SessionMachine::book_received(std::uint16_t packet_id) {
  std::uint32_t& word = held_[packet_id / 32];
  const std::uint32_t bit = 1U << packet_id % 32;
  const Booked booked = (word & bit) != 0 ? Booked::again : Booked::first;
  word |= bit;
  return booked;
}

void SessionMachine::take(const SubAck& suback, Instant) {
  if (subscribe_id_ == 0 || suback.packet_id != subscribe_id_) {
    if (!saw_stray_ack_) act(StrayAck{suback.packet_id});
    saw_stray_ack_ = true;
    return;
  }
  if (suback.codes.size() != options_.subscriptions.size()) {
    return fail(protocol_error, "SUBACK answers another number of filters");
  }
  subscribe_id_ = 0;
  const bool refused =
      std::any_of(suback.codes.begin(), suback.codes.end(), [](std::uint8_t code) { return code >= reason::failure; });
  if (refused) act(SubscriptionsRefused{suback.codes});
}

void SessionMachine::take(const Disconnect& disconnect, Instant) {
  const Text<224> detail =
      describe("the broker disconnected with", disconnect.code, reason_text(disconnect.code), disconnect.reason);
  switch (disconnect.code) {
    case reason::session_taken_over: return fail(session_taken_over, detail);
    case reason::not_authorized:
    case reason::banned: return fail(not_authorized, detail);
    case reason::server_busy:
    case reason::server_shutting_down: return fail(broker_unavailable, detail);
    default: return fail(disconnected_by_broker, detail);
  }
}

void SessionMachine::answer(PacketType type, std::uint16_t packet_id, std::uint8_t code, Instant now) {
  const Ack ack{type, packet_id, code, {}};
  if (!out_.add(5, [&](ByteWriter& out) { encode_ack(out, ack, options_.connect.version); })) {
    return fail(output_full, "no room for an acknowledgement");
  }
  last_sent_ = now;
}

Result<void> SessionMachine::publish(std::optional<Token> token, Publish message, Instant now) {
  if (state_ != SessionState::online) return meterseal::fail(not_connected, message.topic, "no broker is connected");
  if (!is_topic_name(message.topic)) return meterseal::fail(topic_invalid, message.topic, "not a topic to publish on");
  if (message.qos != Qos::at_most_once) {
    message.qos = Qos::at_least_once;
    if (window_left() == 0) return meterseal::fail(window_full, message.topic, "too many messages wait for PUBACK");
    message.packet_id = free_packet_id();
  }
  message.retain = message.retain && retains_;
  const std::size_t size = publish_size(message, options_.connect.version);
  if (size > max_packet_) {
    Text<96> detail;
    detail.add_uint(size).add(" bytes, at most ").add_uint(max_packet_).add(" are allowed");
    return meterseal::fail(packet_too_large, message.topic, detail);
  }
  if (!out_.add(size, [&](ByteWriter& out) { encode_publish(out, message, options_.connect.version); })) {
    return meterseal::fail(window_full, message.topic, "too many bytes wait to be sent");
  }
  last_sent_ = now;
  if (message.qos == Qos::at_least_once) flights_.push_back({message.packet_id, token, now});
  return {};
}

std::size_t SessionMachine::window_left() const {
  if (state_ != SessionState::online) return 0;
  return window_ - std::min(window_, flights_.size());
}

std::uint16_t SessionMachine::free_packet_id() {
  const auto is_used = [this](std::uint16_t id) {
    return id == 0 || id == subscribe_id_ ||
           std::any_of(flights_.begin(), flights_.end(), [id](const Flight& f) { return f.packet_id == id; });
  };
  while (is_used(next_id_)) ++next_id_;
  return next_id_++;
}

void SessionMachine::fail(const Code& code, std::string_view detail) {
  detail_ = detail;
  const std::uint8_t farewell = farewell_of(code);
  // Only between two packets it would be read as one.
  if (options_.connect.version == Version::v5 && farewell != reason::success && state_ == SessionState::online &&
      out_.empty()) {
    (void)out_.add(4, [&](ByteWriter& out) { encode_disconnect(out, farewell, options_.connect.version); });
  }
  leave(Fail{code, detail_});
}

void SessionMachine::leave(const SessionAction& last) {
  const bool was_online = state_ == SessionState::online;
  state_ = SessionState::closing;
  answer_by_.reset();
  if (was_online) act(Offline{});
  act(last);
}

}  // namespace meterseal::mqtt
