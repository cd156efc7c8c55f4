#include "trust/host/tls_connection.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "trust/errors.hpp"
#include "trust/explain.hpp"
#include "trust/host/certificate_facts.hpp"
#include "trust/host/chain_check.hpp"
#include "trust/host/errors.hpp"
#include "trust/host/plaintext_peer.hpp"
#include "trust/host/staple_check.hpp"
#include "trust/host/tls_failure.hpp"

namespace meterseal::trust::host {

namespace {

using Ssl = std::unique_ptr<SSL, FreedBy<&SSL_free>>;
using Session = std::unique_ptr<SSL_SESSION, FreedBy<&SSL_SESSION_free>>;

/// The leaf, 8 above it, and the root that many servers send along.
constexpr int kMaxSent = 10;

int connection_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// What the peer's log will say about a refusal. @source RFC 8446, 6.2
int verify_error_of(Reason reason) {
  switch (reason) {
    case Reason::expired: return X509_V_ERR_CERT_HAS_EXPIRED;
    case Reason::self_signed:
    case Reason::unknown_issuer:
    case Reason::missing_intermediate: return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case Reason::revoked: return X509_V_ERR_CERT_REVOKED;
    case Reason::wrong_purpose: return X509_V_ERR_INVALID_PURPOSE;
    case Reason::crl_missing:  // ours to mend, not the peer's
    case Reason::no_pin_set: return X509_V_ERR_UNSPECIFIED;
    case Reason::certificate_malformed:
    case Reason::chain_too_large:
    case Reason::weak_key:
    case Reason::weak_signature:
    case Reason::pin_mismatch:
    case Reason::unconfirmed:
    case Reason::learn_conflict:
    case Reason::not_yet_valid:
    case Reason::bad_chain:
    case Reason::name_mismatch:
    case Reason::staple_missing:
    case Reason::staple_bad: break;
  }
  return X509_V_ERR_CERT_REJECTED;
}

class Connection final : public TlsClient {
 public:
  Connection(ConnectionSetup setup, Ssl ssl, Bio in, Bio out)
      : setup_(std::move(setup)), ssl_(std::move(ssl)), in_(in.get()), out_(out.get()) {
    SSL_set_bio(ssl_.get(), in.release(), out.release());
    SSL_set_connect_state(ssl_.get());
    summary_.facts.now = setup_.now;
  }

  Progress handshake() override;
  void feed(Bytes ciphertext) override;
  [[nodiscard]] Bytes output() const override;
  void consume_output(std::size_t n) override;
  Result<void> write(Bytes plaintext) override;
  Result<std::size_t> read(std::span<std::uint8_t> plaintext) override;
  void close() override;
  [[nodiscard]] const Verdict& verdict() const override { return verdict_; }
  [[nodiscard]] const TlsSummary& summary() const override { return summary_; }
  [[nodiscard]] std::string peer_alert() const override { return std::string(alert_text(peer_alert_)); }
  [[nodiscard]] const std::optional<Error>& error() const override { return error_; }

  /// So that OpenSSL's callbacks find this object. @return false: no memory
  [[nodiscard]] bool attach() { return SSL_set_ex_data(ssl_.get(), connection_index(), this) == 1; }
  void offer(StoredSession stored);

  [[nodiscard]] const std::string& where() const { return setup_.host; }

  // From OpenSSL's callbacks.
  int judge_list(X509_STORE_CTX* list);
  int judge_flight();
  void keep_session(SSL_SESSION* session);
  void note_certificate_request() { asked_for_certificate_ = true; }
  void note_alert(int alert) {
    if (alert != SSL_AD_CLOSE_NOTIFY) peer_alert_ = alert;
  }
  void refuse_for_memory() { error_ = make_error(out_of_memory, setup_.host, "no memory to judge the certificate"); }

 private:
  Progress finish();
  Progress fail_with(const Error& error);
  [[nodiscard]] std::optional<Error> refusal_of(const Verdict& verdict) const;
  void store_session(const std::vector<std::uint8_t>& encoded);
  [[nodiscard]] Error end_of_tls() const {
    return failure_of({setup_.host, peer_alert_, asked_for_certificate_, setup_.has_identity});
  }
  [[nodiscard]] bool is_up() const { return is_done_ && !error_; }

  // constant after construction
  const ConnectionSetup setup_;

  Ssl ssl_;
  BIO* in_;  ///< owned by ssl_, like the next
  BIO* out_;
  TlsSummary summary_;
  Verdict verdict_ = Refused{Reason::no_pin_set};  ///< nobody has been judged yet
  std::optional<Error> error_;
  Certificate issuer_;                                ///< of the verified chain
  std::optional<StoredSession> offered_;              ///< for resumption
  std::vector<std::uint8_t> session_before_verdict_;  ///< TLS 1.2 gives it before the handshake has returned
  std::array<std::uint8_t, 16> first_bytes_{};
  std::size_t first_count_ = 0;
  int peer_alert_ = -1;
  bool asked_for_certificate_ = false;
  bool is_done_ = false;
};

// ---- the wire

void Connection::feed(Bytes ciphertext) {
  if (error_) return;
  const std::size_t head = std::min(ciphertext.size(), first_bytes_.size() - first_count_);
  std::copy_n(ciphertext.begin(), head, first_bytes_.begin() + static_cast<std::ptrdiff_t>(first_count_));
  first_count_ += head;
  const auto size = static_cast<int>(ciphertext.size());
  if (size > 0 && BIO_write(in_, ciphertext.data(), size) != size) {
    fail_with(make_error(out_of_memory, setup_.host, "no memory for what was received"));
  }
}

Bytes Connection::output() const {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  return {reinterpret_cast<const std::uint8_t*>(data), size > 0 ? static_cast<std::size_t>(size) : 0};
}

void Connection::consume_output(std::size_t n) {
  std::array<char, 4096> thrown_away{};
  while (n > 0) {
    const int taken = BIO_read(out_, thrown_away.data(), static_cast<int>(std::min(n, thrown_away.size())));
    if (taken <= 0) return;
    n -= static_cast<std::size_t>(taken);
  }
}

// ---- the handshake

TlsClient::Progress Connection::handshake() {
  if (error_) return Progress::failed;
  if (is_done_) return Progress::done;
  if (const auto plaintext = plaintext_in(Bytes(first_bytes_).first(first_count_))) {
    return fail_with(make_error(peer_not_tls, setup_.host, Text<224>("the peer ").add(*plaintext)));
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (error_) return Progress::failed;  // refused in a callback; OpenSSL has queued the alert
  if (result == 1) return finish();
  const int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return Progress::needs_input;
  if (offered_) setup_.sessions->forget(setup_.host);
  return fail_with(end_of_tls());
}

TlsClient::Progress Connection::fail_with(const Error& error) {
  if (!error_) error_ = error;
  ERR_clear_error();
  return Progress::failed;
}

std::optional<Error> Connection::refusal_of(const Verdict& verdict) const {
  const TrustMaterial& by = *setup_.material;
  if (const auto* refused = std::get_if<Refused>(&verdict)) {
    return refusal(by.policy, by.lineage, summary_.facts, refused->reason, setup_.host);
  }
  if (std::holds_alternative<ClockUnknown>(verdict)) return clock_refusal(summary_.facts, setup_.host);
  return std::nullopt;
}

int Connection::judge_list(X509_STORE_CTX* list) {
  const TrustMaterial& by = *setup_.material;
  X509* leaf = X509_STORE_CTX_get0_cert(list);
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(list);
  Facts facts = facts_of(leaf, setup_.name);
  facts.now = setup_.now;
  if (sk_X509_num(sent) > kMaxSent) {
    facts.chain = ChainState::too_large;
    facts.chain_detail = "more than 10 certificates were sent";
  } else if (facts.chain == ChainState::unchecked) {
    ChainFinding found = check_chain(leaf, sent, by.anchors, by.crls, setup_.now);
    facts.chain = found.state;
    facts.chain_detail = found.detail;
    facts.anchor = found.anchor;
    facts.not_revoked_at = found.crl_from;
    issuer_ = std::move(found.issuer);
  }
  summary_.facts = facts;
  const CertificateVerdict verdict = judge_certificate(by.policy, by.lineage, facts);
  X509_STORE_CTX_set_error(list, X509_V_OK);
  if (const auto* refused = std::get_if<Refused>(&verdict)) {
    error_ = refusal_of(*refused);
    X509_STORE_CTX_set_error(list, verify_error_of(refused->reason));
  } else if (std::holds_alternative<ClockUnknown>(verdict)) {
    error_ = clock_refusal(facts, setup_.host);
    X509_STORE_CTX_set_error(list, X509_V_ERR_UNSPECIFIED);
  }
  return error_ ? 0 : 1;
}

int Connection::judge_flight() {
  if (SSL_session_reused(ssl_.get()) == 1) return 1;  // judged in finish(), by what it began with
  const unsigned char* der = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), static_cast<void*>(&der));
  const Bytes staple(der, der != nullptr && size > 0 ? static_cast<std::size_t>(size) : 0);
  X509* leaf = SSL_get0_peer_certificate(ssl_.get());
  const StapleFinding found = check_staple(staple, leaf, issuer_.get(), setup_.now);
  summary_.facts.staple = found.state;
  summary_.facts.staple_until = found.until;
  summary_.facts.not_revoked_at = std::max(summary_.facts.not_revoked_at, found.from);
  error_ = refusal_of(judge(setup_.material->policy, setup_.material->lineage, summary_.facts));
  return error_ ? 0 : 1;
}

TlsClient::Progress Connection::finish() {
  const TrustMaterial& by = *setup_.material;
  summary_.version = SSL_get_version(ssl_.get());
  summary_.suite = SSL_get_cipher_name(ssl_.get());
  summary_.resumed = SSL_session_reused(ssl_.get()) == 1;
  if (summary_.resumed && offered_) {
    summary_.facts = offered_->facts;
    summary_.facts.now = setup_.now;
  }
  Sha256 served{};
  X509_digest(SSL_get0_peer_certificate(ssl_.get()), EVP_sha256(), served.data(), nullptr);
  if (served != summary_.facts.certificate) {
    return fail_with(make_error(tls_malformed, setup_.host, "the session is not of the certificate that was judged"));
  }
  verdict_ = judge(by.policy, by.lineage, summary_.facts);
  if (const auto refused = refusal_of(verdict_)) return fail_with(*refused);
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &alpn_size);
  if (!setup_.alpn.empty() && as_text({alpn, alpn_size}) != setup_.alpn) {
    return fail_with(make_error(no_alpn, setup_.host, "the peer did not take the protocol \"" + setup_.alpn + "\""));
  }
  is_done_ = true;
  if (!session_before_verdict_.empty()) store_session(session_before_verdict_);
  session_before_verdict_.clear();
  issuer_.reset();
  return Progress::done;
}

// ---- sessions

void Connection::offer(StoredSession stored) {
  Facts facts = stored.facts;
  facts.now = setup_.now;
  if (!std::holds_alternative<Trusted>(judge(setup_.material->policy, setup_.material->lineage, facts))) return;
  const unsigned char* at = stored.encoded.data();
  const Session session(d2i_SSL_SESSION(nullptr, &at, static_cast<long>(stored.encoded.size())));
  if (session && SSL_set_session(ssl_.get(), session.get()) == 1) offered_ = std::move(stored);
  ERR_clear_error();
}

void Connection::keep_session(SSL_SESSION* session) {
  const int size = i2d_SSL_SESSION(session, nullptr);
  if (size <= 0) return;
  std::vector<std::uint8_t> encoded(static_cast<std::size_t>(size));
  unsigned char* at = encoded.data();
  i2d_SSL_SESSION(session, &at);
  if (is_done_) {
    store_session(encoded);
  } else {
    session_before_verdict_ = std::move(encoded);
  }
}

void Connection::store_session(const std::vector<std::uint8_t>& encoded) {
  if (!std::holds_alternative<Trusted>(verdict_) || !setup_.now) return;
  // Without the extended master secret a session of TLS 1.2 is not bound to its handshake. @source RFC 7627, 5.3
  const bool is_1_3 = SSL_version(ssl_.get()) == TLS1_3_VERSION;
  if (!is_1_3 && SSL_get_extms_support(ssl_.get()) != 1) return;
  StoredSession stored;
  stored.encoded = encoded;
  stored.facts = summary_.facts;
  stored.established = offered_ && summary_.resumed ? offered_->established : *setup_.now;
  stored.single_use = is_1_3;
  setup_.sessions->keep(setup_.host, std::move(stored));
}

// ---- the connection

Result<void> Connection::write(Bytes plaintext) {
  if (!is_done_ || !std::holds_alternative<Trusted>(verdict_)) {
    return fail(not_trusted, setup_.host, "nothing may be written before the peer is trusted");
  }
  if (error_) return tl::unexpected(*error_);
  if (plaintext.empty()) return {};
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1) return {};
  error_ = end_of_tls();
  return tl::unexpected(*error_);
}

Result<std::size_t> Connection::read(std::span<std::uint8_t> plaintext) {
  if (error_) return tl::unexpected(*error_);
  if (!is_done_ || plaintext.empty()) return std::size_t{0};
  ERR_clear_error();
  std::size_t n = 0;
  if (SSL_read_ex(ssl_.get(), plaintext.data(), plaintext.size(), &n) == 1) return n;
  const int why = SSL_get_error(ssl_.get(), 0);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return std::size_t{0};
  if (why == SSL_ERROR_ZERO_RETURN) return fail(tls_closed, setup_.host, "the peer closed the connection");
  error_ = end_of_tls();
  return tl::unexpected(*error_);
}

void Connection::close() {
  if (is_up()) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

// ---- what OpenSSL calls

Connection* connection_of(const SSL* ssl) {
  return static_cast<Connection*>(SSL_get_ex_data(ssl, connection_index()));
}

int on_certificate_list(X509_STORE_CTX* list, void*) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(list, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Connection* connection = connection_of(ssl);
  try {
    return connection->judge_list(list);
  } catch (const std::bad_alloc&) {
    connection->refuse_for_memory();
    X509_STORE_CTX_set_error(list, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
}

int on_server_flight(SSL* ssl, void*) {
  try {
    return connection_of(ssl)->judge_flight();
  } catch (const std::bad_alloc&) {
    connection_of(ssl)->refuse_for_memory();
    return 0;
  }
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  try {
    connection_of(ssl)->keep_session(session);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): without it the next handshake is a full one
  }
  return 0;  // OpenSSL keeps its reference
}

int on_certificate_request(SSL* ssl, void*) {
  connection_of(ssl)->note_certificate_request();
  return 1;
}

void on_progress(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) connection_of(ssl)->note_alert(value & 0xff);
}

}  // namespace

void set_callbacks(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_certificate_list, nullptr);
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_tlsext_status_cb(context, on_server_flight);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
  SSL_CTX_set_cert_cb(context, on_certificate_request, nullptr);
  SSL_CTX_set_info_callback(context, on_progress);
}

Result<std::unique_ptr<TlsClient>> make_connection(ConnectionSetup setup) {
  Ssl ssl(SSL_new(setup.context.get()));
  Bio in(BIO_new(BIO_s_mem()));
  Bio out(BIO_new(BIO_s_mem()));
  if (!ssl || !in || !out || connection_index() < 0) {
    ERR_clear_error();
    return fail(out_of_memory, setup.host, "no memory to begin a handshake");
  }
  if (!setup.name.dns.empty() && SSL_set_tlsext_host_name(ssl.get(), setup.name.dns.c_str()) != 1) {
    ERR_clear_error();
    return fail(out_of_memory, setup.host, "no memory to begin a handshake");
  }
  std::optional<StoredSession> stored;
  if (setup.now) stored = setup.sessions->take(setup.host, *setup.now);
  auto connection = std::make_unique<Connection>(std::move(setup), std::move(ssl), std::move(in), std::move(out));
  if (!connection->attach()) {
    ERR_clear_error();
    return fail(out_of_memory, connection->where(), "no memory to begin a handshake");
  }
  if (stored) connection->offer(std::move(*stored));
  return connection;
}

}  // namespace meterseal::trust::host
