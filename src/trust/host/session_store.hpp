#pragma once

// TLS sessions of the hosts that one context talks to, each with the facts of the full handshake that it began with.
// Kept encoded: OpenSSL marks the session object of a connection that was cut off as not resumable, and cables are cut
// off. In memory only. Bounds: 8 hosts, 16 KiB each, one session per host: the newest.
// Thread: any (one mutex), because a context may be shared.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "trust/facts.hpp"

namespace meterseal::trust::host {

struct StoredSession {
  std::vector<std::uint8_t> encoded;
  Facts facts;
  UtcTime established;      ///< of the full handshake
  bool single_use = false;  ///< a ticket of TLS 1.3 is offered once. @source RFC 8446, C.4
};

class SessionStore {
 public:
  void keep(const std::string& host, StoredSession session);
  /// A session of `host` not older than 24 h. A single-use one is gone with it.
  [[nodiscard]] std::optional<StoredSession> take(const std::string& host, UtcTime now);
  void forget(const std::string& host);
  void forget_all();

 private:
  std::mutex mutex_;
  std::map<std::string, StoredSession> sessions_;
};

}  // namespace meterseal::trust::host
