#pragma once

// The one door to OpenSSL. TlsContext holds the policy and what it needs (anchors, suites); TlsClient is one TLS client
// connection without any socket: ciphertext goes in and comes out as bytes, so that the owner decides when and where
// they travel, and a test can be the wire.
//
// The peer is judged inside the handshake (verify callback -> facts -> judge); on anything but Trusted the handshake
// fails with an alert and not one byte of application data exists to be sent. After success `verdict()` holds the
// proof; write() refuses while it is not Trusted.
//
// Ownership: a TlsClient keeps its context alive. Thread: one TlsClient on one thread at a time; a context may be
// shared. Errors: Code trust::* (class security) when the peer was refused, trust::tls_failed (retry) when the peer or
// the wire broke off; host/errors.hpp. @source RFC 8446, RFC 5246, RFC 9325
//
// Sessions are resumed (TLS 1.2 and 1.3) while the facts of the full handshake they began with still make a Trusted,
// for 24 h at most. They live in the context, so that a change of policy, which makes a new context, ends them all;
// they end as well when the CA or CRL file changes, which is noticed at the next connect(). One context serves one host
// and port.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/facts.hpp"
#include "trust/lineage.hpp"
#include "trust/policy.hpp"
#include "trust/verdict.hpp"

namespace meterseal::trust::host {

struct TlsSettings {
  Policy policy;  ///< mode is never off here
  Lineage lineage;
  bool ca_builtin = false;  ///< the chain that this binary was built with (builtin_ca.hpp), and no other
  std::string ca_file;      ///< PEM, one or many anchors; empty: none
  std::string ca_path;      ///< hashed folder, read lazily; empty: none
  std::string crl_file;     ///< PEM, one or many; empty: none
  std::string client_cert;  ///< PEM chain, leaf first; empty: none, like the next
  std::string client_key;   ///< PEM, readable by nobody but its owner
  std::string pkcs11;       ///< "pkcs11:token=agent;object=mqtt": the key stays in a token; instead of client_key
  std::string pkcs11_module;
  std::string pkcs11_pin_file;
  std::string alpn;  ///< one protocol name; empty: none
};

/// What a log line may say about an established connection.
struct TlsSummary {
  std::string version;  ///< "TLSv1.3"
  std::string suite;    ///< "TLS_AES_128_GCM_SHA256"
  bool resumed = false;
  Facts facts;  ///< of the full handshake that a resumed session began with, judged again
};

class TlsClient {
 public:
  enum class Progress {
    needs_input,
    done,
    failed
  };

  virtual ~TlsClient() = default;

  /// Goes on with the handshake as far as the bytes fed so far allow. After `failed`, error() says why and output()
  /// may still hold an alert worth sending.
  virtual Progress handshake() = 0;

  virtual void feed(Bytes ciphertext) = 0;         ///< from the wire; copied
  [[nodiscard]] virtual Bytes output() const = 0;  ///< for the wire; valid until the next call of any other method
  virtual void consume_output(std::size_t n) = 0;

  /// Plaintext, only after `done`.
  virtual Result<void> write(Bytes plaintext) = 0;
  /// @return bytes read; 0: no more for now; error trust::tls_closed after the peer's close_notify
  virtual Result<std::size_t> read(std::span<std::uint8_t> plaintext) = 0;
  virtual void close() = 0;  ///< queues close_notify

  /// Only after `done`: Trusted or Learnable. With Learnable nothing may be written: note the facts and close.
  [[nodiscard]] virtual const Verdict& verdict() const = 0;
  [[nodiscard]] virtual const TlsSummary& summary() const = 0;  ///< facts also after a refusal
  /// The last alert that the peer sent, "certificate required"; empty: none. A TLS 1.3 peer refuses a client
  /// certificate only after the handshake.
  [[nodiscard]] virtual std::string peer_alert() const = 0;
  [[nodiscard]] virtual const std::optional<Error>& error() const = 0;
};

class TlsContext {
 public:
  /// Reads and checks anchors. @return trust::ca_unreadable, trust::no_anchor, ...: where names the file
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> make(const TlsSettings& settings);
  virtual ~TlsContext() = default;

  /// @param host  as configured: a DNS name (SNI, name check) or an IP literal (no SNI, IP check)
  /// @param now   nullopt when the wall clock is unknown
  /// @return trust::host_unusable, trust::ca_unreadable and others of make() when a file has changed
  [[nodiscard]] virtual Result<std::unique_ptr<TlsClient>> connect(const std::string& host,
                                                                   std::optional<UtcTime> now) = 0;

  /// Whether handshake() of its clients waits for a token to sign: then it belongs on a worker, on which the TlsClient
  /// lives from connect() until the handshake has ended.
  [[nodiscard]] virtual bool may_block() const { return false; }
  /// notAfter of the client certificate; nullopt: there is none. Worth a warning when it comes near.
  [[nodiscard]] virtual std::optional<UtcTime> identity_until() const { return std::nullopt; }
};

}  // namespace meterseal::trust::host
