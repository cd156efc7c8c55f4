#pragma once

// A TLS server of the tests' own, without any socket: OpenSSL over memory, joined to a TlsClient by `talk()`. It
// records what a real broker's log would show: the bytes of application data that reached it, and the alert that ended
// it. Ownership: values.

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/test_pki.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::test {

struct ServerSetup {
  Issued identity;
  std::vector<const Issued*> intermediates;
  /// OCSP answer; empty: none
  std::string staple = {};  // NOLINT(readability-redundant-member-init)
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  const char* suites = nullptr;       ///< of TLS 1.2; nullptr: OpenSSL's own
  const Issued* client_ca = nullptr;  ///< demands a client certificate of this CA
  /// takes this protocol; empty: ignores the extension
  std::string alpn = {};  // NOLINT(readability-redundant-member-init)
};

/// One listening server: its tickets are good for its later connections.
class TlsServerPeer {
 public:
  explicit TlsServerPeer(const ServerSetup& setup);
  TlsServerPeer(const TlsServerPeer&) = delete;
  TlsServerPeer& operator=(const TlsServerPeer&) = delete;
  [[nodiscard]] SSL_CTX* context() const { return context_.get(); }
  [[nodiscard]] const ServerSetup& setup() const { return setup_; }

 private:
  ServerSetup setup_;
  std::shared_ptr<SSL_CTX> context_;
};

struct Talk {
  trust::host::TlsClient::Progress progress = trust::host::TlsClient::Progress::needs_input;
  bool server_finished = false;
  std::string received;      ///< application data that reached the server
  std::string alert;         ///< fatal, from the client: "bad certificate"
  std::size_t sent = 0;      ///< bytes from the client
  std::size_t answered = 0;  ///< bytes from the server
};

class ServerSide {
 public:
  explicit ServerSide(TlsServerPeer& server);
  /// Takes what the client has sent, answers, records.
  void step(trust::host::TlsClient& client);
  void write(std::string_view text);
  [[nodiscard]] const Talk& talk() const { return talk_; }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

 private:
  std::shared_ptr<SSL> ssl_;
  BIO* in_;
  BIO* out_;
  Talk talk_;
};

/// The whole handshake, both sides in turn until neither has more to say.
Talk talk(trust::host::TlsClient& client, TlsServerPeer& server);
Talk talk(trust::host::TlsClient& client, ServerSide& side);

/// Feeds bytes that no TLS server made.
trust::host::TlsClient::Progress feed(trust::host::TlsClient& client, std::string_view bytes);

}  // namespace meterseal::test
