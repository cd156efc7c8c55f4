#pragma once

// A device for tests of the console: keeps what it is told and counts.

#include <map>
#include <vector>

#include "console/device_control.hpp"
#include "console/errors.hpp"
#include "core/text.hpp"
#include "support/test_facts.hpp"

namespace meterseal::test {

class FakeDevice : public console::DeviceControl {
 public:
  [[nodiscard]] Instant now() const override { return time; }
  [[nodiscard]] mqtt::Facts facts() const override {
    mqtt::Facts facts = device_facts();
    facts.device.tele_period = period;
    facts.device.name = name;
    return facts;
  }
  [[nodiscard]] std::string sensor_body() const override { return body; }

  [[nodiscard]] console::SettingState setting(console::Setting setting) const override {
    const auto found = settings.find(setting);
    console::SettingState state = found == settings.end() ? console::SettingState{} : found->second;
    if (setting == console::Setting::mqtt_password && !state.value.empty()) state.value = "****";
    return state;
  }
  Result<void> set(console::Setting setting, const console::NewValue& value) override {
    if (!refusal.empty()) return fail(console::not_possible, "setting", refusal);
    settings[setting].value = value.kind == console::NewValue::Kind::standard ? "standard" : value.text;
    ++changes;
    return {};
  }
  Result<void> set_web_password(std::string password) override {
    if (password.size() < 12) return fail(console::bad_argument, "WebPassword", "12 characters or more");
    web_password = std::move(password);
    ++changes;
    return {};
  }

  Result<void> set_tele_period(seconds asked) override {
    if (fixed) return fail(console::fixed_by_file, "TelePeriod", "fixed by the configuration file");
    period = asked;
    ++changes;
    return {};
  }
  void send_telemetry_soon() override { ++telemetry; }

  [[nodiscard]] std::vector<console::MeterHealth> meters() const override {
    return {{"main", "Eastron SDM630", "/dev/ttyUSB0", 1, seconds{2}, ""},
            {"solar", "PZEM-016", "/dev/ttyUSB0", 7, {}, port_trouble}};
  }
  Result<void> start_scan(const console::ScanRange& range) override {
    if (range.bus > 0) return fail(console::bad_argument, "scan", "there is no such bus");
    scanned.push_back(range);
    scan_state = {true, range.bus, 2, 30, {{7, {"SDM120"}}, {9, {}}}};
    return {};
  }
  void cancel_scan() override { scan_state.is_running = false; }
  [[nodiscard]] console::ScanState scan() const override { return scan_state; }
  [[nodiscard]] std::optional<console::EnergyTotals> energy(std::size_t meter) const override {
    return meter == 0 ? std::optional(totals) : std::nullopt;
  }
  Result<void> set_energy(std::size_t meter, console::EnergyCounter counter, std::int64_t wh) override {
    if (meter != 0) return fail(console::not_possible, "energy", "never read");
    if (counter == console::EnergyCounter::total) totals.total_mwh = wh * 1000;
    if (counter == console::EnergyCounter::today) totals.today_mwh = wh * 1000;
    if (counter == console::EnergyCounter::yesterday) totals.yesterday_mwh = wh * 1000;
    ++changes;
    return {};
  }

  [[nodiscard]] console::TrustControl* trust() override { return nullptr; }
  [[nodiscard]] UtcTime clock_floor() const override { return floor; }
  void reset_clock_floor() override {
    floor = UtcTime();
    ++changes;
  }
  void restart() override { ++restarts; }
  Result<void> reset() override {
    ++resets;
    return {};
  }

  Instant time = Instant(seconds{1000});
  std::map<console::Setting, console::SettingState> settings;
  std::string refusal;
  std::string web_password;
  console::EnergyTotals totals{412'317'000, 3'207'000, 8'412'000, 1'000};
  std::vector<console::ScanRange> scanned;
  std::string port_trouble;  ///< of the second meter
  console::ScanState scan_state;
  UtcTime floor{};
  std::string body = R"("ENERGY":{"Power":231})";
  std::string name = "House";
  seconds period{300};
  bool fixed = false;
  int changes = 0;
  int telemetry = 0;
  int restarts = 0;
  int resets = 0;
};

}  // namespace meterseal::test
