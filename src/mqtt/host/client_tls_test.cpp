// The client over real TLS: a broker that is not the one we know learns nothing, and the one we know is told apart by
// fingerprint or CA.

#include <gtest/gtest.h>

#include "mqtt/errors.hpp"
#include "mqtt/host/client.hpp"
#include "support/fakes.hpp"
#include "support/mosquitto.hpp"
#include "support/mosquitto_peer.hpp"
#include "support/mqtt_client.hpp"
#include "support/scripted_broker.hpp"
#include "support/temp_directory.hpp"
#include "support/test_pki.hpp"
#include "trust/errors.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::mqtt::host {
namespace {

using trust::host::TlsContext;

constexpr std::string_view kPassword = "canary-password";

/// The loop clock of the machine and the fixed day on which the test's certificates are valid.
class DatedClock : public test::SteadyClock {
 public:
  [[nodiscard]] std::optional<UtcTime> utc() const override { return test::kToday; }
};

std::string fingerprint_of(const test::Issued& issued) {
  trust::Sha256 digest{};
  X509_digest(issued.certificate.get(), EVP_sha256(), digest.data(), nullptr);
  return std::string(trust::format_sha256(digest).view());
}

class ClientOverTls : public ::testing::Test {
 protected:
  ClientOverTls() { test::write_file(folder.file("ca.pem"), root.pem()); }

  [[nodiscard]] test::Issued leaf(const std::string& names = "DNS:localhost,IP:127.0.0.1") const {
    return test::issue(test::leaf_request(root, names));
  }
  [[nodiscard]] test::MosquittoSettings serving(const test::Issued& identity) const {
    test::MosquittoSettings settings = test::with_password("meter", std::string(kPassword));
    settings.certificate = folder.file("broker.pem");
    settings.key = folder.file("broker.key");
    test::write_file(settings.certificate, identity.pem());
    test::write_file(settings.key, identity.key_pem());
    return settings;
  }
  static std::shared_ptr<TlsContext> context_of(const trust::host::TlsSettings& settings) {
    auto made = TlsContext::make(settings);
    EXPECT_TRUE(made.has_value());
    return made ? *made : nullptr;
  }
  static std::shared_ptr<TlsContext> pinned(const std::string& pin) {
    trust::host::TlsSettings settings;
    settings.policy.mode = trust::Mode::fingerprint;
    settings.policy.pins[0] = trust::parse_pin(pin).value();
    return context_of(settings);
  }
  [[nodiscard]] std::shared_ptr<TlsContext> by_ca() const {
    trust::host::TlsSettings settings;
    settings.policy.mode = trust::Mode::ca;
    settings.ca_file = folder.file("ca.pem");
    return context_of(settings);
  }
  ClientOptions options_for(std::uint16_t port, const std::shared_ptr<TlsContext>& tls) {
    auto options = test::options_for(port, tls);
    options.user = "meter";
    options.password = kPassword;
    options.subscriptions = {"cmnd/e/#"};
    return options;
  }
  std::unique_ptr<Client> client_with(ClientOptions options) {
    auto client = Client::make(io, clock, log, std::move(options), seen);
    client->start();
    return client;
  }
  bool until(const std::function<bool()>& done) { return test::poll_until(io, done); }
  std::string_view first_failure() {
    EXPECT_TRUE(until([&] { return !seen.failures.empty(); }));
    return seen.failures.empty() ? std::string_view() : seen.failures[0].code.name;
  }
  /// The next pause, from the log.
  [[nodiscard]] int pause_ms() const {
    const auto lines = log.lines();
    const auto at = lines.back().find("next attempt in ");
    return at == std::string::npos ? 0 : std::stoi(lines.back().substr(at + 16));
  }

  test::TempDirectory folder;
  test::Issued root = test::issue(test::root_request());
  boost::asio::io_context io;
  DatedClock clock;
  test::CollectingLog log;
  test::RecordingMqttObserver seen;
};

// Refused.

TEST_F(ClientOverTls, SendsNothingToABrokerWithAnotherFingerprintAndNamesTheOneServed) {
  const test::Issued served = leaf();
  const test::Mosquitto broker(serving(served));
  const auto client = client_with(options_for(broker.port(), pinned(fingerprint_of(root))));
  EXPECT_EQ(first_failure(), trust::pin_mismatch.name);
  const std::string name = "127.0.0.1:" + std::to_string(broker.port());
  EXPECT_EQ(seen.failures[0].where.view(), name);
  EXPECT_TRUE(log.contains("warning MQTT: " + name + ": served certificate SHA-256 " + fingerprint_of(served)));
  EXPECT_TRUE(log.contains("error MQTT: hint: "));
  EXPECT_FALSE(log.contains("Connected to"));
  EXPECT_GE(pause_ms(), 15'000) << "the slow schedule";
  ASSERT_TRUE(until([&] { return broker.count_in_log("alert bad certificate") == 1; })) << "the broker is told why";
  EXPECT_EQ(broker.count_in_log("New client connected"), 0);
}

TEST_F(ClientOverTls, RefusesAnotherNameInCaMode) {
  const test::Mosquitto broker(serving(leaf("DNS:other.example")));
  const auto client = client_with(options_for(broker.port(), by_ca()));
  EXPECT_EQ(first_failure(), trust::name_mismatch.name);
  EXPECT_EQ(broker.count_in_log("New client connected"), 0);
}

TEST_F(ClientOverTls, GoesToTheNextBrokerWhenOneIsRefusedAndKeepsItsOwnRulesForEach) {
  const test::Issued served = leaf();
  const test::Mosquitto first(serving(served));
  const test::Mosquitto second(serving(served));
  auto options = options_for(first.port(), pinned(fingerprint_of(root)));
  options.brokers.push_back({"localhost", second.port(), by_ca()});
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  EXPECT_EQ(seen.failures[0].code.name, trust::pin_mismatch.name);
  EXPECT_EQ(seen.last_broker.port, second.port());
  EXPECT_EQ(first.count_in_log("New client connected"), 0);
}

TEST_F(ClientOverTls, SeesAPeerThatSpeaksPlaintext) {
  test::ScriptedBroker broker(io, [](test::ScriptedBroker::Guest& guest) { guest.send({0x20, 2, 0, 0}); });
  const auto client = client_with(options_for(broker.port(), by_ca()));
  EXPECT_EQ(first_failure(), trust::host::peer_not_tls.name);
}

TEST_F(ClientOverTls, GivesUpAHandshakeThatIsNotAnswered) {
  test::ScriptedBroker broker(
      io, [](test::ScriptedBroker::Guest& guest) { guest.read([](test::ScriptedBroker::Guest&) {}); });
  auto options = options_for(broker.port(), by_ca());
  options.step_limit = milliseconds(300);
  const auto client = client_with(options);
  EXPECT_EQ(first_failure(), handshake_timeout.name);
  const std::string sent(broker.last().received.begin(), broker.last().received.end());
  EXPECT_EQ(sent.find(kPassword), std::string::npos);
}

TEST_F(ClientOverTls, NamesAPeerThatClosesDuringTheHandshake) {
  test::ScriptedBroker broker(
      io, [](test::ScriptedBroker::Guest& guest) { guest.read([](test::ScriptedBroker::Guest& g) { g.close(); }); });
  const auto client = client_with(options_for(broker.port(), by_ca()));
  EXPECT_EQ(first_failure(), connection_lost.name);
  EXPECT_EQ(seen.failures[0].detail.view(), "closed by the peer during the TLS handshake");
}

TEST_F(ClientOverTls, NamesABrokerThatDemandsAClientCertificateAlthoughItSaysSoOnlyAfterConnect) {
  auto settings = serving(leaf());
  settings.after_listener = "cafile " + folder.file("ca.pem") + "\nrequire_certificate true\n";
  const test::Mosquitto broker(settings);
  ASSERT_TRUE(broker.is_running());
  const auto client = client_with(options_for(broker.port(), by_ca()));
  EXPECT_EQ(first_failure(), trust::host::client_certificate_refused.name);
  EXPECT_FALSE(log.contains("Connected to"));
}

TEST_F(ClientOverTls, SendsNothingToABrokerWhoseFingerprintItLearns) {
  const test::Issued served = leaf();
  const test::Mosquitto broker(serving(served));
  trust::host::TlsSettings settings;
  settings.policy.mode = trust::Mode::fingerprint;
  settings.policy.learn = trust::Learn::confirm;
  const auto client = client_with(options_for(broker.port(), context_of(settings)));
  EXPECT_EQ(first_failure(), fingerprint_learned.name);
  EXPECT_TRUE(log.contains(fingerprint_of(served)));
  EXPECT_FALSE(log.contains("Connected to"));
  EXPECT_EQ(broker.count_in_log("New client connected"), 0);
}

TEST_F(ClientOverTls, RefusesAWrongPasswordOverTls) {
  const test::Mosquitto broker(serving(leaf()));
  auto options = options_for(broker.port(), by_ca());
  options.password = "wrong";
  const auto client = client_with(options);
  EXPECT_EQ(first_failure(), not_authorized.name);
  EXPECT_FALSE(log.contains("Connected to")) << "not before CONNACK 0";
}

// Trusted.

TEST_F(ClientOverTls, ConnectsByFingerprintAndSaysHowItIsSealed) {
  const test::Issued served = leaf();
  const test::Mosquitto broker(serving(served));
  const auto client = client_with(options_for(broker.port(), pinned(fingerprint_of(served))));
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1], "info MQTT: Connected to 127.0.0.1:" + std::to_string(broker.port()) + " (TLS)");
  EXPECT_EQ(lines[2],
            "info TLS: TLSv1.3, TLS_AES_256_GCM_SHA384, trusted by certificate fingerprint (slot 1), certificate " +
                fingerprint_of(served));
  EXPECT_EQ(broker.count_in_log("New client connected"), 1) << broker.log();
  ASSERT_NE(client->tls(), nullptr);
  EXPECT_EQ(std::get<trust::Trusted>(client->tls()->verdict()).slot(), 1);
}

TEST_F(ClientOverTls, WarnsAboutAnExpiredCertificateWhoseFingerprintIsPinned) {
  test::Request request = test::leaf_request(root);
  request.until = test::day(2026, 1, 20);
  const test::Issued served = test::issue(request);
  const test::Mosquitto broker(serving(served));
  const auto client = client_with(options_for(broker.port(), pinned(fingerprint_of(served))));
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  EXPECT_TRUE(
      log.contains("warning TLS: 127.0.0.1:" + std::to_string(broker.port()) +
                   ": the certificate has expired on 2026-01-20; it is taken because its fingerprint is pinned"));
}

TEST_F(ClientOverTls, CarriesMessagesOfAllSizesInBothDirections) {
  auto settings = serving(leaf());
  settings.after_listener = "listener 0 " + folder.file("socket") + "\nallow_anonymous true\n";
  const test::Mosquitto broker(settings);
  const auto client = client_with(options_for(broker.port(), by_ca()));
  seen.then_message = [&](const Message& message) {
    EXPECT_TRUE(client->publish({"tele/e/ECHO", message.payload, Qos::at_least_once, false}).has_value());
  };
  ASSERT_TRUE(until([&] { return broker.count_in_log("Sending SUBACK") == 1; }));
  test::MosquittoPeer peer(folder.file("socket").c_str(), 0, "tele/#");
  const std::size_t sizes[] = {0, 1, 100, 16'000, 16'384, 65'535, 100'000, 250'000};
  for (const std::size_t size : sizes) peer.publish("cmnd/e/ECHO", std::string(size, 'x'), 1);
  ASSERT_TRUE(until([&] { return peer.count() == std::size(sizes); }));
  for (std::size_t i = 0; i < std::size(sizes); ++i) EXPECT_EQ(peer.messages()[i].payload.size(), sizes[i]);
}

TEST_F(ClientOverTls, PublishesAThousandReadingsAndSaysGoodbye) {
  const test::Mosquitto broker(serving(leaf()));
  const auto client = client_with(options_for(broker.port(), by_ca()));
  Token next = 0;
  const auto offer = [&] {
    while (next < 1000 && client->window_left() > 0) {
      ASSERT_TRUE(client->publish(next, {"tele/e/SENSOR", std::string(350, 'x')}).has_value());
      ++next;
    }
  };
  seen.then_connected = offer;
  seen.then_published = [&](Token) { offer(); };
  ASSERT_TRUE(until([&] { return seen.published.size() == 1000; }));
  bool stopped = false;
  client->stop([&] { stopped = true; });
  ASSERT_TRUE(until([&] { return stopped; }));
  EXPECT_TRUE(seen.failures.empty());
  EXPECT_EQ(broker.count_in_log("Client meter-under-test disconnected."), 1);
}

TEST_F(ClientOverTls, ComesBackToItsBroker) {
  const test::Issued served = leaf();
  test::Mosquitto broker(serving(served));
  const auto client = client_with(options_for(broker.port(), pinned(fingerprint_of(served))));
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  broker.stop(SIGKILL);
  ASSERT_TRUE(until([&] { return seen.disconnects == 1; }));
  broker.start();
  ASSERT_TRUE(until([&] { return seen.connects == 2; }));
}

}  // namespace
}  // namespace meterseal::mqtt::host
