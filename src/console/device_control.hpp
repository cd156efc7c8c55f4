#pragma once

// What the console may ask of the device and do to it. The app implements it over its parts; tests by a fake. Nothing
// else can be reached from a command line. Loop thread only.

#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "mqtt/state_payload.hpp"

namespace meterseal::console {

class TrustControl;

class DeviceControl {
 public:
  virtual ~DeviceControl() = default;

  /// The device as it is now. The views in it are valid until the next call.
  [[nodiscard]] virtual mqtt::Facts facts() const = 0;
  /// The live readings as mqtt::write_energy_body() makes them, without Period.
  [[nodiscard]] virtual std::string sensor_body() const = 0;

  /// Keeps the period over restarts and uses it from now on. @return fixed_by_file, or why it could not be kept
  virtual Result<void> set_tele_period(seconds period) = 0;
  /// tele/STATE and tele/SENSOR within about a second. Several requests at once are one.
  virtual void send_telemetry_soon() = 0;
  /// nullptr: the broker is reached in plaintext.
  [[nodiscard]] virtual TrustControl* trust() { return nullptr; }
  /// The wall clock counts as known only when it is not before this.
  [[nodiscard]] virtual UtcTime clock_floor() const = 0;
  /// Back to the day of the build.
  virtual void reset_clock_floor() = 0;
  /// Restarts in an orderly way after the replies have been sent.
  virtual void restart() = 0;
};

}  // namespace meterseal::console
