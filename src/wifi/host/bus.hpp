#pragma once

// A connection of our own to the system bus, to NetworkManager and nobody else. It never starts a NetworkManager that
// does not run. What is activated through it ends with it, also when this process is killed: the bus tells
// NetworkManager. Calls block, 5 s at most (the one that activates: 20 s, because it may ask polkit).
//
// Ownership: one thread at a time. Memory: libsystemd is opened with the first Bus and not before.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "wifi/network_settings.hpp"

namespace meterseal::wifi::host {

class Bus {
 public:
  /// bus_unreachable
  [[nodiscard]] static Result<std::unique_ptr<Bus>> open();
  virtual ~Bus() = default;

  // Properties of NetworkManager's objects. `interface` without "org.freedesktop.NetworkManager" before it: ".Device".
  [[nodiscard]] virtual Result<std::uint32_t> number(const std::string& object, const std::string& interface,
                                                     const char* property) = 0;
  [[nodiscard]] virtual Result<bool> flag(const std::string& object, const std::string& interface,
                                          const char* property) = 0;
  [[nodiscard]] virtual Result<std::string> text(const std::string& object, const std::string& interface,
                                                 const char* property) = 0;
  [[nodiscard]] virtual Result<std::string> path(const std::string& object, const std::string& interface,
                                                 const char* property) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> paths(const std::string& object, const std::string& interface,
                                                               const char* property) = 0;
  /// The first of an IP4Config; empty: none yet.
  [[nodiscard]] virtual Result<std::string> first_address(const std::string& ip4_config) = 0;

  /// Creates a connection that is kept in memory only and bound to this Bus. @return the active connection's object
  [[nodiscard]] virtual Result<std::string> activate(const std::vector<SettingGroup>& settings,
                                                     const std::string& device) = 0;
  virtual void deactivate(const std::string& active) = 0;

  /// From now on the reason of the last failure of this device is kept. @source NMDeviceStateReason
  [[nodiscard]] virtual Result<void> watch(const std::string& device) = 0;
  /// Waits until something came in or `stop` can be read, `at_most` that long, and takes in what came.
  virtual void wait(int stop, milliseconds at_most) = 0;
  /// 0: it has not failed
  [[nodiscard]] virtual std::uint32_t failure_of_device() const = 0;
};

}  // namespace meterseal::wifi::host
