#pragma once

// The server side of TLS, for the page: like TlsClient without any socket. Ciphertext goes in and comes out as bytes;
// who is served is decided above (sessions, tokens), never by a client certificate.
//
// TLS 1.2 and 1.3, forward-secret AEAD suites, no compression, no renegotiation, no early data, no stored sessions.
// Ownership: a TlsServer keeps its context alive. Thread: one TlsServer on one thread at a time. @source RFC 9325

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/facts.hpp"

namespace meterseal::trust::host {

/// Who the page is: certificate chain, leaf first, and the leaf's key, both PEM. Never log the key.
struct ServerIdentity {
  std::string certificate;
  std::string key;
};

/// A certificate signed by its own new key (EC P-256), for a device that nobody has given one.
/// @param names       DNS names and IP addresses at which the page is asked for
/// @param not_before  it is good for ten years from then: a device has no one to renew it for it
/// @return trust::own_certificate_failed
[[nodiscard]] Result<ServerIdentity> make_server_identity(const std::vector<std::string>& names, UtcTime not_before);

class TlsServer {
 public:
  enum class Progress {
    needs_input,
    done,
    failed
  };
  enum class Input {
    open,    ///< all that there was has been read
    closed,  ///< the peer has said goodbye
    failed
  };

  virtual ~TlsServer() = default;

  /// Goes on with the handshake as far as the bytes fed so far allow; output() may hold an alert after `failed`.
  virtual Progress handshake() = 0;
  virtual void feed(Bytes ciphertext) = 0;         ///< from the wire; copied
  [[nodiscard]] virtual Bytes output() const = 0;  ///< for the wire; valid until the next call of any other method
  virtual void consume_output(std::size_t n) = 0;

  /// Appends what has arrived in clear to `plaintext`, at most `most` bytes of it; the rest waits. Only after `done`.
  virtual Input read(std::string& plaintext, std::size_t most) = 0;
  /// Only after `done`. False: it cannot be sent any more.
  [[nodiscard]] virtual bool write(Bytes plaintext) = 0;
  virtual void close() = 0;  ///< queues close_notify
};

class TlsServerContext {
 public:
  /// @return trust::own_certificate_unusable: not PEM, key and certificate do not belong together, key too weak
  [[nodiscard]] static Result<std::shared_ptr<TlsServerContext>> make(const ServerIdentity& identity,
                                                                      std::string_view where);
  virtual ~TlsServerContext() = default;

  /// nullptr: no memory.
  [[nodiscard]] virtual std::unique_ptr<TlsServer> accept() = 0;
  /// SHA-256 of the certificate, "AA:BB:...": what a person compares with the browser's.
  [[nodiscard]] virtual const std::string& fingerprint() const = 0;
  [[nodiscard]] virtual std::optional<UtcTime> expires() const = 0;
};

}  // namespace meterseal::trust::host
