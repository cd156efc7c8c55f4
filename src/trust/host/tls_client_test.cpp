// The handshake with a peer that is what it should be: what is agreed, what may be written, what is remembered.

#include "trust/host/tls_client.hpp"

#include <gtest/gtest.h>

#include "support/temp_directory.hpp"
#include "support/tls_peer.hpp"
#include "support/trust_world.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {
namespace {

using test::kHost;
using test::kToday;
using Progress = TlsClient::Progress;

struct Site {
  test::TempDirectory folder;
  test::Issued root = test::issue(test::root_request());
  test::Issued intermediate = test::issue(test::intermediate_request(root));
  test::Issued leaf = test::issue(test::leaf_request(intermediate));

  Site() { test::write_file(folder.file("ca.pem"), root.pem()); }

  [[nodiscard]] TlsSettings ca_settings() const {
    TlsSettings settings;
    settings.policy.mode = Mode::ca;
    settings.ca_file = folder.file("ca.pem");
    return settings;
  }
  [[nodiscard]] test::ServerSetup server() const { return {.identity = leaf, .intermediates = {&intermediate}}; }
};

std::unique_ptr<TlsClient> client_of(TlsContext& context, const std::string& host = kHost) {
  auto made = context.connect(host, kToday);
  EXPECT_TRUE(made) << made.error().detail.view();
  return std::move(*made);
}

std::shared_ptr<TlsContext> context_of(const TlsSettings& settings) {
  auto made = TlsContext::make(settings);
  EXPECT_TRUE(made) << made.error().detail.view();
  return *made;
}

TEST(TlsClient, ReachesATrustedPeerAndCarriesDataBothWays) {
  const Site site;
  test::TlsServerPeer server(site.server());
  const auto client = client_of(*context_of(site.ca_settings()));
  test::ServerSide side(server);
  const auto talk = test::talk(*client, side);
  ASSERT_EQ(talk.progress, Progress::done) << client->error()->detail.view();
  EXPECT_EQ(test::text_of(client->verdict()), "ca 0");
  EXPECT_EQ(client->summary().version, "TLSv1.3");
  EXPECT_FALSE(client->summary().resumed);
  ASSERT_TRUE(client->write(as_bytes("hello")));
  side.write("welcome");
  side.step(*client);
  EXPECT_EQ(side.talk().received, "hello");
  std::array<std::uint8_t, 64> plaintext{};
  EXPECT_EQ(as_text(Bytes(plaintext).first(client->read(plaintext).value())), "welcome");
}

}  // namespace
}  // namespace meterseal::trust::host
