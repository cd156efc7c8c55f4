#include "app/toolbox/tls_look.hpp"

#include <algorithm>

#include "app/errors.hpp"

namespace meterseal::app {

namespace {

bool begins(Bytes bytes, std::string_view with) {
  return as_text(bytes).substr(0, with.size()) == with;
}

const Code& code_of(TcpOutcome outcome) {
  switch (outcome) {
    case TcpOutcome::refused: return server_refuses;
    case TcpOutcome::filtered: return server_filtered;
    case TcpOutcome::no_route: return server_no_route;
    case TcpOutcome::connected:
    case TcpOutcome::failed: break;
  }
  return server_unreachable;
}

/// The attempt that says most: a host without IPv6 has no route to the first address and the true answer at the second.
const TcpAttempt& telling_attempt(const std::vector<TcpAttempt>& attempts) {
  const auto routed = std::find_if(attempts.begin(), attempts.end(),
                                   [](const TcpAttempt& attempt) { return attempt.outcome != TcpOutcome::no_route; });
  return routed != attempts.end() ? *routed : attempts.front();
}

Error tcp_failure(const std::string& where, const WalkResult& way) {
  const TcpAttempt& attempt = telling_attempt(way.attempts);
  return make_error(code_of(attempt.outcome), where, attempt.address + ": " + attempt.text);
}

}  // namespace

bool is_tls(Bytes first) {
  return first.size() >= 2 && (first[0] == 21 || first[0] == 22) && first[1] == 3;
}

std::string_view plain_protocol_of(Bytes first) {
  if (first.empty() || is_tls(first)) return "";
  if (begins(first, "HTTP/")) return "HTTP";
  if (begins(first, "SSH-")) return "SSH";
  if (begins(first, "AMQP")) return "AMQP";
  if (first[0] == 0x20 && first.size() >= 2 && first[1] <= 0x7f) return "MQTT";
  return "something that is not TLS";
}

std::optional<Error> failure_of(const HostPort& to, const Look& look) {
  const std::string where = format(to);
  const WalkResult& way = look.way;
  if (way.addresses.empty()) return make_error(server_unknown, where, way.lookup_failure);
  if (!way.is_connected()) return tcp_failure(where, way);
  if (!look.probe.version.empty()) return std::nullopt;
  const std::string_view plain = plain_protocol_of(way.first_bytes);
  if (!plain.empty()) return make_error(server_not_tls, where, "answered with " + std::string(plain));
  if (way.timed_out) {
    return make_error(server_silent, where,
                      way.received == 0 ? "no byte within 10 s" : "the handshake did not end within 10 s");
  }
  if (way.received == 0) return make_error(server_not_tls, where, "closed the connection at the first byte of TLS");
  const std::string alert =
      look.probe.peer_alert.empty() ? "" : ", it sent the alert \"" + look.probe.peer_alert + "\"";
  return make_error(server_handshake_failed, where,
                    (look.probe.failure.empty() ? "closed during the handshake" : look.probe.failure) + alert);
}

Result<Look> look_at(boost::asio::io_context& io, trust::host::Prober& prober, const HostPort& to,
                     const WalkLimits& limits) {
  auto probe = prober.probe(to.host);
  if (!probe) return tl::unexpected(probe.error());
  const auto talk = std::make_shared<ProbeTalk>(std::move(*probe));
  Look look;
  look.way = walk(io, to, limits, talk);
  look.probe = talk->report();
  return look;
}

}  // namespace meterseal::app
