#pragma once

// The device as the console, STATE, INFO and discovery see it: facts of machine, network, connection and settings,
// gathered when they are asked for.
//
// Ownership: everything in DeviceParts must outlive it. Thread: loop thread. The views in facts() are valid until the
// next call.

#include <functional>
#include <optional>
#include <string>

#include "app/agent/meters.hpp"
#include "app/agent/setting_desk.hpp"
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
  std::function<Result<void>()> reset;
  std::function<Result<void>(std::string)> set_web_password;
  std::function<Result<void>(const console::ScanRange&)> start_scan;
  std::function<void()> cancel_scan;
  std::function<console::ScanState()> scan;
  std::function<UtcTime()> clock_floor;
  std::function<void()> reset_clock_floor;
  std::function<console::TrustControl*()> trust;
};

struct DeviceParts {
  const Config& config;
  const std::string& state_directory;
  const Settings& settings;
  SettingDesk& desk;
  const Clock& clock;
  const Calendar& calendar;
  Telemetry& telemetry;
  Meters& meters;
  LogLevel log_level;  ///< of the program's own log
};

class Device final : public console::DeviceControl {
 public:
  Device(const DeviceParts& parts, DeviceActions actions);

  /// A broker has accepted the connection.
  void connected(const mqtt::host::Broker& broker);

  [[nodiscard]] seconds tele_period() const;
  [[nodiscard]] const std::string& mac() const { return mac_; }

  [[nodiscard]] Instant now() const override { return parts_.clock.now(); }
  [[nodiscard]] mqtt::Facts facts() const override;
  [[nodiscard]] std::string sensor_body() const override;
  Result<void> set_tele_period(seconds period) override;
  void send_telemetry_soon() override { actions_.send_telemetry_soon(); }
  [[nodiscard]] console::SettingState setting(console::Setting setting) const override {
    return parts_.desk.state(setting);
  }
  Result<void> set(console::Setting setting, const console::NewValue& value) override {
    return parts_.desk.set(setting, value);
  }
  Result<void> set_web_password(std::string password) override;
  [[nodiscard]] std::vector<console::MeterHealth> meters() const override;
  Result<void> start_scan(const console::ScanRange& range) override { return actions_.start_scan(range); }
  void cancel_scan() override { actions_.cancel_scan(); }
  [[nodiscard]] console::ScanState scan() const override { return actions_.scan(); }
  [[nodiscard]] std::optional<console::EnergyTotals> energy(std::size_t meter) const override;
  Result<void> set_energy(std::size_t meter, console::EnergyCounter counter, std::int64_t wh) override;
  void restart() override { actions_.restart(); }
  Result<void> reset() override { return actions_.reset(); }
  [[nodiscard]] UtcTime clock_floor() const override { return actions_.clock_floor(); }
  void reset_clock_floor() override { actions_.reset_clock_floor(); }
  [[nodiscard]] console::TrustControl* trust() override { return actions_.trust(); }

 private:
  [[nodiscard]] mqtt::HostFacts host_facts() const;
  [[nodiscard]] mqtt::NetworkFacts network_facts() const;
  [[nodiscard]] mqtt::MqttFacts mqtt_facts() const;
  [[nodiscard]] mqtt::SwitchFacts switch_facts() const;
  [[nodiscard]] MeterReader* meter_of(std::size_t number) const;

  // constant after construction
  const DeviceParts parts_;
  const DeviceActions actions_;
  const MachineTexts machine_;
  const std::string build_time_;
  const std::string mac_;
  const std::string serial_config_;
  const Instant started_;

  // loop thread only
  mutable NetworkTexts network_;
  mutable std::string ota_url_;
  std::string broker_host_;
  std::uint16_t broker_port_ = 0;
  mqtt::Transport transport_ = mqtt::Transport::tls;
  std::uint32_t connects_ = 0;
};

}  // namespace meterseal::app
