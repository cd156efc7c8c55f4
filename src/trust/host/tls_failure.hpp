#pragma once

// Why a handshake or a connection ended, in one code, from what OpenSSL and the peer said. Refusals by judge() are not
// made here. Thread: any; reads and empties the calling thread's error queue of OpenSSL.

#include <string_view>

#include "core/result.hpp"

namespace meterseal::trust::host {

struct EndOfTls {
  std::string_view where;                     ///< the host
  int peer_alert = -1;                        ///< description of the last fatal alert from the peer; -1: none
  bool asked_for_client_certificate = false;  ///< the peer sent a CertificateRequest
  bool had_client_certificate = false;        ///< and it got one
};

[[nodiscard]] Error failure_of(const EndOfTls& end);

/// "certificate required"; empty for -1
[[nodiscard]] std::string_view alert_text(int alert);

}  // namespace meterseal::trust::host
