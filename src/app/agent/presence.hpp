#pragma once

// What the device says of itself to its broker: birth message and will, INFO after the start, STATE, discovery. Nothing
// here is kept: a message that cannot be sent now is sent at the next connect.
//
// Quality of service 0, as Tasmota sends them: the in-flight window belongs to the readings.
// Ownership: everything given must outlive it. Thread: loop thread.

#include <string>
#include <string_view>

#include "app/agent/device.hpp"
#include "core/log.hpp"
#include "mqtt/host/client.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::app {

class Presence {
 public:
  Presence(const Config& config, const mqtt::Topics& topics, const Device& device, Telemetry& telemetry,
           const Clock& clock, Log& log)
      : config_(config), topics_(topics), device_(device), telemetry_(telemetry), clock_(clock), log_(log) {}

  /// What the broker publishes when it loses us.
  [[nodiscard]] static mqtt::Message will(const mqtt::Topics& topics);

  void use(mqtt::host::Client& client) { client_ = &client; }

  void on_connected();
  void say_offline();
  void send_state();
  /// Publishes discovery again when other meters are shown than before.
  void update_discovery();
  /// `stat/%topic%/<name>`
  void reply(std::string_view name, std::string payload);

 private:
  enum class Retain {
    no,
    yes
  };

  void send(std::string topic, std::string payload, Retain retain);
  void send(std::string topic, const Result<std::string_view>& payload, Retain retain);
  void send_info();

  // constant after construction
  const Config& config_;
  const mqtt::Topics& topics_;
  const Device& device_;
  Telemetry& telemetry_;
  const Clock& clock_;
  Log& log_;
  mqtt::host::Client* client_ = nullptr;

  // loop thread only
  bool has_sent_info_ = false;
  std::string shape_;  ///< as published in discovery at this connection
};

}  // namespace meterseal::app
