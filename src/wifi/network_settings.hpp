#pragma once

// What NetworkManager is told to open: its settings as data, so that a test can read them whole.
// Thread: any (pure).

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "wifi/access_point.hpp"

namespace meterseal::wifi {

/// Bytes are not text: "ay" on the bus.
struct RawBytes {
  std::string bytes;
};
using SettingValue = std::variant<bool, std::int32_t, std::uint32_t, std::string, RawBytes, std::vector<std::string>>;
struct Setting {
  const char* name;
  SettingValue value;
};
struct SettingGroup {
  const char* name;
  std::vector<Setting> settings;
};

/// @source NetworkManager 1.42, nm-settings-dbus(5)
[[nodiscard]] std::vector<SettingGroup> network_settings(const std::string& name, const std::string& interface,
                                                         const Key& key, Protection protection);

}  // namespace meterseal::wifi
