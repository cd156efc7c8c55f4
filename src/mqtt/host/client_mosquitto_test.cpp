// The client against the broker most people run, with libmosquitto as the other end of each message.

#include <gtest/gtest.h>

#include "mqtt/errors.hpp"
#include "mqtt/host/client.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"
#include "support/mosquitto.hpp"
#include "support/mosquitto_peer.hpp"
#include "support/mqtt_client.hpp"

namespace meterseal::mqtt::host {
namespace {

/// Run with MQTT 3.1.1 and with MQTT 5.
class ClientWithMosquitto : public ::testing::TestWithParam<Version> {
 protected:
  std::unique_ptr<Client> client_with(ClientOptions options) {
    options.version = GetParam();
    auto client = Client::make(io, clock, log, std::move(options), seen);
    client->start();
    return client;
  }
  std::unique_ptr<Client> client_to(const test::Mosquitto& broker) {
    return client_with(test::options_for(broker.port()));
  }
  bool until(const std::function<bool()>& done) { return test::poll_until(io, done); }
  bool connected() {
    return until([this] { return seen.connects == 1; });
  }
  void stop(Client& client) {
    bool stopped = false;
    client.stop([&] { stopped = true; });
    EXPECT_TRUE(until([&] { return stopped; }));
  }

  boost::asio::io_context io;
  test::SteadyClock clock;
  test::CollectingLog log;
  test::RecordingMqttObserver seen;
};

TEST_P(ClientWithMosquitto, RefusesAWrongPasswordByName) {
  const test::Mosquitto broker(test::with_password("meter", "right"));
  ASSERT_TRUE(broker.is_running());
  auto options = test::options_for(broker.port());
  options.user = "meter";
  options.password = "secret-of-another";
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return !seen.failures.empty(); }));
  // mosquitto does not say which of the two it was.
  EXPECT_EQ(seen.failures[0].code, not_authorized);
  EXPECT_EQ(seen.connects, 0);
  EXPECT_FALSE(log.contains("secret-of-another"));
  EXPECT_FALSE(log.contains("Connected to"));
}

TEST_P(ClientWithMosquitto, ConnectsWithAPasswordAndSaysSoInTheWordsOfTasmota) {
  const test::Mosquitto broker(test::with_password("meter", "right"));
  auto options = test::options_for(broker.port());
  options.user = "meter";
  options.password = "right";
  const auto client = client_with(options);
  ASSERT_TRUE(connected());
  const std::string name = "127.0.0.1:" + std::to_string(broker.port());
  const auto lines = log.lines();
  EXPECT_EQ(lines.back(), "info MQTT: Connected to " + name);
  EXPECT_TRUE(log.contains("warning MQTT: connecting to " + name + " WITHOUT TLS"));
  EXPECT_EQ(client->tls(), nullptr);
}

TEST_P(ClientWithMosquitto, PublishesAThousandReadingsWithinTheWindowAndEachIsAcknowledgedOnce) {
  const test::Mosquitto broker;
  const test::MosquittoPeer peer(broker.port(), "tele/#");
  const auto client = client_to(broker);
  Token next = 0;
  const auto offer = [&] {
    while (next < 1000 && client->window_left() > 0) {
      ASSERT_TRUE(
          client->publish(next, {"tele/e/SENSOR", std::to_string(next), Qos::at_least_once, false}).has_value());
      ++next;
    }
  };
  seen.then_connected = offer;
  seen.then_published = [&](Token) { offer(); };
  ASSERT_TRUE(until([&] { return seen.published.size() == 1000 && peer.count() == 1000; }));
  const auto messages = peer.messages();
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(seen.published[i], i);
    EXPECT_EQ(messages[i].payload, std::to_string(i));
  }
}

TEST_P(ClientWithMosquitto, RefusesToOfferMoreThanTheWindow) {
  const test::Mosquitto broker;
  const auto client = client_to(broker);
  EXPECT_EQ(client->publish(1, {"t", "x"}).error().code, not_connected);
  ASSERT_TRUE(connected());
  EXPECT_EQ(client->window_left(), 20U);
  for (Token i = 0; i < 20; ++i) EXPECT_TRUE(client->publish(i, {"t", "x"}).has_value());
  EXPECT_EQ(client->window_left(), 0U);
  EXPECT_EQ(client->publish(20, {"t", "x"}).error().code, window_full);
  ASSERT_TRUE(until([&] { return seen.published.size() == 20; }));
  EXPECT_EQ(client->window_left(), 20U);
}

TEST_P(ClientWithMosquitto, ReceivesEachQosExactlyAsItWasSent) {
  const test::Mosquitto broker;
  auto options = test::options_for(broker.port());
  options.subscriptions = {"cmnd/e/#"};
  const auto client = client_with(options);
  ASSERT_TRUE(connected());
  ASSERT_TRUE(until([&] { return broker.count_in_log("Sending SUBACK") == 1; }));
  test::MosquittoPeer peer(broker.port(), "nothing");
  for (int i = 0; i < 30; ++i) peer.publish("cmnd/e/C" + std::to_string(i), std::string(1000 * i, 'x'), i % 3);
  ASSERT_TRUE(until([&] { return seen.messages.size() == 30 && peer.confirmed() == 30; }));
  for (const Message& message : seen.messages) {
    const std::size_t i = std::stoul(message.topic.substr(8));
    EXPECT_EQ(message.payload.size(), 1000 * i);
    // We subscribe with QoS 1, so the broker sends no more than that.
    EXPECT_EQ(static_cast<int>(message.qos), std::min(static_cast<int>(i % 3), 1));
  }
}

TEST_P(ClientWithMosquitto, LeavesNoWillBehindWhenItStops) {
  const test::Mosquitto broker;
  const test::MosquittoPeer peer(broker.port(), "#");
  auto options = test::options_for(broker.port());
  options.will = Message{"tele/e/LWT", "Offline", Qos::at_least_once, true};
  const auto client = client_with(options);
  ASSERT_TRUE(connected());
  ASSERT_TRUE(client->publish({"tele/e/LWT", "leaving", Qos::at_least_once, true}).has_value());
  stop(*client);
  EXPECT_EQ(seen.disconnects, 1);
  EXPECT_TRUE(seen.failures.empty());
  ASSERT_TRUE(until([&] { return broker.count_in_log("meter-under-test disconnected.") == 1; }));
  const test::MosquittoPeer late(broker.port(), "#");
  ASSERT_TRUE(until([&] { return late.count() == 1; }));
  EXPECT_EQ(late.messages()[0].payload, "leaving");
  ASSERT_TRUE(until([&] { return peer.count() == 1; }));
  EXPECT_EQ(peer.messages()[0].payload, "leaving");
}

TEST_P(ClientWithMosquitto, LetsTheBrokerTellItsWillWhenItDies) {
  const test::Mosquitto broker;
  const test::MosquittoPeer peer(broker.port(), "#");
  auto options = test::options_for(broker.port());
  options.will = Message{"tele/e/LWT", "Offline", Qos::at_least_once, true};
  auto client = client_with(options);
  ASSERT_TRUE(connected());
  client.reset();
  ASSERT_TRUE(until([&] { return peer.count() == 1; }));
  EXPECT_EQ(peer.messages()[0].payload, "Offline");
}

TEST_P(ClientWithMosquitto, ComesBackAndSubscribesAgainAfterTheBrokerWasAway) {
  test::Mosquitto broker;
  auto options = test::options_for(broker.port());
  options.subscriptions = {"cmnd/e/#"};
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return broker.count_in_log("Sending SUBACK") == 1; }));
  broker.stop(SIGKILL);
  ASSERT_TRUE(until([&] { return seen.disconnects == 1; }));
  EXPECT_TRUE(seen.has_failed_with(connection_lost));
  broker.start();
  ASSERT_TRUE(until([&] { return seen.connects == 2; }));
  ASSERT_TRUE(until([&] { return broker.count_in_log("Sending SUBACK") == 2; }));
  test::MosquittoPeer peer(broker.port(), "nothing");
  peer.publish("cmnd/e/STATUS", "0", 1);
  ASSERT_TRUE(until([&] { return seen.messages.size() == 1; }));
}

TEST_P(ClientWithMosquitto, StaysConnectedThroughSilenceByPings) {
  const test::Mosquitto broker;
  auto options = test::options_for(broker.port());
  options.keep_alive = seconds(1);
  const auto client = client_with(options);
  ASSERT_TRUE(connected());
  // The broker drops a client after 1.5 times the keep-alive.
  ASSERT_TRUE(until([&] { return broker.count_in_log("Sending PINGRESP") == 3; }));
  EXPECT_TRUE(client->is_online());
  EXPECT_EQ(seen.disconnects, 0);
}

TEST_P(ClientWithMosquitto, CarriesAMessageOfTheLargestSizeAndRefusesALargerOne) {
  const test::Mosquitto broker;
  const test::MosquittoPeer peer(broker.port(), "t");
  const auto client = client_to(broker);
  ASSERT_TRUE(connected());
  const std::size_t overhead = GetParam() == Version::v5 ? 10 : 9;  // header 4, topic 3, identifier 2, properties 1
  EXPECT_EQ(client->publish(1, {"t", std::string(256 * 1024 - overhead + 1, 'x')}).error().code, packet_too_large);
  ASSERT_TRUE(client->publish(2, {"t", std::string(256 * 1024 - overhead, 'x')}).has_value());
  ASSERT_TRUE(until([&] { return peer.count() == 1 && seen.published.size() == 1; }));
  EXPECT_EQ(peer.messages()[0].payload.size(), 256 * 1024 - overhead);
}

INSTANTIATE_TEST_SUITE_P(, ClientWithMosquitto, ::testing::Values(Version::v3_1_1, Version::v5),
                         [](const auto& with) { return with.param == Version::v5 ? "v5" : "v3"; });

}  // namespace
}  // namespace meterseal::mqtt::host
