#include "support/tls_peer.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <cstring>

namespace meterseal::test {

namespace {

using trust::host::TlsClient;

int give_staple(SSL* ssl, void* argument) {
  const auto* setup = static_cast<const ServerSetup*>(argument);
  if (setup->staple.empty()) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_malloc(setup->staple.size());
  std::memcpy(copy, setup->staple.data(), setup->staple.size());
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(setup->staple.size()));
  return SSL_TLSEXT_ERR_OK;
}

int take_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void* argument) {
  const auto* setup = static_cast<const ServerSetup*>(argument);
  *out = reinterpret_cast<const unsigned char*>(setup->alpn.data());
  *size = static_cast<unsigned char>(setup->alpn.size());
  return SSL_TLSEXT_ERR_OK;
}

void show_certificate(SSL_CTX* context, const ServerSetup& setup) {
  ASSERT_EQ(SSL_CTX_use_certificate(context, setup.identity.certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context, setup.identity.key.get()), 1);
  for (const Issued* intermediate : setup.intermediates) {
    ASSERT_EQ(SSL_CTX_add1_chain_cert(context, intermediate->certificate.get()), 1);
  }
}

}  // namespace

TlsServerPeer::TlsServerPeer(const ServerSetup& setup)
    : setup_(setup), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, setup_.min_version);
  SSL_CTX_set_max_proto_version(context, setup_.max_version);
  if (setup_.suites != nullptr) SSL_CTX_set_cipher_list(context, setup_.suites);
  show_certificate(context, setup_);
  SSL_CTX_set_tlsext_status_cb(context, give_staple);
  SSL_CTX_set_tlsext_status_arg(context, &setup_);
  if (!setup_.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, take_alpn, &setup_);
  static const unsigned char id[] = "test";
  SSL_CTX_set_session_id_context(context, id, sizeof(id));
  if (setup_.client_ca != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), setup_.client_ca->certificate.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, std::chrono::duration_cast<seconds>(kToday.time_since_epoch()).count());
  }
  ERR_clear_error();
}

ServerSide::ServerSide(TlsServerPeer& server) : ssl_(SSL_new(server.context()), &SSL_free) {
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
  SSL_set_app_data(ssl_.get(), &talk_);
  SSL_set_info_callback(ssl_.get(), [](const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || (value >> 8) != SSL3_AL_FATAL) return;
    static_cast<Talk*>(SSL_get_app_data(ssl))->alert = SSL_alert_desc_string_long(value);
  });
}

void ServerSide::step(TlsClient& client) {
  const Bytes sent = client.output();
  talk_.sent += sent.size();
  if (!sent.empty()) BIO_write(in_, sent.data(), static_cast<int>(sent.size()));
  client.consume_output(sent.size());
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) == 0) SSL_do_handshake(ssl_.get());
  talk_.server_finished = SSL_is_init_finished(ssl_.get()) == 1;
  std::array<char, 4096> data{};
  std::size_t n = 0;
  while (talk_.server_finished && SSL_read_ex(ssl_.get(), data.data(), data.size(), &n) == 1) {
    talk_.received.append(data.data(), n);
  }
  ERR_clear_error();
  int size = 0;
  while ((size = BIO_read(out_, data.data(), static_cast<int>(data.size()))) > 0) {
    talk_.answered += static_cast<std::size_t>(size);
    client.feed(as_bytes({data.data(), static_cast<std::size_t>(size)}));
  }
}

void ServerSide::write(std::string_view text) {
  std::size_t n = 0;
  EXPECT_EQ(SSL_write_ex(ssl_.get(), text.data(), text.size(), &n), 1);
}

Talk talk(TlsClient& client, ServerSide& side) {
  TlsClient::Progress progress = client.handshake();
  for (int round = 0; round < 12; ++round) {
    side.step(client);
    progress = client.handshake();
  }
  // Tickets of TLS 1.3 and late alerts come after the handshake.
  std::array<std::uint8_t, 64> plaintext{};
  if (progress == TlsClient::Progress::done) (void)client.read(plaintext);
  Talk result = side.talk();
  result.progress = progress;
  return result;
}

Talk talk(TlsClient& client, TlsServerPeer& server) {
  ServerSide side(server);
  return talk(client, side);
}

TlsClient::Progress feed(TlsClient& client, std::string_view bytes) {
  client.feed(as_bytes(bytes));
  return client.handshake();
}

}  // namespace meterseal::test
