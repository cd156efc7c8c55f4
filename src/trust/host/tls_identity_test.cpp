// This device's own certificate: what is read, what is refused, and what the broker says about it.

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "support/tls_site.hpp"

namespace meterseal::trust::host {
namespace {

using test::connect;
using test::kToday;
using test::TlsSite;
using Progress = TlsClient::Progress;

struct SiteWithDevice : TlsSite {
  test::Issued device_ca = test::issue(test::root_request("Device CA"));
  test::Issued device = test::issue(device_request());

  SiteWithDevice() {
    server.client_ca = &device_ca;
    settings.client_cert = folder.file("device.pem");
    settings.client_key = folder.file("device.key");
    write(device);
  }
  [[nodiscard]] test::Request device_request() const {
    test::Request request = test::leaf_request(device_ca, "");
    request.common_name = "emon_1";
    request.extensions[2].value = "clientAuth";
    return request;
  }
  void write(const test::Issued& identity) {
    test::write_file(settings.client_cert, identity.pem());
    test::write_file(settings.client_key, identity.key_pem());
  }
  [[nodiscard]] std::string code() const {
    const auto made = TlsContext::make(settings);
    return made ? "made" : std::string(made.error().code.name);
  }
};

class TlsIdentity : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsIdentity, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(TlsIdentity, IsShownToABrokerThatAsksForIt) {
  SiteWithDevice site;
  site.server.max_version = GetParam();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  test::ServerSide side(server);
  const auto talk = test::talk(*client, side);
  ASSERT_EQ(talk.progress, Progress::done) << test::detail_of(*client);
  EXPECT_TRUE(talk.server_finished);
  ASSERT_NE(SSL_get0_peer_certificate(side.ssl()), nullptr);
  EXPECT_EQ(X509_cmp(SSL_get0_peer_certificate(side.ssl()), site.device.certificate.get()), 0);
  EXPECT_EQ(context->identity_until(), test::day(2026, 2, 28));
}

TEST_P(TlsIdentity, DoesNotLeaveForABrokerThatIsRefused) {
  SiteWithDevice site;
  site.server.max_version = GetParam();
  site.serve(test::leaf_request(site.intermediate, "DNS:other.example"));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  test::ServerSide side(server);
  EXPECT_EQ(test::talk(*client, side).progress, Progress::failed);
  EXPECT_EQ(test::code_of(*client), "trust_name_mismatch");
  EXPECT_EQ(SSL_get0_peer_certificate(side.ssl()), nullptr);
}

TEST_P(TlsIdentity, DoesNotLeaveWhenOnlyTheStapleIsBad) {
  SiteWithDevice site;
  site.server.max_version = GetParam();
  site.server.staple = make_staple(site.leaf, site.intermediate, {.status = V_OCSP_CERTSTATUS_REVOKED});
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  test::ServerSide side(server);
  EXPECT_EQ(test::talk(*client, side).progress, Progress::failed);
  EXPECT_EQ(test::code_of(*client), "trust_revoked");
  EXPECT_EQ(SSL_get0_peer_certificate(side.ssl()), nullptr);
}

/// In TLS 1.3 the refusal comes after the handshake, when CONNECT may be on its way.
std::string refusal_by_broker(TlsClient& client, test::TlsServerPeer& server) {
  test::ServerSide side(server);
  const auto talk = test::talk(client, side);
  if (talk.progress == Progress::done) {
    std::array<std::uint8_t, 64> plaintext{};
    for (int i = 0; i < 4 && !client.error(); ++i) {
      side.step(client);
      (void)client.read(plaintext);
    }
  }
  return test::code_of(client);
}

TEST_P(TlsIdentity, ThatIsMissingIsNamed) {
  SiteWithDevice site;
  site.server.max_version = GetParam();
  site.settings.client_cert.clear();
  site.settings.client_key.clear();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  EXPECT_EQ(refusal_by_broker(*client, server), "trust_client_certificate_refused");
  EXPECT_NE(test::detail_of(*client).find("demands a client certificate"), std::string::npos);
  EXPECT_NE(client->peer_alert(), "");
}

TEST_P(TlsIdentity, OfAnotherCaIsNamed) {
  SiteWithDevice site;
  site.server.max_version = GetParam();
  const test::Issued other_ca = test::issue(test::root_request("Other"));
  test::Request request = test::leaf_request(other_ca, "");
  site.write(test::issue(request));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  EXPECT_EQ(refusal_by_broker(*client, server), "trust_client_certificate_refused");
  EXPECT_EQ(client->peer_alert(), "unknown CA");
}

TEST(TlsIdentityFiles, AreReadOrNamed) {
  SiteWithDevice site;
  EXPECT_EQ(site.code(), "made");
  for (const unsigned mode : {0640U, 0604U, 0660U, 0644U, 0610U}) {
    test::write_file(site.settings.client_key, site.device.key_pem(), mode);
    EXPECT_EQ(site.code(), "trust_client_key_exposed") << std::oct << mode;
  }
  test::write_file(site.settings.client_key, site.device.key_pem(), 0400);
  EXPECT_EQ(site.code(), "made");
  test::write_file(site.settings.client_key, site.device_ca.key_pem(), 0600);
  EXPECT_EQ(site.code(), "trust_client_key_mismatch");
  test::write_file(site.settings.client_key, "nothing");
  EXPECT_EQ(site.code(), "trust_client_key_unreadable");
  site.write(site.device);
  test::write_file(site.settings.client_cert, "nothing");
  EXPECT_EQ(site.code(), "trust_client_certificate_unreadable");
  site.write(site.device);
  site.settings.client_key = site.folder.file("missing.key");
  EXPECT_EQ(site.code(), "trust_client_key_unreadable");
  site.settings.client_key = site.folder.path();
  EXPECT_EQ(site.code(), "trust_client_key_unreadable");
}

TEST(TlsIdentityFiles, AKeyWithAPassphraseIsRefusedAndNotAskedFor) {
  SiteWithDevice site;
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), site.device.key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  test::write_file(site.settings.client_key, {data, static_cast<std::size_t>(size)});
  EXPECT_EQ(site.code(), "trust_client_key_unreadable");
}

TEST(TlsIdentityFiles, AnchorsAreReadOrNamed) {
  TlsSite site;
  const auto code = [&] {
    const auto made = TlsContext::make(site.settings);
    return made ? "made" : std::string(made.error().code.name);
  };
  EXPECT_EQ(code(), "made");
  test::write_file(site.settings.ca_file, "");
  EXPECT_EQ(code(), "trust_no_anchor");
  test::write_file(site.settings.ca_file, site.root.pem() + site.root.pem().substr(0, 200));
  EXPECT_EQ(code(), "trust_ca_unreadable");
  site.settings.ca_file = site.folder.file("missing.pem");
  EXPECT_EQ(code(), "trust_ca_unreadable");
  site.settings.ca_file.clear();
  EXPECT_EQ(code(), "trust_no_anchor");
  site.settings.ca_path = site.folder.file("missing");
  EXPECT_EQ(code(), "trust_ca_unreadable");
  site.settings.ca_path = site.folder.path();
  EXPECT_EQ(code(), "made");
  site.settings.crl_file = site.folder.file("missing.crl");
  EXPECT_EQ(code(), "trust_crl_unreadable");
}

TEST(TlsIdentityFiles, AHashedFolderIsReadWhenItIsNeeded) {
  TlsSite site;
  site.settings.ca_file.clear();
  site.settings.ca_path = site.folder.path();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto before = connect(*context);
  EXPECT_EQ(test::talk(*before, server).progress, Progress::failed);
  EXPECT_EQ(test::code_of(*before), "trust_unknown_issuer");
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%08lx.",
                X509_NAME_hash_ex(X509_get_subject_name(site.root.certificate.get()), nullptr, nullptr, nullptr));
  test::write_file(site.folder.file(std::string(name.data()) + "0"), test::issue(test::root_request()).pem());
  test::write_file(site.folder.file(std::string(name.data()) + "1"), site.root.pem());
  const auto after = connect(*context);
  EXPECT_EQ(test::talk(*after, server).progress, Progress::done) << "the second of two anchors of one name";
}

TEST(TlsAlpn, IsTakenOrNamed) {
  TlsSite site;
  site.settings.alpn = "x-amzn-mqtt-ca";
  site.server.alpn = "x-amzn-mqtt-ca";
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto taken = connect(*context);
  EXPECT_EQ(test::talk(*taken, server).progress, Progress::done);
  site.server.alpn.clear();
  test::TlsServerPeer ignorant(site.server);
  const auto ignored = connect(*context);
  EXPECT_EQ(test::talk(*ignored, ignorant).progress, Progress::failed);
  EXPECT_EQ(test::code_of(*ignored), "trust_no_alpn");
}

TEST(TlsSni, IsTheNameAndNeverAnAddress) {
  TlsSite site;
  site.serve(test::leaf_request(site.intermediate, "DNS:broker.example.com,IP:192.0.2.7"));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto sni = [&](const std::string& host) {
    const auto client = connect(*context, kToday, host);
    test::ServerSide side(server);
    EXPECT_EQ(test::talk(*client, side).progress, Progress::done) << host;
    const char* name = SSL_get_servername(side.ssl(), TLSEXT_NAMETYPE_host_name);
    return std::string(name != nullptr ? name : "(none)");
  };
  EXPECT_EQ(sni("broker.example.com"), "broker.example.com");
  EXPECT_EQ(sni("Broker.Example.com."), "broker.example.com");
  EXPECT_EQ(sni("192.0.2.7"), "(none)");
}

}  // namespace
}  // namespace meterseal::trust::host
