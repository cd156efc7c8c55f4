// The handshake with a peer that is what it should be: what is agreed, and what may be written.

#include "trust/host/tls_client.hpp"

#include <gtest/gtest.h>

#include "support/tls_site.hpp"

namespace meterseal::trust::host {
namespace {

using Progress = TlsClient::Progress;

TEST(TlsClient, ReachesATrustedPeerAndCarriesDataBothWays) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    test::TlsSite site;
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    const auto client = test::connect(*context);
    test::ServerSide side(server);
    const auto talk = test::talk(*client, side);
    ASSERT_EQ(talk.progress, Progress::done) << test::detail_of(*client);
    EXPECT_EQ(test::text_of(client->verdict()), "ca 0");
    EXPECT_EQ(client->summary().version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_FALSE(client->summary().resumed);
    EXPECT_EQ(client->peer_alert(), "");
    ASSERT_TRUE(client->write(as_bytes("hello")));
    side.write("welcome");
    side.step(*client);
    EXPECT_EQ(side.talk().received, "hello");
    std::array<std::uint8_t, 64> plaintext{};
    EXPECT_EQ(as_text(Bytes(plaintext).first(client->read(plaintext).value_or(0))), "welcome");
  }
}

TEST(TlsClient, TellsTheEndOfTheConnection) {
  test::TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = test::connect(*context);
  test::ServerSide side(server);
  ASSERT_EQ(test::talk(*client, side).progress, Progress::done);
  SSL_shutdown(side.ssl());
  side.step(*client);
  std::array<std::uint8_t, 64> plaintext{};
  const auto read = client->read(plaintext);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code.name, "trust_tls_closed");
}

}  // namespace
}  // namespace meterseal::trust::host
