#pragma once

// Looks at a TLS server without judging it: which certificates it serves, which version and suite it takes, whether it
// proved that it owns its key. For the toolbox and the doctor only. A probe has no client identity, neither stores nor
// resumes a session, never carries application data, and its result is no verdict: nothing is trusted because of it.
//
// Without any socket, as TlsClient: ciphertext goes in and comes out as bytes. Bounds: certificate list 64 KiB.
// Ownership: a Probe keeps what it needs of its Prober alive. Thread: one thread at a time.

#include <memory>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "trust/host/certificate_report.hpp"

namespace meterseal::trust::host {

struct ProbeReport {
  std::vector<CertificateReport> chain;  ///< as it was sent, leaf first; empty: the peer did not get so far
  bool proved_key = false;               ///< the peer has signed with the leaf's key: the leaf is not a copy
  bool asked_for_client_certificate = false;
  bool stapled = false;    ///< an OCSP answer came along; it was not looked at
  std::string version;     ///< "TLSv1.3"; empty: none was agreed
  std::string suite;       ///< "TLS_AES_128_GCM_SHA256"
  std::string peer_alert;  ///< "protocol version"; empty: none was received
  std::string failure;     ///< why the handshake did not finish; empty while it goes on and after it did
};

class Probe {
 public:
  enum class Progress {
    needs_input,
    done,
    failed
  };

  virtual ~Probe() = default;
  virtual Progress handshake() = 0;
  virtual void feed(Bytes ciphertext) = 0;
  [[nodiscard]] virtual Bytes output() const = 0;  ///< valid until the next call of any other method
  virtual void consume_output(std::size_t n) = 0;
  [[nodiscard]] virtual const ProbeReport& report() const = 0;
};

enum class ProbeOffer {
  modern,  ///< TLS 1.2 and 1.3 as OpenSSL offers them by itself
  legacy   ///< TLS 1.0 and 1.1 only, with everything that OpenSSL still knows: to find out whether a server takes them
};

class Prober {
 public:
  /// @return trust::tls_failed
  [[nodiscard]] static Result<std::unique_ptr<Prober>> make(ProbeOffer offer);
  virtual ~Prober() = default;
  /// @param host  a DNS name is sent as SNI, an IP literal is not
  [[nodiscard]] virtual Result<std::unique_ptr<Probe>> probe(const std::string& host) = 0;
};

}  // namespace meterseal::trust::host
