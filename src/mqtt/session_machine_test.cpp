#include "mqtt/session_machine.hpp"

#include <gtest/gtest.h>

#include "mqtt/errors.hpp"
#include "support/mqtt_world.hpp"

namespace meterseal::mqtt {
namespace {

using test::count_of;
using test::failure_in;

constexpr Version v3 = Version::v3_1_1;
constexpr Version v5 = Version::v5;

constexpr Publish kReading{"t", "1", Qos::at_least_once, false, false, 0};

std::vector<Token> published_in(const std::vector<SessionAction>& actions) {
  std::vector<Token> tokens;
  for (const SessionAction& action : actions) {
    if (const auto* published = std::get_if<Published>(&action)) tokens.push_back(published->token);
  }
  return tokens;
}

// Before the broker has taken us.

struct Refusal {
  std::string_view what;
  std::string_view connack;
  Version version;
  const Code& code;
  std::string_view detail;
};

TEST(SessionMachine, NamesEachRefusalOfABroker) {
  const Refusal table[] = {
      {"version", "20 02 00 01", v3, version_refused, "the broker answered 1 (unacceptable protocol version)"},
      {"client id", "20 02 00 02", v3, client_id_refused, "the broker answered 2 (identifier rejected)"},
      {"unavailable", "20 02 00 03", v3, broker_unavailable, "the broker answered 3 (server unavailable)"},
      {"password", "20 02 00 04", v3, bad_credentials, "the broker answered 4 (bad user name or password)"},
      {"authorization", "20 02 00 05", v3, not_authorized, "the broker answered 5 (not authorized)"},
      {"unknown", "20 02 00 63", v3, refused_by_broker, "the broker answered 99 (unknown)"},
      {"a broker without MQTT 5", "20 02 00 01", v5, version_refused,
       "the broker answered 1 (unacceptable protocol version)"},
      {"version 5", "20 03 00 84 00", v5, version_refused, "the broker answered 132 (unsupported protocol version)"},
      {"client id 5", "20 03 00 85 00", v5, client_id_refused, "the broker answered 133 (client identifier not valid)"},
      {"password 5", "20 03 00 86 00", v5, bad_credentials, "the broker answered 134 (bad user name or password)"},
      {"authorization 5", "20 03 00 87 00", v5, not_authorized, "the broker answered 135 (not authorized)"},
      {"unavailable 5", "20 03 00 88 00", v5, broker_unavailable, "the broker answered 136 (server unavailable)"},
      {"busy", "20 03 00 89 00", v5, broker_unavailable, "the broker answered 137 (server busy)"},
      {"banned", "20 03 00 8A 00", v5, not_authorized, "the broker answered 138 (banned)"},
      {"quota, with the broker's own words", "20 0A 00 97 07 1F 00 04 'full'", v5, refused_by_broker,
       "the broker answered 151 (quota exceeded): full"},
      {"no QoS 1", "20 05 00 00 02 24 00", v5, qos_unavailable, "the broker's Maximum QoS is 0"},
      {"a session that we did not ask for", "20 02 01 00", v3, protocol_error,
       "the broker has a session, although a clean one was asked for"},
      {"PUBACK first", "40 02 00 01", v3, protocol_error, "the peer's first packet is no CONNACK"},
      {"PINGRESP first", "D0 00", v3, protocol_error, "the peer's first packet is no CONNACK"},
      {"a message first", "30 03 00 01 't'", v3, protocol_error, "the peer's first packet is no CONNACK"},
      {"garbage in CONNACK", "20 09 'garbage!!'", v3, malformed_packet, "reserved flags of a CONNACK are set"},
      {"HTTP", "'HTTP/1.1 400 Bad Request'", v3, protocol_error, "the peer's first packet is no CONNACK"},
      {"the first letter of HTTP", "'H'", v3, protocol_error, "the peer's first packet is no CONNACK"},
      {"a giant", "20 FF FF FF 7F", v3, packet_too_large, "a packet of 268435460 bytes was announced"},
  };
  for (const Refusal& row : table) {
    test::MqttWorld world(row.version);
    world.tell(LinkUp{});
    world.sent();
    const auto actions = world.receive(row.connack);
    EXPECT_EQ(failure_in(actions), row.code.name) << row.what;
    EXPECT_EQ(std::get<Fail>(actions.back()).detail, row.detail) << row.what;
    EXPECT_EQ(count_of<Offline>(actions), 0U) << row.what;
    EXPECT_EQ(world.machine().state(), SessionState::closing) << row.what;
    EXPECT_EQ(world.sent(), "") << row.what;
    EXPECT_TRUE(world.receive("20 02 00 00").empty()) << row.what;
  }
}

TEST(SessionMachine, GivesUpWhenConnectIsNotAnsweredHoweverSlowlyItDrips) {
  test::MqttWorld world(v3);
  world.tell(LinkUp{});
  for (int i = 0; i < 9; ++i) {
    world.after(seconds(1));
    world.receive(i == 0 ? "20" : i == 1 ? "80" : i == 2 ? "80" : i == 3 ? "01" : "00");
    EXPECT_EQ(failure_in(world.tell(Woke{})), "none");
  }
  world.after(seconds(1));
  EXPECT_EQ(world.machine().wake_at(), world.now);
  EXPECT_EQ(failure_in(world.tell(Woke{})), "mqtt_connack_timeout");
}

TEST(SessionMachine, OffersNothingBeforeItIsTaken) {
  test::MqttWorld world(v3);
  EXPECT_EQ(world.machine().publish(1, kReading, world.now).error().code, not_connected);
  world.tell(LinkUp{});
  EXPECT_EQ(world.machine().window_left(), 0U);
  EXPECT_EQ(world.machine().publish(1, kReading, world.now).error().code, not_connected);
}

TEST(SessionMachine, SendsConnectAndThenItsSubscriptions) {
  test::MqttWorld world(v3);
  world.tell(LinkUp{});
  EXPECT_EQ(world.sent(), test::hex(test::packet("10 0D 00 04 'MQTT' 04 02 00 1E 00 01 'm'")));
  const auto actions = world.receive("20 02 00 00");
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_TRUE(std::get<Online>(actions[0]).retains);
  EXPECT_EQ(world.sent(), test::hex(test::packet("82 0D 00 01 00 08 'cmnd/e/#' 01")));
  EXPECT_TRUE(world.receive("90 03 00 01 01").empty());
}

// Messages out.

TEST(SessionMachine, BooksEachAcknowledgementOnItsOwnMessage) {
  test::MqttWorld world(v3);
  world.go_online();
  for (Token token = 100; token < 103; ++token) {
    EXPECT_TRUE(world.machine().publish(token, kReading, world.now).has_value());
  }
  EXPECT_EQ(world.sent(), "32 06 00 01 74 00 02 31 32 06 00 01 74 00 03 31 32 06 00 01 74 00 04 31");
  EXPECT_EQ(published_in(world.receive("40 02 00 03 40 02 00 02")), (std::vector<Token>{101, 100}));
  EXPECT_EQ(published_in(world.receive("40 02 00 04")), std::vector<Token>{102});
  EXPECT_EQ(world.machine().window_left(), 20U);
}

TEST(SessionMachine, BooksNothingOnAnAcknowledgementThatNothingWaitsFor) {
  test::MqttWorld world(v3);
  world.go_online();
  ASSERT_TRUE(world.machine().publish(7, kReading, world.now).has_value());
  const auto actions = world.receive("40 02 00 63 40 02 FF FF 40 02 00 02 40 02 00 02");
  EXPECT_EQ(published_in(actions), std::vector<Token>{7});
  EXPECT_EQ(count_of<StrayAck>(actions), 1U) << "reported once for each connection";
  EXPECT_EQ(world.machine().state(), SessionState::online);
}

TEST(SessionMachine, ForgetsAMessageWithoutTokenWhenItIsAcknowledged) {
  test::MqttWorld world(v3);
  world.go_online();
  ASSERT_TRUE(world.machine().publish(std::nullopt, kReading, world.now).has_value());
  EXPECT_EQ(world.machine().window_left(), 19U);
  EXPECT_TRUE(world.receive("40 02 00 02").empty());
  EXPECT_EQ(world.machine().window_left(), 20U);
}

TEST(SessionMachine, ReportsAMessageThatTheBrokerDidNotAccept) {
  test::MqttWorld world(v5);
  world.go_online();
  ASSERT_TRUE(world.machine().publish(7, kReading, world.now).has_value());
  ASSERT_TRUE(world.machine().publish(8, kReading, world.now).has_value());
  const auto actions = world.receive("40 03 00 02 87 40 03 00 03 10");
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<Rejected>(actions[0]).token, 7U);
  EXPECT_EQ(std::get<Rejected>(actions[0]).code, reason::not_authorized);
  EXPECT_EQ(std::get<Published>(actions[1]).token, 8U) << "no subscriber is no failure";
}

TEST(SessionMachine, KeepsToTheWindowAndToTheBrokersReceiveMaximum) {
  test::MqttWorld world(v5);
  world.tell(LinkUp{});
  world.receive("20 06 00 00 03 21 00 03");
  EXPECT_EQ(world.machine().window_left(), 3U);
  for (Token token = 0; token < 3; ++token) {
    EXPECT_TRUE(world.machine().publish(token, kReading, world.now).has_value());
  }
  EXPECT_EQ(world.machine().publish(3, kReading, world.now).error().code, window_full);
  const Publish at_most_once{"t", "1", Qos::at_most_once, false, false, 0};
  EXPECT_TRUE(world.machine().publish(std::nullopt, at_most_once, world.now).has_value());
  world.receive("40 02 00 02");
  EXPECT_TRUE(world.machine().publish(3, kReading, world.now).has_value());
}

TEST(SessionMachine, KeepsToTheBrokersPacketSize) {
  test::MqttWorld world(v5);
  world.tell(LinkUp{});
  world.receive("20 08 00 00 05 27 00 00 00 20");
  const std::string payload(24, 'x');
  Publish message{"t", payload, Qos::at_least_once, false, false, 0};  // 2 + 3 + 2 + 1 + 24 = 32
  EXPECT_TRUE(world.machine().publish(1, message, world.now).has_value());
  const std::string larger(25, 'x');
  message.payload = larger;
  const auto refused = world.machine().publish(2, message, world.now);
  EXPECT_EQ(refused.error().code, packet_too_large);
  EXPECT_EQ(refused.error().detail.view(), "33 bytes, at most 32 are allowed");
}

TEST(SessionMachine, LeavesTheRetainFlagOutWhereTheBrokerKeepsNothing) {
  test::MqttWorld world(v5);
  world.tell(LinkUp{});
  const auto actions = world.receive("20 05 00 00 02 25 00");
  EXPECT_FALSE(std::get<Online>(actions[0]).retains);
  world.sent();
  Publish message = kReading;
  message.retain = true;
  ASSERT_TRUE(world.machine().publish(1, message, world.now).has_value());
  EXPECT_EQ(world.sent().substr(0, 2), "32");
}

TEST(SessionMachine, RefusesATopicThatIsNone) {
  test::MqttWorld world(v3);
  world.go_online();
  for (const std::string_view topic : {"", "a/#", "+", "\xC3\x28"}) {
    Publish message = kReading;
    message.topic = topic;
    EXPECT_EQ(world.machine().publish(1, message, world.now).error().code, topic_invalid) << topic;
  }
  EXPECT_EQ(world.sent(), "");
}

TEST(SessionMachine, RefusesWhatDoesNotFitIntoItsOutputAndSendsNoPartOfIt) {
  test::MqttWorld world(v3, kMaxPacket, 100);
  world.go_online();
  const std::string payload(40, 'x');
  const Publish message{"t", payload, Qos::at_least_once, false, false, 0};
  EXPECT_TRUE(world.machine().publish(1, message, world.now).has_value());
  EXPECT_TRUE(world.machine().publish(2, message, world.now).has_value());
  EXPECT_EQ(world.machine().publish(3, message, world.now).error().code, window_full);
  EXPECT_EQ(world.machine().output().size(), 2 * 47U);
  world.machine().consume_output(47);
  EXPECT_TRUE(world.machine().publish(3, message, world.now).has_value());
}

TEST(SessionMachine, GivesNoIdentifierTwiceWhileItIsInUse) {
  test::MqttWorld world(v3);
  world.go_online();
  world.receive("90 03 00 01 01");
  ASSERT_TRUE(world.machine().publish(1, kReading, world.now).has_value());  // identifier 2 stays in flight
  world.sent();
  for (int i = 0; i < 65'533; ++i) {
    ASSERT_TRUE(world.machine().publish(std::nullopt, kReading, world.now).has_value());
    const auto bytes = test::packet(world.sent());
    world.receive(test::PacketBytes{0x40, 2, bytes[5], bytes[6]});
  }
  ASSERT_TRUE(world.machine().publish(std::nullopt, kReading, world.now).has_value());
  EXPECT_EQ(world.sent(), "32 06 00 01 74 00 01 31");
  ASSERT_TRUE(world.machine().publish(std::nullopt, kReading, world.now).has_value());
  EXPECT_EQ(world.sent(), "32 06 00 01 74 00 03 31") << "neither 0 nor 2";
}

// Messages in.

TEST(SessionMachine, AnswersEachQosAsTheStandardAsks) {
  test::MqttWorld world(v3);
  world.go_online();
  EXPECT_EQ(count_of<Deliver>(world.receive("30 04 00 01 't' '0'")), 1U);
  EXPECT_EQ(world.sent(), "");
  const auto actions = world.receive("33 06 00 01 't' 00 09 '1'");
  ASSERT_EQ(count_of<Deliver>(actions), 1U);
  EXPECT_EQ(std::get<Deliver>(actions[0]).message.payload, "1");
  EXPECT_TRUE(std::get<Deliver>(actions[0]).message.retain);
  EXPECT_EQ(world.sent(), "40 02 00 09");
  EXPECT_EQ(count_of<Deliver>(world.receive("34 06 00 01 't' 00 09 '2'")), 1U);
  EXPECT_EQ(world.sent(), "50 02 00 09");
  EXPECT_TRUE(world.receive("62 02 00 09").empty());
  EXPECT_EQ(world.sent(), "70 02 00 09");
}

TEST(SessionMachine, DeliversAQos2MessageOnceHoweverOftenItIsRepeated) {
  test::MqttWorld world(v3);
  world.go_online();
  std::size_t delivered = 0;
  delivered += count_of<Deliver>(world.receive("34 06 00 01 't' FF FF '2'"));
  for (int i = 0; i < 5; ++i) delivered += count_of<Deliver>(world.receive("3C 06 00 01 't' FF FF '2'"));
  EXPECT_EQ(delivered, 1U);
  world.receive("62 02 FF FF 62 02 FF FF");
  EXPECT_EQ(count_of<Deliver>(world.receive("34 06 00 01 't' FF FF '2'")), 1U) << "a new one after PUBREL";
}

TEST(SessionMachine, ForgetsQos2IdentifiersWithTheSession) {
  test::MqttWorld world(v3);
  world.go_online();
  EXPECT_EQ(count_of<Deliver>(world.receive("34 06 00 01 't' 00 05 '2'")), 1U);
  world.tell(LinkDown{});
  world.go_online();
  EXPECT_EQ(count_of<Deliver>(world.receive("34 06 00 01 't' 00 05 '2'")), 1U);
}

TEST(SessionMachine, SaysThatItKnowsNoSuchIdentifier) {
  test::MqttWorld world(v5);
  world.go_online();
  world.receive("62 02 00 09");
  EXPECT_EQ(world.sent(), "70 03 00 09 92");
}

TEST(SessionMachine, EndsABrokerThatFloodsItWithoutTakingTheAcknowledgements) {
  test::MqttWorld world(v3, kMaxPacket, 64);
  world.go_online();
  std::vector<SessionAction> actions;
  for (int i = 0; i < 17; ++i) actions = world.receive("32 06 00 01 't' 00 09 '1'");
  EXPECT_EQ(failure_in(actions), "mqtt_output_full");
  EXPECT_EQ(count_of<Offline>(actions), 1U);
}

// What a broker may not do once it is connected.

TEST(SessionMachine, EndsABrokerThatBreaksTheProtocolAndTellsItWhyInMqtt5) {
  struct Row {
    std::string_view what;
    std::string_view bytes;
    std::string_view code;
    std::string_view farewell;
  };
  const Row table[] = {{"a second CONNACK", "20 03 00 00 00", "mqtt_protocol_error", "E0 01 82"},
                       {"PUBREC", "50 02 00 01", "mqtt_protocol_error", "E0 01 82"},
                       {"PUBCOMP", "70 02 00 01", "mqtt_protocol_error", "E0 01 82"},
                       {"SUBACK for two filters", "90 05 00 01 00 01 01", "mqtt_protocol_error", "E0 01 82"},
                       {"a topic alias", "30 07 00 01 't' 03 23 00 01", "mqtt_protocol_error", "E0 01 82"},
                       {"QoS 3", "36 06 00 01 't' 00 01 00", "mqtt_malformed_packet", "E0 01 81"},
                       {"a giant", "40 FD FF 0F", "mqtt_packet_too_large", "E0 01 95"}};
  for (const Row& row : table) {
    test::MqttWorld world(v5);
    world.go_online();
    const auto actions = world.receive(row.bytes);
    EXPECT_EQ(failure_in(actions), row.code) << row.what;
    EXPECT_EQ(count_of<Offline>(actions), 1U) << row.what;
    EXPECT_EQ(world.sent(), row.farewell) << row.what;
  }
}

TEST(SessionMachine, NamesWhyTheBrokerDisconnected) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"E0 01 8E", "mqtt_session_taken_over"},  {"E0 01 87", "mqtt_not_authorized"},
      {"E0 01 8B", "mqtt_broker_unavailable"},  {"E0 01 89", "mqtt_broker_unavailable"},
      {"E0 00", "mqtt_disconnected_by_broker"}, {"E0 01 93", "mqtt_disconnected_by_broker"}};
  for (const auto& [bytes, code] : table) {
    test::MqttWorld world(v5);
    world.go_online();
    EXPECT_EQ(failure_in(world.receive(bytes)), code);
    EXPECT_EQ(world.sent(), "");
  }
}

TEST(SessionMachine, TellsWhichSubscriptionsWereRefused) {
  for (const Version version : {v3, v5}) {
    test::MqttWorld world(version);
    world.go_online();
    const auto actions = world.receive(version == v5 ? "90 04 00 01 00 87" : "90 03 00 01 80");
    ASSERT_EQ(count_of<SubscriptionsRefused>(actions), 1U);
    EXPECT_GE(std::get<SubscriptionsRefused>(actions[0]).codes[0], reason::failure);
    EXPECT_EQ(world.machine().state(), SessionState::online);
  }
}

// Silence.

TEST(SessionMachine, PingsWhenNothingWasSentOrNothingHeardForTheKeepAliveTime) {
  test::MqttWorld world(v3);
  world.go_online();
  world.receive("90 03 00 01 01");
  world.after(seconds(29));
  world.tell(Woke{});
  EXPECT_EQ(world.sent(), "");
  world.after(seconds(1));
  EXPECT_EQ(world.machine().wake_at(), world.now);
  world.tell(Woke{});
  EXPECT_EQ(world.sent(), "C0 00");
  world.after(seconds(5));
  world.receive("D0 00");
  EXPECT_EQ(world.machine().wake_at(), world.now + seconds(25)) << "30 s after the ping was sent";
  // Publishing all the time to a broker that has gone says nothing about it.
  for (int i = 0; i < 30; ++i) {
    world.after(seconds(1));
    const Publish message{"t", "1", Qos::at_most_once, false, false, 0};
    ASSERT_TRUE(world.machine().publish(std::nullopt, message, world.now).has_value());
    world.sent();
    world.tell(Woke{});
  }
  EXPECT_EQ(world.sent(), "C0 00");
}

TEST(SessionMachine, GivesUpAPingThatIsNotAnsweredEvenIfABytePerSecondArrives) {
  test::MqttWorld world(v3);
  world.go_online();
  world.receive("90 03 00 01 01");
  world.receive("30 80 80 01");
  for (int i = 0; i < 39; ++i) {
    world.after(seconds(1));
    world.receive("00");
    EXPECT_EQ(failure_in(world.tell(Woke{})), "none") << i;
  }
  world.after(seconds(1));
  const auto actions = world.tell(Woke{});
  EXPECT_EQ(failure_in(actions), "mqtt_keep_alive_timeout");
  EXPECT_EQ(count_of<Offline>(actions), 1U);
}

TEST(SessionMachine, FollowsTheKeepAliveOfTheBroker) {
  test::MqttWorld world(v5);
  world.tell(LinkUp{});
  world.receive("20 06 00 00 03 13 00 05");
  world.receive("90 04 00 01 00 01");
  EXPECT_EQ(world.machine().wake_at(), world.now + seconds(5));
  test::MqttWorld without(v5);
  without.tell(LinkUp{});
  without.receive("20 06 00 00 03 13 00 00");
  without.receive("90 04 00 01 00 01");
  EXPECT_EQ(without.machine().wake_at(), std::nullopt);
}

TEST(SessionMachine, LeavesABrokerThatAnswersPingsButConfirmsNothing) {
  for (const bool message_waits : {true, false}) {
    test::MqttWorld world(v3);
    world.go_online();
    if (message_waits) {
      world.receive("90 03 00 01 01");
      ASSERT_TRUE(world.machine().publish(1, kReading, world.now).has_value());
    }
    for (int i = 0; i < 59; ++i) {
      world.after(seconds(1));
      world.receive("D0 00");
      EXPECT_EQ(failure_in(world.tell(Woke{})), "none");
    }
    world.after(seconds(1));
    EXPECT_EQ(failure_in(world.tell(Woke{})), "mqtt_ack_timeout");
  }
}

// The end.

TEST(SessionMachine, SaysGoodbyeBehindWhatWaitsToBeSent) {
  test::MqttWorld world(v3);
  world.go_online();
  ASSERT_TRUE(world.machine().publish(1, kReading, world.now).has_value());
  const auto actions = world.tell(Stop{});
  EXPECT_EQ(count_of<Offline>(actions), 1U);
  EXPECT_EQ(count_of<CloseLink>(actions), 1U);
  EXPECT_EQ(world.sent(), "32 06 00 01 74 00 02 31 E0 00");
  EXPECT_TRUE(world.tell(LinkDown{}).empty()) << "was said already";
  EXPECT_EQ(world.machine().state(), SessionState::closed);
}

TEST(SessionMachine, BeginsEachConnectionAnew) {
  test::MqttWorld world(v3);
  world.go_online();
  ASSERT_TRUE(world.machine().publish(1, kReading, world.now).has_value());
  world.receive("30 FF");  // half a packet
  EXPECT_EQ(count_of<Offline>(world.tell(LinkDown{})), 1U);
  EXPECT_EQ(world.sent(), "");
  EXPECT_EQ(world.machine().wake_at(), std::nullopt);
  world.go_online();
  EXPECT_EQ(world.machine().window_left(), 20U);
  const auto actions = world.receive("40 02 00 02");
  EXPECT_TRUE(published_in(actions).empty()) << "a PUBACK of the former connection acknowledges nothing";
}

}  // namespace
}  // namespace meterseal::mqtt
