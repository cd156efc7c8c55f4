// Every state with every event, drawn as text: docs/machines/mqtt_session.txt.

#include <gtest/gtest.h>

#include <sstream>

#include "support/golden.hpp"
#include "support/mqtt_world.hpp"

namespace meterseal::mqtt {
namespace {

std::string text_of(const Offline&) {
  return "OFFLINE";
}
std::string text_of(const Online&) {
  return "ONLINE";
}
std::string text_of(const Deliver&) {
  return "DELIVER";
}
std::string text_of(const Published&) {
  return "PUBLISHED";
}
std::string text_of(const Rejected&) {
  return "REJECTED";
}
std::string text_of(const SubscriptionsRefused&) {
  return "REFUSED";
}
std::string text_of(const StrayAck&) {
  return "STRAY";
}
std::string text_of(const Fail& failure) {
  return "fail(" + std::string(failure.code.name.substr(5)) + ")";
}
std::string text_of(const CloseLink&) {
  return "close";
}

std::string packets_in(Bytes bytes) {
  static constexpr std::string_view names[] = {"",        "CONNECT", "",           "PUBLISH", "PUBACK", "PUBREC",
                                               "PUBREL",  "PUBCOMP", "SUBSCRIBE",  "",        "",       "",
                                               "PINGREQ", "",        "DISCONNECT", ""};
  std::string text;
  while (!bytes.empty()) {
    const auto length = packet_length(bytes, kMaxPacket);
    if (!length.has_value() || !*length) {
      ADD_FAILURE() << "the output does not end with a whole packet";
      return text;
    }
    text += (text.empty() ? "" : " ") + std::string(names[bytes[0] >> 4]);
    bytes = bytes.subspan(**length);
  }
  return text;
}

/// The usual way into each state.
void enter(test::MqttWorld& world, SessionState state) {
  if (state == SessionState::closed) return;
  world.tell(LinkUp{});
  world.sent();
  if (state == SessionState::connecting) return;
  world.receive("20 02 00 00");
  world.sent();
  EXPECT_TRUE(world.machine().publish(1, {"t", "1", Qos::at_least_once, false, false, 0}, world.now).has_value());
  world.sent();
  if (state == SessionState::online) return;
  world.tell(Stop{});
  world.sent();
}

struct Row {
  std::string_view name;
  SessionEvent event;
  std::string_view bytes;  ///< received instead of the event
  seconds later{0};
};

std::string outcome(SessionState state, const Row& row) {
  test::MqttWorld world(Version::v3_1_1);
  world.machine();
  enter(world, state);
  EXPECT_EQ(world.machine().state(), state);
  world.after(row.later);
  std::vector<SessionAction> actions;
  if (row.bytes.empty()) {
    const auto done = world.tell(row.event);
    actions.assign(done.begin(), done.end());
  } else {
    actions = world.receive(row.bytes);
  }
  std::string text = packets_in(world.machine().output());
  for (const SessionAction& action : actions) {
    text += (text.empty() ? "" : " ") + std::visit([](const auto& a) { return text_of(a); }, action);
  }
  if (world.machine().state() != state) {
    text += (text.empty() ? "-> " : " -> ") + std::string(name_of(world.machine().state()));
  }
  return text.empty() ? "-" : text;
}

TEST(SessionDrawing, ShowsWhatEveryEventDoesInEveryState) {
  const Row rows[] = {{"link up", LinkUp{}, "", seconds(0)},
                      {"link down", LinkDown{}, "", seconds(0)},
                      {"stop", Stop{}, "", seconds(0)},
                      {"CONNACK 0", Woke{}, "20 02 00 00", seconds(0)},
                      {"CONNACK 5", Woke{}, "20 02 00 05", seconds(0)},
                      {"PUBLISH QoS 0", Woke{}, "30 04 00 01 't' '0'", seconds(0)},
                      {"PUBLISH QoS 1", Woke{}, "32 06 00 01 't' 00 09 '1'", seconds(0)},
                      {"PUBLISH QoS 2", Woke{}, "34 06 00 01 't' 00 09 '2'", seconds(0)},
                      {"PUBREL", Woke{}, "62 02 00 09", seconds(0)},
                      {"PUBACK", Woke{}, "40 02 00 02", seconds(0)},
                      {"PUBACK, stray", Woke{}, "40 02 00 07", seconds(0)},
                      {"PUBREC", Woke{}, "50 02 00 02", seconds(0)},
                      {"PUBCOMP", Woke{}, "70 02 00 02", seconds(0)},
                      {"SUBACK", Woke{}, "90 03 00 01 01", seconds(0)},
                      {"SUBACK, refused", Woke{}, "90 03 00 01 80", seconds(0)},
                      {"PINGRESP", Woke{}, "D0 00", seconds(0)},
                      {"DISCONNECT", Woke{}, "E0 00", seconds(0)},
                      {"garbage", Woke{}, "FF FF FF FF FF", seconds(0)},
                      {"giant", Woke{}, "20 FF FF FF 7F", seconds(0)},
                      {"timer, too early", Woke{}, "", seconds(1)},
                      {"timer, 10 s", Woke{}, "", seconds(10)},
                      {"timer, 30 s", Woke{}, "", seconds(30)},
                      {"timer, 60 s", Woke{}, "", seconds(60)}};
  std::ostringstream text;
  text << "The MQTT session machine (3.1.1): what each event does in each state, with one subscription and one message "
          "in "
          "flight.\n"
       << "Packets to send, reports to the observer in capitals, actions for the host in small letters, then the new "
          "state "
          "if it changes.\n"
       << "The ways into the states are the usual ones; \"-\" is nothing at all.\n";
  for (const SessionState state :
       {SessionState::closed, SessionState::connecting, SessionState::online, SessionState::closing}) {
    text << "\n" << name_of(state) << "\n";
    for (const Row& row : rows) {
      text << "  " << row.name << std::string(18 - row.name.size(), ' ') << outcome(state, row) << "\n";
    }
  }
  test::expect_golden("docs/machines/mqtt_session.txt", text.str());
}

/// What the client and the sender of messages see: whatever comes, each token is answered at most once and never after
/// Offline, Online and Offline alternate, and what goes out are whole packets.
TEST(SessionDrawing, HoldsForEventsInAnyOrder) {
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    test::MqttWorld world(version, 200, 400);
    std::uint32_t random = 11;
    const auto dice = [&](std::uint32_t sides) {
      random = random * 1664525U + 1013904223U;
      return (random >> 8) % sides;
    };
    const std::string_view v3_packets[] = {
        "20 02 00 00", "40 02 00 02",        "40 02 00 03",    "34 06 00 01 't' 00 09 '2'",
        "62 02 00 09", "90 03 00 01 01",     "90 03 00 01 80", "32 06 00 01 't' 00 09 '1'",
        "D0 00",       "30 04 00 01 't' '0'"};
    const std::string_view v5_packets[] = {
        "20 03 00 00 00", "40 02 00 02",           "40 03 00 03 87",    "34 07 00 01 't' 00 09 00 '2'",
        "62 02 00 09",    "90 04 00 01 00 01",     "90 04 00 01 00 80", "32 07 00 01 't' 00 09 00 '1'",
        "D0 00",          "30 05 00 01 't' 00 '0'"};
    const auto& packets = version == Version::v5 ? v5_packets : v3_packets;
    std::vector<bool> in_flight(400'000);
    Token next = 0;
    bool online = false;
    int onlines = 0;
    int answered = 0;
    const auto look_at = [&](const SessionAction& action) {
      if (std::holds_alternative<Online>(action)) {
        EXPECT_FALSE(online);
        online = true;
        ++onlines;
      }
      if (std::holds_alternative<Offline>(action)) {
        EXPECT_TRUE(online);
        online = false;
        in_flight.assign(in_flight.size(), false);
      }
      const auto answer = [&](Token token) {
        EXPECT_TRUE(online && in_flight[token]);
        in_flight[token] = false;
        ++answered;
      };
      if (const auto* published = std::get_if<Published>(&action)) answer(published->token);
      if (const auto* rejected = std::get_if<Rejected>(&action)) answer(rejected->token);
    };
    for (int i = 0; i < 200'000; ++i) {
      world.after(milliseconds(dice(dice(20) == 0 ? 20'000 : 200)));
      const std::uint32_t what = dice(60);
      if (what < 6) {
        for (const SessionAction& action : world.tell(LinkUp{})) look_at(action);
      } else if (what == 6) {
        for (const SessionAction& action : world.tell(LinkDown{})) look_at(action);
      } else if (what == 7 && dice(10) == 0) {
        for (const SessionAction& action : world.tell(Stop{})) look_at(action);
      } else if (what < 14) {
        for (const SessionAction& action : world.tell(Woke{})) look_at(action);
      } else if (what < 30) {
        if (world.machine().publish(next, {"t", "1", Qos::at_least_once, false, false, 0}, world.now)) {
          EXPECT_TRUE(online);
          in_flight[next++] = true;
        }
      } else {
        auto bytes = test::packet(packets[world.machine().state() == SessionState::connecting ? 0 : 1 + dice(9)]);
        if (dice(100) == 0)
          bytes[dice(static_cast<std::uint32_t>(bytes.size()))] ^= static_cast<std::uint8_t>(1 + dice(255));
        for (const SessionAction& action : world.receive(bytes)) look_at(action);
      }
      EXPECT_LE(world.machine().output().size(), 400U);
      if (dice(3) == 0) {
        (void)packets_in(world.machine().output());
        world.sent();
      }
    }
    EXPECT_GT(onlines, 200);
    EXPECT_GT(answered, 1000);
  }
}

}  // namespace
}  // namespace meterseal::mqtt
