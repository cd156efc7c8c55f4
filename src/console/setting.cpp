#include "console/setting.hpp"

#include <algorithm>

#include "console/command_line.hpp"
#include "console/errors.hpp"
#include "core/text.hpp"

namespace meterseal::console {

namespace {

// The same bounds as in the configuration file.
constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestUser = 255;
constexpr std::size_t kLongestPassword = 512;
constexpr std::size_t kLongestClient = 128;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestUrl = 255;

tl::unexpected<Error> bad(std::string_view why) {
  return fail(bad_argument, "setting", why);
}

/// IPv6 addresses have colons; a name or an IPv4 address with a port behind it has exactly one.
Result<std::string> host_of(std::string_view text) {
  if (text.find("://") != std::string_view::npos)
    return bad("a host, not a URL: give only the name, such as broker.lan");
  if (text.size() > kLongestHost) return bad("a host name has at most 253 bytes");
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons == 1) return bad("the host alone: the port has the command MqttPort");
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
  });
  if (!clean || text.front() == '.' || text.front() == '-')
    return bad("neither a host name nor an IP address: such as broker.lan or 192.0.2.7");
  return std::string(text);
}

Result<std::string> number_of(std::string_view text, std::int64_t low, std::int64_t high, std::string_view range) {
  const auto number = parse_number(text);
  if (!number || *number < low || *number > high) return bad(range);
  return std::to_string(*number);
}

Result<std::string> text_of(std::string_view text, std::size_t longest) {
  if (text.size() > longest)
    return bad(Text<64>("at most ").add_uint(longest).add(" bytes, and these are ").add_uint(text.size()));
  return std::string(text);
}

/// Signatures come with the first release that upgrades itself; until then at least nobody on the way writes it.
Result<std::string> url_of(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  if (text.size() > kLongestUrl) return bad("at most 255 bytes");
  if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme))
    return bad("only https://: whoever is on the way of http could put a program of his own on this device");
  const std::string_view rest = text.substr(scheme.size());
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty() || text.find(' ') != std::string_view::npos) return bad("no URL: https://HOST/FILE");
  if (host.find('@') != std::string_view::npos) return bad("no user or password in a URL: it stands in Status 1");
  return std::string(text);
}

Result<std::string> value_of(Setting setting, std::string_view data) {
  switch (setting) {
    case Setting::mqtt_host: return host_of(data);
    case Setting::mqtt_port: return number_of(data, 1, 65'535, "a port from 2 to 65535; 1 is the standard, 8883");
    case Setting::mqtt_user:
      // @source Tasmota 15.2, defaults: every device that nobody has set up has them
      if (data == "DVES_USER")
        return bad("DVES_USER is Tasmota's user of every device: give this device one of its own");
      return text_of(data, kLongestUser);
    case Setting::mqtt_password:
      if (data == "DVES_PASS") return bad("DVES_PASS is Tasmota's password of every device: everybody knows it");
      return text_of(data, kLongestPassword);
    case Setting::mqtt_client:
      if (data.find('%') != std::string_view::npos) return bad("no %: the client id is taken as it is");
      return text_of(data, kLongestClient);
    case Setting::topic:
    case Setting::full_topic: return text_of(data, kLongestUrl);  // mqtt::Topics knows what they may be
    case Setting::device_name: return text_of(data, kLongestName);
    case Setting::keep_alive:
      return number_of(data, 5, 3600, "a number of seconds from 5 to 3600; 1 is the standard, 30");
    case Setting::discovery:
    case Setting::page:
    case Setting::api: return number_of(data, 0, 1, "0 (off) or 1 (on)");
    case Setting::ota_url: return url_of(data);
  }
  return bad("unknown");
}

bool may_be_none(Setting setting) {
  return setting == Setting::mqtt_host || setting == Setting::mqtt_user || setting == Setting::mqtt_password ||
         setting == Setting::ota_url;
}

bool is_switch(Setting setting) {
  return setting == Setting::discovery || setting == Setting::page || setting == Setting::api;
}

bool is_number(Setting setting) {
  return setting == Setting::mqtt_port || setting == Setting::keep_alive;
}

}  // namespace

Result<NewValue> parse_setting(Setting setting, std::string_view data) {
  if (!is_switch(setting)) {
    if (data == "1") return NewValue{NewValue::Kind::standard, {}};
    if (!is_number(setting) && (data == "0" || data == "\"")) {
      if (!may_be_none(setting))
        return bad("0 and \" stand for none, and this one has to be something; 1 is the standard");
      return NewValue{NewValue::Kind::text, {}};
    }
  }
  return value_of(setting, data).map([](std::string value) {
    return NewValue{NewValue::Kind::text, std::move(value)};
  });
}

}  // namespace meterseal::console
