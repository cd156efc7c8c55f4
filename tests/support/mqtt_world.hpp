#pragma once

// Packets as hex, and a session machine with its memory and a clock that is set by hand.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "mqtt/session_machine.hpp"

namespace meterseal::test {

using PacketBytes = std::vector<std::uint8_t>;

/// "20 02 00 00"; words in quotes stand for their characters: "'MQTT'".
inline PacketBytes packet(std::string_view text) {
  PacketBytes bytes;
  const auto nibble = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
    } else if (text[i] == '\'') {
      for (++i; i < text.size() && text[i] != '\''; ++i) bytes.push_back(static_cast<std::uint8_t>(text[i]));
      ++i;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(nibble(text[i]) << 4 | nibble(text[i + 1])));
      i += 2;
    }
  }
  return bytes;
}

inline std::string hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (!text.empty()) text += ' ';
    text += "0123456789ABCDEF"[byte >> 4];
    text += "0123456789ABCDEF"[byte & 0xF];
  }
  return text;
}

/// Not to be moved: the machine points into it.
class MqttWorld {
 public:
  explicit MqttWorld(mqtt::Version version, std::size_t in = mqtt::kMaxPacket, std::size_t out = 1024 * 1024)
      : in_(in), out_(out) {
    options.connect.version = version;
    options.connect.client_id = "m";
    options.connect.keep_alive = seconds(30);
    options.subscriptions = filters_;
  }
  MqttWorld(const MqttWorld&) = delete;
  MqttWorld& operator=(const MqttWorld&) = delete;

  mqtt::SessionMachine& machine() {
    if (!machine_) machine_ = std::make_unique<mqtt::SessionMachine>(options, mqtt::SessionMemory{in_, out_});
    return *machine_;
  }
  mqtt::SessionActions tell(const mqtt::SessionEvent& event) { return machine().step(event, now).actions; }
  /// All of it, one step after the other.
  std::vector<mqtt::SessionAction> receive(const PacketBytes& bytes) {
    received_ = bytes;
    Bytes rest = received_;
    std::vector<mqtt::SessionAction> all;
    while (!rest.empty()) {
      const auto step = machine().step(mqtt::Received{rest}, now);
      EXPECT_GT(step.taken, 0U);
      if (step.taken == 0) break;
      rest = rest.subspan(step.taken);
      all.insert(all.end(), step.actions.begin(), step.actions.end());
    }
    return all;
  }
  std::vector<mqtt::SessionAction> receive(std::string_view text) { return receive(packet(text)); }
  /// What was to be sent, as hex; it counts as sent.
  std::string sent() {
    const std::string text = hex(machine().output());
    machine().consume_output(machine().output().size());
    return text;
  }
  /// Connected, CONNECT and SUBSCRIBE are sent.
  void go_online() {
    tell(mqtt::LinkUp{});
    receive(options.connect.version == mqtt::Version::v5 ? "20 03 00 00 00" : "20 02 00 00");
    EXPECT_EQ(machine().state(), mqtt::SessionState::online);
    sent();
  }
  void after(LoopClock::duration time) { now += time; }

  mqtt::SessionOptions options;
  Instant now{seconds(1000)};

 private:
  std::vector<std::uint8_t> in_;
  std::vector<std::uint8_t> out_;
  std::vector<std::string_view> filters_{"cmnd/e/#"};
  PacketBytes received_;  ///< actions point into it
  std::unique_ptr<mqtt::SessionMachine> machine_;
};

/// The code of the Fail among the actions; nullptr: none.
template <class Actions>
inline std::string_view failure_in(const Actions& actions) {
  for (const mqtt::SessionAction& action : actions) {
    if (const auto* failure = std::get_if<mqtt::Fail>(&action)) return failure->code.name;
  }
  return "none";
}

template <class Action, class Actions>
inline std::size_t count_of(const Actions& actions) {
  std::size_t count = 0;
  for (const mqtt::SessionAction& action : actions) count += std::holds_alternative<Action>(action) ? 1 : 0;
  return count;
}

}  // namespace meterseal::test
