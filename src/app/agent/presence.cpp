#include "app/agent/presence.hpp"

#include <array>

#include "mqtt/discovery.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "MQTT";
constexpr std::size_t kFactsRoom = 8192;  // @see mqtt/state_payload.hpp

std::string tele(const mqtt::Topics& topics, std::string_view name) {
  return std::string(topics.of(mqtt::Prefix::tele, name).view());
}

}  // namespace

mqtt::Message Presence::will(const mqtt::Topics& topics) {
  return {tele(topics, "LWT"), std::string(mqtt::kOffline), mqtt::Qos::at_least_once, true};
}

void Presence::on_connected() {
  send(tele(topics_, "LWT"), std::string(mqtt::kOnline), Retain::yes);
  if (!has_sent_info_) send_info();
  has_sent_info_ = true;
  shape_.clear();
  if (config_.mqtt.discovery) {
    std::array<char, kFactsRoom> memory;
    const auto message = mqtt::discovery_config_message(memory, device_.facts(), topics_);
    send(std::string(mqtt::discovery_config_topic(device_.mac()).view()), message, Retain::yes);
  }
  update_discovery();
  send_state();
}

void Presence::say_offline() {
  send(tele(topics_, "LWT"), std::string(mqtt::kOffline), Retain::yes);
}

void Presence::send_info() {
  std::array<char, kFactsRoom> memory;
  const mqtt::Facts facts = device_.facts();
  send(tele(topics_, "INFO1"), mqtt::info1_message(memory, facts), Retain::no);
  send(tele(topics_, "INFO2"), mqtt::info2_message(memory, facts), Retain::no);
  send(tele(topics_, "INFO3"), mqtt::info3_message(memory, facts), Retain::no);
}

void Presence::send_state() {
  std::array<char, kFactsRoom> memory;
  send(tele(topics_, "STATE"), mqtt::state_message(memory, device_.facts()), Retain::no);
}

void Presence::update_discovery() {
  std::string shape = telemetry_.shape();
  if (!config_.mqtt.discovery || shape == shape_ || !client_->is_online()) return;
  const auto body = telemetry_.body(clock_.now());
  if (!body) return;  // SENSOR says why
  shape_ = std::move(shape);
  std::vector<char> memory(body->size() + kFactsRoom);
  const auto message = mqtt::discovery_sensors_message(memory, *body, device_.facts().local);
  send(std::string(mqtt::discovery_sensors_topic(device_.mac()).view()), message, Retain::yes);
}

void Presence::reply(std::string_view name, std::string payload) {
  send(std::string(topics_.of(mqtt::Prefix::stat, name).view()), std::move(payload), Retain::no);
}

void Presence::send(std::string topic, const Result<std::string_view>& payload, Retain retain) {
  if (!payload) {
    log_.error(kTag, payload.error());
    return;
  }
  send(std::move(topic), std::string(*payload), retain);
}

void Presence::send(std::string topic, std::string payload, Retain retain) {
  if (!client_->is_online()) return;
  mqtt::Message message{std::move(topic), std::move(payload), mqtt::Qos::at_most_once, retain == Retain::yes};
  const auto sent = client_->publish(std::move(message));
  if (!sent) log_.debug(kTag, sent.error().detail);
}

}  // namespace meterseal::app
