#pragma once

// Which Wi-Fi device becomes the access point of the set-up. Never one that carries a connection or would have one in a
// moment: a device must not cut off the network that it is reached by.
//
// Thread: any (pure).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace meterseal::wifi {

/// What NetworkManager says of a Wi-Fi device.
struct Device {
  std::string path;  ///< D-Bus object
  std::string interface;
  std::string mac;
  std::uint32_t state = 0;
  std::uint32_t capabilities = 0;
  std::size_t networks_in_reach = 0;  ///< known to NetworkManager: it connects to them by itself
};

/// @source NetworkManager 1.42, nm-dbus-interface.h, NMDeviceState
inline constexpr std::uint32_t kUnmanaged = 10;
inline constexpr std::uint32_t kUnavailable = 20;
inline constexpr std::uint32_t kDisconnected = 30;
inline constexpr std::uint32_t kActivated = 100;
inline constexpr std::uint32_t kFailed = 120;
/// @source NetworkManager 1.42, nm-dbus-interface.h, NMDeviceWifiCapabilities
inline constexpr std::uint32_t kCanCcmp = 0x8;
inline constexpr std::uint32_t kCanRsn = 0x20;
inline constexpr std::uint32_t kCanBeAccessPoint = 0x40;

/// @return the first that fits; else why the one that comes nearest does not: device_in_use, device_not_ready,
///         not_capable, no_device
[[nodiscard]] Result<Device> choose(std::span<const Device> devices);

/// "Meterseal-3F2A": with the end of the address that is on the air anyway, so that neighbours can be told apart.
[[nodiscard]] std::string network_name(std::string_view mac);

}  // namespace meterseal::wifi
