#pragma once

// What is set by command: how it stands, whether it can be, and where it is kept. A new value is tried by reading the
// configuration with it; what that refuses is not kept. Values stand in the database as "setting/MqttHost", the
// broker's password in a file of the state directory that only the service can read.
//
// Ownership: everything given must outlive it. Thread: loop thread; reads the configuration file and writes small ones.
// Errors: console::fixed_by_file, not_possible.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "console/setting.hpp"
#include "outbox/store.hpp"

namespace meterseal::app {

/// Where the configuration comes from, to be read again.
struct ConfigSource {
  std::string file;
  std::vector<std::string> profiles;  ///< names of the meter profiles
  std::string credentials_dir;
  Overlay overlay;
};

/// "setting/MqttHost"; empty: it is kept elsewhere.
[[nodiscard]] std::string_view kept_name(console::Setting setting);
/// In the state directory.
inline constexpr const char* kPasswordFile = "mqtt.password";

using StoredText = std::function<std::string(const std::string& name)>;
/// @param stored  finds a kept value; empty: there is none
[[nodiscard]] Overlay overlay_of(FileOwner owner, const std::string& state_directory,
                                 const std::string& credentials_dir, const StoredText& stored);

struct SettingActions {
  std::function<void(std::vector<outbox::NamedValue>)> keep;
  std::function<void()> restart_soon;
};

class SettingDesk {
 public:
  SettingDesk(const Config& config, ConfigSource source, std::string state_directory, SettingActions actions);

  [[nodiscard]] console::SettingState state(console::Setting setting) const;
  Result<void> set(console::Setting setting, const console::NewValue& value);

 private:
  [[nodiscard]] const Config& next() const { return next_ ? *next_ : config_; }
  [[nodiscard]] std::string value(console::Setting setting) const;
  Result<void> set_password(const console::NewValue& value);
  [[nodiscard]] Result<void> check_login(const std::string& user, const std::string& password) const;
  Result<void> adopt(console::Setting setting, const Overlay& candidate);

  // constant after construction
  const Config& config_;
  const std::string state_directory_;
  const SettingActions actions_;

  // loop thread only
  ConfigSource source_;
  std::optional<Config> next_;  ///< as it will be after the restart
};

}  // namespace meterseal::app
