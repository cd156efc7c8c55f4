// Resumption: when a session is offered again, what is judged then, and when it never is.

#include <gtest/gtest.h>

#include "support/tls_site.hpp"

namespace meterseal::trust::host {
namespace {

using test::connect;
using test::day;
using test::kToday;
using test::TlsSite;
using Progress = TlsClient::Progress;

/// "resumed", "full" or the code of the refusal.
std::string reconnect(TlsContext& context, test::TlsServerPeer& server, std::optional<UtcTime> now = kToday) {
  const auto client = connect(context, now);
  const auto talk = test::talk(*client, server);
  if (talk.progress != Progress::done) return test::code_of(*client);
  EXPECT_TRUE(std::holds_alternative<Trusted>(client->verdict()));
  return client->summary().resumed ? "resumed" : "full";
}

TEST(TlsSession, IsResumedAgainAndAgainInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSite site;
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    EXPECT_EQ(reconnect(*context, server), "full");
    for (int i = 0; i < 4; ++i) EXPECT_EQ(reconnect(*context, server), "resumed") << i;
  }
}

TEST(TlsSession, SurvivesACableThatIsPulled) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSite site;
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    {
      const auto client = connect(*context);
      ASSERT_EQ(test::talk(*client, server).progress, Progress::done);
      // Freed without close_notify: OpenSSL marks its own session object as not resumable then.
    }
    EXPECT_EQ(reconnect(*context, server), "resumed");
  }
}

TEST(TlsSession, CarriesTheFactsOfTheFullHandshake) {
  TlsSite site;
  site.server.staple = make_staple(site.leaf, site.intermediate);
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto first = connect(*context);
  ASSERT_EQ(test::talk(*first, server).progress, Progress::done);
  const auto second = connect(*context, kToday + seconds{60});
  ASSERT_EQ(test::talk(*second, server).progress, Progress::done);
  EXPECT_TRUE(second->summary().resumed);
  EXPECT_EQ(second->summary().facts.certificate, first->summary().facts.certificate);
  EXPECT_EQ(second->summary().facts.anchor, first->summary().facts.anchor);
  EXPECT_EQ(second->summary().facts.staple, StapleState::good);
  EXPECT_EQ(second->summary().facts.now, kToday + seconds{60});
  EXPECT_TRUE(second->write(as_bytes("hello")));
}

TEST(TlsSession, EndsAfterADay) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  EXPECT_EQ(reconnect(*context, server, kToday + std::chrono::hours{23}), "resumed");
  EXPECT_EQ(reconnect(*context, server, kToday + std::chrono::hours{24}), "full") << "a day after the full handshake";
}

TEST(TlsSession, EndsWithTheCertificate) {
  TlsSite site;
  test::Request request = test::leaf_request(site.intermediate);
  request.until = kToday + std::chrono::hours{1};
  site.serve(request);
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  EXPECT_EQ(reconnect(*context, server, kToday + std::chrono::hours{1}), "resumed");
  EXPECT_EQ(reconnect(*context, server, kToday + std::chrono::hours{1} + seconds{1}), "trust_expired");
}

TEST(TlsSession, EndsWithTheStaple) {
  TlsSite site;
  site.server.staple = make_staple(site.leaf, site.intermediate, {.until = kToday + std::chrono::hours{1}});
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  EXPECT_EQ(reconnect(*context, server, kToday + std::chrono::hours{2}), "trust_staple_bad")
      << "a full handshake, in which the staple is out of date";
}

TEST(TlsSession, EndsWithThePolicy) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  const auto changed = site.context();
  EXPECT_EQ(reconnect(*changed, server), "full") << "another context";
}

TEST(TlsSession, EndsWhenTheCaFileChanges) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  test::write_file(site.settings.ca_file, site.root.pem() + site.root.pem());
  EXPECT_EQ(reconnect(*context, server), "full");
  EXPECT_EQ(reconnect(*context, server), "resumed");
  test::Request elsewhere = test::root_request("Elsewhere");
  elsewhere.organisation = "Elsewhere";
  test::write_file(site.settings.ca_file, test::issue(elsewhere).pem());
  EXPECT_EQ(reconnect(*context, server), "trust_unknown_issuer") << "the CA is not trusted any more";
}

TEST(TlsSession, EndsWhenTheCrlFileChanges) {
  TlsSite site;
  site.settings.crl_file = site.folder.file("crl.pem");
  test::write_file(site.settings.crl_file, make_crl(site.intermediate, {}));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  EXPECT_EQ(reconnect(*context, server), "resumed");
  test::write_file(site.settings.crl_file, make_crl(site.intermediate, {.revoked = {&site.leaf}}));
  EXPECT_EQ(reconnect(*context, server), "trust_revoked");
}

TEST(TlsSession, IsNotKeptWithoutAClock) {
  TlsSite site;
  site.pin(site.leaf);
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server, std::nullopt), "full");
  EXPECT_EQ(reconnect(*context, server, std::nullopt), "full");
}

TEST(TlsSession, IsNotKeptWhileLearning) {
  TlsSite site;
  site.settings.policy.mode = Mode::fingerprint;
  site.settings.policy.learn = Learn::confirm;
  site.settings.ca_file.clear();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  for (int i = 0; i < 2; ++i) {
    const auto client = connect(*context);
    ASSERT_EQ(test::talk(*client, server).progress, Progress::done);
    EXPECT_FALSE(client->summary().resumed);
  }
}

TEST(TlsSession, OfAnotherServerIsAFullHandshakeWithItsOwnVerdict) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  // The swapped peer cannot open the ticket, and what it serves is judged.
  site.server.identity = test::issue(test::self_signed_request());
  test::TlsServerPeer swapped(site.server);
  EXPECT_EQ(reconnect(*context, swapped), "trust_self_signed");
  EXPECT_EQ(reconnect(*context, server), "full");
}

TEST(TlsSession, IsOfItsHostOnly) {
  TlsSite site;
  site.serve(test::leaf_request(site.intermediate, "DNS:broker.example.com,DNS:other.example.com"));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  EXPECT_EQ(reconnect(*context, server), "full");
  const auto other = connect(*context, kToday, "other.example.com");
  ASSERT_EQ(test::talk(*other, server).progress, Progress::done);
  EXPECT_FALSE(other->summary().resumed);
}

}  // namespace
}  // namespace meterseal::trust::host
