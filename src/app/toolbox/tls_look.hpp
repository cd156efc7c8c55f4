#pragma once

// One look at one server with a probe, and the words for what stopped it. Thread: the caller's, which has no other
// loop.

#include <memory>

#include "app/toolbox/tls_talks.hpp"
#include "core/result.hpp"

namespace meterseal::app {

struct Look {
  WalkResult way;
  trust::host::ProbeReport probe;
};

/// @return trust::probe_failed; everything that the network does is in the Look
[[nodiscard]] Result<Look> look_at(boost::asio::io_context& io, trust::host::Prober& prober, const HostPort& to,
                                   const WalkLimits& limits = {});

/// What the first bytes of a server that speaks no TLS are. @return "HTTP", "MQTT", ...; empty: none, or TLS
[[nodiscard]] std::string_view plain_protocol_of(Bytes first);
/// A TLS record of the kinds that a server begins with. @source RFC 8446, 5.1: alert 21, handshake 22
[[nodiscard]] bool is_tls(Bytes first);

/// Why the way to the server ended before a TLS handshake could begin or finish.
/// @return app::server_unknown, server_refuses, server_filtered, server_no_route, server_silent, server_not_tls,
///         server_handshake_failed; nullopt: the handshake has finished
[[nodiscard]] std::optional<Error> failure_of(const HostPort& to, const Look& look);

}  // namespace meterseal::app
