#pragma once

// One handshake and the connection after it: TlsClient over OpenSSL's memory BIOs. OpenSSL calls back at three moments:
// the certificate list has come (first judgement), the server's flight is complete (staple, whole judgement, before any
// client certificate), a session may be kept. Thread: one at a time.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trust/host/anchors.hpp"
#include "trust/host/crl_list.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/peer_name.hpp"
#include "trust/host/session_store.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::trust::host {

/// What a peer is judged by. Constant while a connection uses it.
struct TrustMaterial {
  Policy policy;
  Lineage lineage;
  Anchors anchors;
  CrlList crls;
};

struct ConnectionSetup {
  std::shared_ptr<SSL_CTX> context;
  std::shared_ptr<const TrustMaterial> material;
  std::shared_ptr<SessionStore> sessions;
  std::string host;
  PeerName name;
  std::string alpn;
  bool has_identity = false;
  std::optional<UtcTime> now;
};

/// Hangs the callbacks into a new context. Once per context.
void set_callbacks(SSL_CTX* context);

/// @return trust::out_of_memory
[[nodiscard]] Result<std::unique_ptr<TlsClient>> make_connection(ConnectionSetup setup);

}  // namespace meterseal::trust::host
