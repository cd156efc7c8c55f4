#include <openssl/ssl.h>

#include <mutex>
#include <new>
#include <utility>

#include "trust/host/builtin_ca.hpp"
#include "trust/host/client_identity.hpp"
#include "trust/host/errors.hpp"
#include "trust/host/tls_client.hpp"
#include "trust/host/tls_connection.hpp"
#include "trust/host/token_key.hpp"

namespace meterseal::trust::host {

namespace {

constexpr long kMaxCertificateList = 64L * 1024;
/// ECDHE with an AEAD and nothing else; TLS 1.3 has no other. @source RFC 9325, 4.2
constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384:P-521";

using SharedContext = std::shared_ptr<SSL_CTX>;

bool uses_anchors(const Policy& policy) {
  return policy.mode == Mode::ca || policy.mode == Mode::ca_fingerprint;
}

Result<std::shared_ptr<const TrustMaterial>> read_material(const TlsSettings& settings) {
  auto anchors = settings.ca_builtin ? Anchors::parse(builtin_ca_pem(), "the CA chain of this build")
                                     : Anchors::open(settings.ca_file, settings.ca_path);
  if (!anchors) return tl::unexpected(anchors.error());
  if (anchors->empty() && uses_anchors(settings.policy)) {
    return fail(no_anchor, "mqtt.tls", "mode \"ca\" needs ca_file or ca_path");
  }
  auto crls = CrlList::open(settings.crl_file);
  if (!crls) return tl::unexpected(crls.error());
  return std::make_shared<const TrustMaterial>(
      TrustMaterial{settings.policy, settings.lineage, std::move(*anchors), std::move(*crls)});
}

/// One protocol name with its length before it. @source RFC 7301, 3.1
bool set_alpn(SSL_CTX* context, const std::string& name) {
  if (name.empty()) return true;
  if (name.size() > 255) return false;
  const std::string encoded = std::string(1, static_cast<char>(name.size())) + name;
  return SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(encoded.data()),
                                 static_cast<unsigned>(encoded.size())) == 0;
}

Result<SharedContext> make_openssl_context(const std::string& alpn) {
  SharedContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) {
    ERR_clear_error();
    return fail(out_of_memory, "TLS", "no memory for a TLS context");
  }
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_security_level(ctx, 2);
  SSL_CTX_clear_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(ctx, kMaxCertificateList);
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 || SSL_CTX_set_cipher_list(ctx, kSuites) != 1 ||
      SSL_CTX_set1_groups_list(ctx, kGroups) != 1 || !set_alpn(ctx, alpn)) {
    return fail(tls_setup_failed, "TLS", take_openssl_error());
  }
  set_callbacks(ctx);
  return context;
}

/// From then on the context keeps the token's driver alive, which must be the last to go.
Result<UtcTime> use_identity(SharedContext& context, const TlsSettings& settings) {
  if (settings.pkcs11.empty()) {
    const auto key = read_client_key(settings.client_key);
    if (!key) return tl::unexpected(key.error());
    return use_client_identity(context.get(), settings.client_cert, key->get());
  }
  auto token = TokenKey::open(settings.pkcs11_module, settings.pkcs11, settings.pkcs11_pin_file);
  if (!token) return tl::unexpected(token.error());
  EVP_PKEY* key = (*token)->key();
  context =
      SharedContext(context.get(), [token = std::shared_ptr<TokenKey>(std::move(*token)), context](SSL_CTX*) mutable {
        context.reset();
        token.reset();
      });
  return use_client_identity(context.get(), settings.client_cert, key);
}

class OpenSslContext final : public TlsContext {
 public:
  OpenSslContext(TlsSettings settings, SharedContext context, std::shared_ptr<const TrustMaterial> material,
                 std::optional<UtcTime> identity_until)
      : settings_(std::move(settings)),
        context_(std::move(context)),
        identity_until_(identity_until),
        material_(std::move(material)) {}

  Result<std::unique_ptr<TlsClient>> connect(const std::string& host, std::optional<UtcTime> now) override {
    auto name = parse_peer_name(host);
    if (!name) return fail(host_unusable, host, "is neither a DNS name nor an address");
    try {
      auto material = current_material();
      if (!material) return tl::unexpected(material.error());
      return make_connection({context_, std::move(*material), sessions_, host, std::move(*name), settings_.alpn,
                              identity_until_.has_value(), now});
    } catch (const std::bad_alloc&) {
      return fail(out_of_memory, host, "no memory to begin a handshake");
    }
  }

  [[nodiscard]] bool may_block() const override { return !settings_.pkcs11.empty(); }
  [[nodiscard]] std::optional<UtcTime> identity_until() const override { return identity_until_; }

 private:
  Result<std::shared_ptr<const TrustMaterial>> current_material() {
    const std::lock_guard lock(mutex_);
    if (material_->anchors.is_current() && material_->crls.is_current()) return material_;
    auto changed = read_material(settings_);
    if (!changed) return changed;
    material_ = *changed;
    sessions_->forget_all();
    return material_;
  }

  // constant after construction
  const TlsSettings settings_;
  const SharedContext context_;
  const std::optional<UtcTime> identity_until_;
  const std::shared_ptr<SessionStore> sessions_ = std::make_shared<SessionStore>();

  std::mutex mutex_;
  std::shared_ptr<const TrustMaterial> material_;  ///< under mutex_
};

Result<std::shared_ptr<TlsContext>> make_context(const TlsSettings& settings) {
  auto material = read_material(settings);
  if (!material) return tl::unexpected(material.error());
  auto context = make_openssl_context(settings.alpn);
  if (!context) return tl::unexpected(context.error());
  std::optional<UtcTime> identity_until;
  if (!settings.client_cert.empty()) {
    auto until = use_identity(*context, settings);
    if (!until) return tl::unexpected(until.error());
    identity_until = *until;
  }
  return std::make_shared<OpenSslContext>(settings, std::move(*context), std::move(*material), identity_until);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsSettings& settings) {
  try {
    return make_context(settings);
  } catch (const std::bad_alloc&) {
    return fail(out_of_memory, "TLS", "no memory for a TLS context");
  }
}

}  // namespace meterseal::trust::host
