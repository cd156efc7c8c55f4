#pragma once

// The device as the console, STATE, INFO and discovery see it: facts of machine, network, connection and settings,
// gathered when they are asked for.
//
// Ownership: everything in DeviceParts must outlive it. Thread: loop thread. The views in facts() are valid until the
// next call.

#include <functional>
#include <optional>
#include <string>

#include "app/agent/settings.hpp"
#include "app/agent/telemetry.hpp"
#include "app/config/config.hpp"
#include "app/host_facts.hpp"
#include "console/device_control.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

/// What the device acts upon.
struct DeviceActions {
  std::function<void(seconds)> keep_tele_period;  ///< durably, and from now on
  std::function<void()> send_telemetry_soon;
  std::function<void()> restart;
  std::function<UtcTime()> clock_floor;
  std::function<void()> reset_clock_floor;
  std::function<console::TrustControl*()> trust;
};

class Device final : public console::DeviceControl {
 public:
  Device(const Config& config, const std::string& state_directory, const Settings& settings, const Clock& clock,
         const Calendar& calendar, Telemetry& telemetry, DeviceActions actions);

  /// A broker has accepted the connection.
  void connected(const mqtt::host::Broker& broker);

  [[nodiscard]] seconds tele_period() const;
  [[nodiscard]] const std::string& mac() const { return mac_; }

  [[nodiscard]] mqtt::Facts facts() const override;
  [[nodiscard]] std::string sensor_body() const override;
  Result<void> set_tele_period(seconds period) override;
  void send_telemetry_soon() override { actions_.send_telemetry_soon(); }
  void restart() override { actions_.restart(); }
  [[nodiscard]] UtcTime clock_floor() const override { return actions_.clock_floor(); }
  void reset_clock_floor() override { actions_.reset_clock_floor(); }
  [[nodiscard]] console::TrustControl* trust() override { return actions_.trust(); }

 private:
  [[nodiscard]] mqtt::HostFacts host_facts() const;
  [[nodiscard]] mqtt::NetworkFacts network_facts() const;
  [[nodiscard]] mqtt::MqttFacts mqtt_facts() const;

  // constant after construction
  const Config& config_;
  const std::string& state_directory_;
  const Settings& settings_;
  const Clock& clock_;
  const Calendar& calendar_;
  Telemetry& telemetry_;
  const DeviceActions actions_;
  const MachineTexts machine_;
  const std::string build_time_;
  const std::string mac_;
  const std::string serial_config_;
  const Instant started_;

  // loop thread only
  mutable NetworkTexts network_;
  std::string broker_host_;
  std::uint16_t broker_port_ = 0;
  mqtt::Transport transport_ = mqtt::Transport::tls;
  std::uint32_t connects_ = 0;
};

}  // namespace meterseal::app
