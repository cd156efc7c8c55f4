#include "app/agent/setting_desk.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "console/errors.hpp"
#include "console/reply.hpp"
#include "core/host/private_file.hpp"

namespace meterseal::app {

namespace {

using console::NewValue;
using console::Setting;
using console::SettingState;

constexpr std::size_t kMostPassword = 4096;

struct Name {
  Setting setting;
  std::string_view kept;
};
constexpr std::array kNames{
    Name{Setting::mqtt_host, "setting/MqttHost"},
    Name{Setting::mqtt_port, "setting/MqttPort"},
    Name{Setting::mqtt_user, "setting/MqttUser"},
    Name{Setting::mqtt_client, "setting/MqttClient"},
    Name{Setting::topic, "setting/Topic"},
    Name{Setting::full_topic, "setting/FullTopic"},
    Name{Setting::device_name, "setting/DeviceName"},
    Name{Setting::keep_alive, "setting/MqttKeepAlive"},
    Name{Setting::discovery, "setting/Discovery"},
    Name{Setting::page, "setting/WebServer"},
    Name{Setting::api, "setting/HttpApi"},
    Name{Setting::ota_url, "setting/OtaUrl"},
};
/// An empty value would delete the name, and nothing is a value, too.
constexpr char kMark = '=';

tl::unexpected<Error> impossible(std::string_view why) {
  return fail(console::not_possible, "setting", why);
}

/// The waiting password, for the comparison with the user. Empty: none
std::string password_in(const std::string& file) {
  std::string text = host::read_private_file(file, kMostPassword).text;
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

bool is_on(std::string_view text) {
  return text == "1";
}

}  // namespace

std::string_view kept_name(Setting setting) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.setting == setting; });
  return found == kNames.end() ? std::string_view() : found->kept;
}

Overlay overlay_of(FileOwner owner, const std::string& state_directory, const std::string& credentials_dir,
                   const StoredText& stored) {
  Overlay overlay;
  overlay.owner = owner;
  for (const Name& name : kNames) {
    const std::string value = stored(std::string(name.kept));
    if (value.starts_with(kMark)) overlay.values[name.setting] = value.substr(1);
  }
  const std::string password = state_directory + "/" + kPasswordFile;
  if (!password_in(password).empty()) overlay.password_file = std::filesystem::absolute(password).string();
  std::error_code error;
  overlay.has_credential =
      !credentials_dir.empty() && std::filesystem::exists(credentials_dir + "/mqtt.password", error);
  return overlay;
}

SettingDesk::SettingDesk(const Config& config, ConfigSource source, std::string state_directory, SettingActions actions)
    : config_(config),
      state_directory_(std::move(state_directory)),
      actions_(std::move(actions)),
      source_(std::move(source)) {}

std::string SettingDesk::value(Setting setting) const {
  const Config& config = next();
  const auto set = source_.overlay.values.find(setting);
  const bool is_set = set != source_.overlay.values.end() && !config_.fixed.contains(setting);
  const bool has_broker = !config.mqtt.brokers.empty();
  switch (setting) {
    case Setting::mqtt_host: return has_broker ? config.mqtt.brokers.front().address.host : "";
    case Setting::mqtt_port:
      if (!has_broker && is_set) return set->second;
      return std::to_string(has_broker ? config.mqtt.brokers.front().address.port : 8883);
    // One that waits for its password is not in the configuration yet.
    case Setting::mqtt_user: return is_set ? set->second : config.mqtt.user;
    case Setting::mqtt_password:
      return config.mqtt.password.empty() && source_.overlay.password_file.empty() ? "" : "****";
    case Setting::mqtt_client: return config.mqtt.client_id;
    case Setting::topic: return config.device.topic;
    case Setting::full_topic: return config.device.full_topic;
    case Setting::device_name: return config.device.name;
    case Setting::keep_alive: return std::to_string(config.mqtt.keep_alive.count());
    case Setting::discovery: return config.mqtt.discovery ? "1" : "0";
    case Setting::page: return config.web ? "1" : "0";
    case Setting::api: return config.web && config.web->api == web::SiteOptions::Api::on ? "1" : "0";
    case Setting::ota_url: return is_set ? set->second : "";
  }
  return {};
}

SettingState SettingDesk::state(Setting setting) const {
  SettingState state;
  state.value = value(setting);
  if (config_.fixed.contains(setting)) state.fixed_by = key_of(setting);
  return state;
}

Result<void> SettingDesk::check_login(const std::string& user, const std::string& password) const {
  if (user.empty() || user != password) return {};
  return impossible("the user is the password: whoever sees one of them knows the other");
}

Result<void> SettingDesk::set(Setting setting, const NewValue& value) {
  if (config_.fixed.contains(setting)) return console::fixed_in_file("setting", key_of(setting));
  if (setting == Setting::mqtt_password) return set_password(value);
  Overlay candidate = source_.overlay;
  if (value.kind == NewValue::Kind::standard) {
    candidate.values.erase(setting);
  } else {
    candidate.values[setting] = value.text;
  }
  if (setting == Setting::mqtt_user) {
    if (auto good = check_login(value.text, password_in(candidate.password_file)); !good) return good;
  }
  return adopt(setting, candidate);
}

/// Reads the configuration as it would be, and keeps the setting if that can be started.
Result<void> SettingDesk::adopt(Setting setting, const Overlay& candidate) {
  auto tried = load_config(source_.file, source_.profiles, source_.credentials_dir, candidate);
  if (!tried) return impossible(tried.error().front().detail);
  const bool is_of_page = setting == Setting::page || setting == Setting::api;
  const auto wanted = candidate.values.find(setting);
  if (is_of_page && wanted != candidate.values.end() && is_on(wanted->second) && !tried->web)
    return impossible("the configuration file has no table [web] that says where it is served");
  source_.overlay = candidate;
  next_ = std::move(*tried);
  if (const std::string_view name = kept_name(setting); !name.empty()) {
    const std::string kept = wanted == candidate.values.end() ? std::string() : kMark + wanted->second;
    actions_.keep({{std::string(name), kept}});
  }
  // Nothing runs differently with it.
  if (setting != Setting::ota_url) actions_.restart_soon();
  return {};
}

Result<void> SettingDesk::set_password(const NewValue& value) {
  if (auto good = check_login(this->value(Setting::mqtt_user), value.text); !good) return good;
  Overlay candidate = source_.overlay;
  const std::string file = state_directory_ + "/" + kPasswordFile;
  const std::string before = password_in(file);
  if (value.text.empty()) {
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error) return impossible("the password cannot be removed from the state directory");
    candidate.password_file.clear();
  } else {
    const std::string fault = host::write_private_file(file, value.text + "\n");
    if (!fault.empty()) return impossible(Text<160>("the password cannot be kept: ").add(fault));
    candidate.password_file = std::filesystem::absolute(file).string();
  }
  auto adopted = adopt(Setting::mqtt_password, candidate);
  if (!adopted) {
    // What is refused changes nothing.
    std::error_code error;
    if (before.empty()) {
      std::filesystem::remove(file, error);
    } else if (const std::string fault = host::write_private_file(file, before + "\n"); !fault.empty()) {
      return impossible(Text<160>("refused, and the password before cannot be kept: ").add(fault));
    }
  }
  return adopted;
}

}  // namespace meterseal::app
