#include "trust/host/tls_server.hpp"

#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

#include "trust/errors.hpp"
#include "trust/host/certificate_report.hpp"
#include "trust/host/openssl.hpp"
#include "trust/pin.hpp"

namespace meterseal::trust::host {

namespace {

using SharedContext = std::shared_ptr<SSL_CTX>;
using Ssl = std::unique_ptr<SSL, FreedBy<&SSL_free>>;

/// @source RFC 9325, 4.2: forward secrecy and AEAD only
constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

class OpenSslServer final : public TlsServer {
 public:
  OpenSslServer(SharedContext context, Ssl ssl) : context_(std::move(context)), ssl_(std::move(ssl)) {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }

  Progress handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return Progress::done;
    const int error = SSL_get_error(ssl_.get(), result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ ? Progress::needs_input : Progress::failed;
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

  Input read(std::string& plaintext, std::size_t most) override {
    std::array<char, 4096> part{};
    while (most > 0) {
      ERR_clear_error();
      const int n = SSL_read(ssl_.get(), part.data(), static_cast<int>(std::min(most, part.size())));
      if (n <= 0) {
        const int error = SSL_get_error(ssl_.get(), n);
        ERR_clear_error();
        if (error == SSL_ERROR_ZERO_RETURN) return Input::closed;
        return error == SSL_ERROR_WANT_READ ? Input::open : Input::failed;
      }
      plaintext.append(part.data(), static_cast<std::size_t>(n));
      most -= static_cast<std::size_t>(n);
    }
    return Input::open;
  }

  bool write(Bytes plaintext) override {
    if (plaintext.empty()) return true;
    ERR_clear_error();
    // A memory BIO takes everything: the whole of it is written or the connection is broken.
    const bool written = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size())) ==
                         static_cast<int>(plaintext.size());
    ERR_clear_error();
    return written;
  }

  void close() override {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  SharedContext context_;
  Ssl ssl_;
  BIO* in_ = nullptr;  ///< owned by ssl_, like the next
  BIO* out_ = nullptr;
};

class OpenSslServerContext final : public TlsServerContext {
 public:
  OpenSslServerContext(SharedContext context, const CertificateReport& report)
      : context_(std::move(context)), fingerprint_(format_sha256(report.certificate).view()), expires_(report.ends) {}

  [[nodiscard]] std::unique_ptr<TlsServer> accept() override {
    Ssl ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    return std::make_unique<OpenSslServer>(context_, std::move(ssl));
  }
  [[nodiscard]] const std::string& fingerprint() const override { return fingerprint_; }
  [[nodiscard]] std::optional<UtcTime> expires() const override { return expires_; }

 private:
  const SharedContext context_;
  const std::string fingerprint_;
  const std::optional<UtcTime> expires_;
};

bool set_rules(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  // 34 KiB less for each idle connection. @source SSL_CTX_set_mode(3)
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context, 1);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kSuites12) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

/// @return what is wrong; empty: nothing
std::string use_identity(SSL_CTX* context, const ServerIdentity& identity) {
  const Bio certificates(BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size())));
  const Certificate leaf(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!leaf) return "holds no certificate in PEM";
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return "certificate: " + take_openssl_error();
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return "chain: " + take_openssl_error();
    }
  }
  ERR_clear_error();
  const Bio key_text(BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())));
  // No pass phrase is asked for: nobody sits in front of a service.
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return "the key is no PEM, or needs a pass phrase";
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return "the key does not belong to the certificate";
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(const ServerIdentity& identity,
                                                                 std::string_view where) {
  const SharedContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (!context || !set_rules(context.get()))
    return fail(own_certificate_failed, where, "OpenSSL: " + take_openssl_error());
  const std::string fault = use_identity(context.get(), identity);
  ERR_clear_error();
  if (!fault.empty()) return fail(own_certificate_unusable, where, fault);
  const auto report = read_certificate(as_bytes(identity.certificate), where);
  if (!report) return fail(own_certificate_unusable, where, "the certificate cannot be read");
  return std::make_shared<OpenSslServerContext>(context, *report);
}

}  // namespace meterseal::trust::host
