#pragma once

// What the console may ask of the device and do to it. The app implements it over its parts; tests by a fake. Nothing
// else can be reached from a command line. Loop thread only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "console/setting.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "mqtt/state_payload.hpp"

namespace meterseal::console {

class TrustControl;

/// A meter as the bus knows it.
struct MeterHealth {
  std::string name;
  std::string model;
  std::string port;  ///< "/dev/ttyUSB0", "192.0.2.7:502"
  std::uint32_t address = 0;
  std::optional<seconds> age;  ///< of the newest reading; nullopt: it does not answer
  std::string port_trouble;    ///< why its port cannot be used; empty: it can
};

/// Which addresses of a bus are asked.
struct ScanRange {
  std::size_t bus = 0;  ///< in the order of the configuration
  std::uint8_t first = 1;
  std::uint8_t last = 247;
};

/// What a look for meters on a bus has found until now.
struct ScanState {
  struct Found {
    std::uint8_t address = 0;
    std::vector<std::string> models;  ///< that it may be; empty: it answers, and as none that is known
  };
  bool is_running = false;
  std::size_t bus = 0;
  std::size_t asked = 0;
  std::size_t of = 0;  ///< addresses; those of the configured meters are left out
  std::vector<Found> found;
};

struct EnergyTotals {
  std::int64_t total_mwh = 0;
  std::int64_t today_mwh = 0;
  std::int64_t yesterday_mwh = 0;
  std::optional<std::int64_t> exported_mwh;
};
enum class EnergyCounter : std::uint8_t {
  total,
  today,
  yesterday
};

class DeviceControl {
 public:
  virtual ~DeviceControl() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  /// The device as it is now. The views in it are valid until the next call.
  [[nodiscard]] virtual mqtt::Facts facts() const = 0;
  /// The live readings as mqtt::write_energy_body() makes them, without Period.
  [[nodiscard]] virtual std::string sensor_body() const = 0;

  [[nodiscard]] virtual SettingState setting(Setting setting) const = 0;
  /// Keeps it over restarts; it takes effect by a restart within seconds, so that several at once are one.
  /// @return fixed_by_file, or why the device cannot be what this would make it; nothing has changed then
  virtual Result<void> set(Setting setting, const NewValue& value) = 0;
  /// Of the page's user admin. @return why it is none, or why it cannot be set
  virtual Result<void> set_web_password(std::string password) = 0;

  /// Keeps the period over restarts and uses it from now on. @return fixed_by_file, or why it could not be kept
  virtual Result<void> set_tele_period(seconds period) = 0;
  /// tele/STATE and tele/SENSOR within about a second. Several requests at once are one.
  virtual void send_telemetry_soon() = 0;

  [[nodiscard]] virtual std::vector<MeterHealth> meters() const = 0;
  /// Asks address after address, between the polls of the configured meters. @return why it cannot begin
  virtual Result<void> start_scan(const ScanRange& range) = 0;
  virtual void cancel_scan() = 0;
  [[nodiscard]] virtual ScanState scan() const = 0;
  /// @param meter  0: the primary one. nullopt: there is none of this number, or it was never read
  [[nodiscard]] virtual std::optional<EnergyTotals> energy(std::size_t meter) const = 0;
  virtual Result<void> set_energy(std::size_t meter, EnergyCounter counter, std::int64_t wh) = 0;

  /// nullptr: the broker is reached in plaintext, or there is none.
  [[nodiscard]] virtual TrustControl* trust() = 0;
  /// The wall clock counts as known only when it is not before this.
  [[nodiscard]] virtual UtcTime clock_floor() const = 0;
  /// Back to the day of the build.
  virtual void reset_clock_floor() = 0;

  /// Restarts in an orderly way after the replies have been sent.
  virtual void restart() = 0;
  /// Forgets all settings, trust and users, and restarts; what has begun is finished whatever happens to the power.
  virtual Result<void> reset() = 0;
};

}  // namespace meterseal::console
