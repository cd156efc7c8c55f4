#include "trust/host/probe.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "trust/errors.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/peer_name.hpp"
#include "trust/host/report_on.hpp"

namespace meterseal::trust::host {

namespace {

constexpr long kMaxCertificateList = 64L * 1024;
// A list of certificates is shown to people; a longer one is no chain.
constexpr int kMaxShown = 16;

using SharedContext = std::shared_ptr<SSL_CTX>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

bool is_address(const std::string& host) {
  const auto name = parse_peer_name(host);
  return name && !name->address.empty();
}

std::string failure_text() {
  const std::string error = take_openssl_error();
  return error.empty() ? "the handshake failed" : error;
}

class TlsProbe final : public Probe {
 public:
  TlsProbe(SharedContext context, Ssl ssl) : context_(std::move(context)), ssl_(std::move(ssl)) {
    SSL_set_app_data(ssl_.get(), this);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }

  Progress handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return finish();
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Progress::needs_input;
    report_.failure = failure_text();
    return Progress::failed;
  }

  void feed(Bytes ciphertext) override { BIO_write(in_, ciphertext.data(), static_cast<int>(ciphertext.size())); }

  [[nodiscard]] Bytes output() const override {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    return {reinterpret_cast<const std::uint8_t*>(data), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  void consume_output(std::size_t n) override {
    std::array<char, 4096> thrown_away{};
    while (n > 0) {
      const int taken = BIO_read(out_, thrown_away.data(), static_cast<int>(std::min(n, thrown_away.size())));
      if (taken <= 0) return;
      n -= static_cast<std::size_t>(taken);
    }
  }

  [[nodiscard]] const ProbeReport& report() const override { return report_; }

  void take_chain(const STACK_OF(X509) * sent, X509* leaf) {
    report_.chain.clear();
    if (leaf != nullptr) report_.chain.push_back(report_on(leaf));
    for (int i = 1; i < sk_X509_num(sent) && i < kMaxShown; ++i) {
      report_.chain.push_back(report_on(sk_X509_value(sent, i)));
    }
  }
  void note_certificate_request() { report_.asked_for_client_certificate = true; }
  void note_staple() { report_.stapled = true; }
  void note_alert(int alert) { report_.peer_alert = SSL_alert_desc_string_long(alert); }
  void note_state() {
    // Both states follow the check of the signature that the server made with its key: ServerKeyExchange comes before
    // ServerHelloDone in TLS 1.2, CertificateVerify before Finished in 1.3. With static RSA only Finished is a proof.
    const OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl_.get());
    const SSL_CIPHER* suite = SSL_get_pending_cipher(ssl_.get());
    const bool signs = suite != nullptr && SSL_CIPHER_get_kx_nid(suite) != NID_kx_rsa;
    if (state == TLS_ST_CR_FINISHED || (state == TLS_ST_CR_SRVR_DONE && signs)) report_.proved_key = true;
  }

 private:
  Progress finish() {
    report_.proved_key = true;
    report_.version = SSL_get_version(ssl_.get());
    report_.suite = SSL_get_cipher_name(ssl_.get());
    return Progress::done;
  }

  SharedContext context_;
  Ssl ssl_;
  BIO* in_ = nullptr;  ///< owned by ssl_, like the next
  BIO* out_ = nullptr;
  ProbeReport report_;
};

TlsProbe* probe_of(const SSL* ssl) {
  return static_cast<TlsProbe*>(SSL_get_app_data(ssl));
}

int keep_certificates(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  probe_of(ssl)->take_chain(X509_STORE_CTX_get0_untrusted(store), X509_STORE_CTX_get0_cert(store));
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

int have_no_client_certificate(SSL* ssl, X509**, EVP_PKEY**) {
  probe_of(ssl)->note_certificate_request();
  return 0;
}

int keep_staple(SSL* ssl, void*) {
  const unsigned char* staple = nullptr;
  if (SSL_get_tlsext_status_ocsp_resp(ssl, static_cast<void*>(&staple)) > 0) probe_of(ssl)->note_staple();
  return 1;
}

void follow(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL) probe_of(ssl)->note_alert(value);
  if ((where & SSL_CB_CONNECT_LOOP) == SSL_CB_CONNECT_LOOP) probe_of(ssl)->note_state();
}

class OpenSslProber final : public Prober {
 public:
  explicit OpenSslProber(SharedContext context) : context_(std::move(context)) {}

  Result<std::unique_ptr<Probe>> probe(const std::string& host) override {
    Ssl ssl(SSL_new(context_.get()), &SSL_free);
    if (!ssl) return fail(probe_failed, host, failure_text());
    if (!is_address(host) && SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) {
      return fail(probe_failed, host, failure_text());
    }
    return std::make_unique<TlsProbe>(context_, std::move(ssl));
  }

 private:
  SharedContext context_;
};

}  // namespace

Result<std::unique_ptr<Prober>> Prober::make(ProbeOffer offer) {
  const SharedContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) return fail(probe_failed, "TLS", failure_text());
  SSL_CTX* ctx = context.get();
  const bool is_legacy = offer == ProbeOffer::legacy;
  if (SSL_CTX_set_min_proto_version(ctx, is_legacy ? TLS1_VERSION : TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx, is_legacy ? TLS1_1_VERSION : TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, is_legacy ? "ALL:@SECLEVEL=0" : "DEFAULT") != 1) {
    return fail(probe_failed, "TLS", failure_text());
  }
  SSL_CTX_set_max_cert_list(ctx, kMaxCertificateList);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, keep_certificates, nullptr);
  SSL_CTX_set_client_cert_cb(ctx, have_no_client_certificate);
  SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_tlsext_status_cb(ctx, keep_staple);
  SSL_CTX_set_info_callback(ctx, follow);
  return std::make_unique<OpenSslProber>(context);
}

}  // namespace meterseal::trust::host
