#pragma once

// What is set by command and kept over restarts, unless the configuration file declares it. Thread: values, any.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace meterseal::console {

enum class Setting : std::uint8_t {
  mqtt_host,
  mqtt_port,
  mqtt_user,
  mqtt_password,
  mqtt_client,
  topic,
  full_topic,
  device_name,
  keep_alive,
  discovery,  ///< "1", "0"
  page,       ///< "1", "0": is the page served
  api,        ///< "1", "0": /cm
  ota_url,
};
inline constexpr std::array kSettings{
    Setting::mqtt_host, Setting::mqtt_port,  Setting::mqtt_user,   Setting::mqtt_password, Setting::mqtt_client,
    Setting::topic,     Setting::full_topic, Setting::device_name, Setting::keep_alive,    Setting::discovery,
    Setting::page,      Setting::api,        Setting::ota_url};

/// How a setting stands now.
struct SettingState {
  std::string value;     ///< of the password: "****" where there is one
  std::string fixed_by;  ///< key of the configuration file that declares it; empty: it may be set
};

/// Where a new value comes from.
struct NewValue {
  enum class Kind : std::uint8_t {
    text,
    standard  ///< back to what holds without the setting
  } kind = Kind::text;
  std::string text;  ///< empty: none, where the setting may be none
};

/// Tasmota's forms of a text: `1` is the standard, `0` and `"` are nothing, anything else is itself. Checked for what
/// the setting is; whether it fits the other settings is found out by DeviceControl::set().
/// @param data  not empty  @return bad_argument
[[nodiscard]] Result<NewValue> parse_setting(Setting setting, std::string_view data);

}  // namespace meterseal::console
