#include "app/config/overlay.hpp"

#include <algorithm>
#include <array>

#include "app/config/config_address.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

using console::Setting;

constexpr std::uint16_t kTlsPort = 8883;

struct Row {
  Setting setting;
  std::string_view table;
  std::string_view key;
  Node::Kind kind;
  std::string_view name;  ///< of both, for people
};
/// Those that are one key each. The broker's address and its login are handled apart.
constexpr std::array kRows{
    Row{Setting::mqtt_client, "mqtt", "client_id", Node::Kind::text, "mqtt.client_id"},
    Row{Setting::topic, "device", "topic", Node::Kind::text, "device.topic"},
    Row{Setting::full_topic, "device", "full_topic", Node::Kind::text, "device.full_topic"},
    Row{Setting::device_name, "device", "name", Node::Kind::text, "device.name"},
    Row{Setting::keep_alive, "mqtt", "keep_alive", Node::Kind::integer, "mqtt.keep_alive"},
    Row{Setting::discovery, "mqtt", "discovery", Node::Kind::boolean, "mqtt.discovery"},
    Row{Setting::page, "web", "enabled", Node::Kind::boolean, "web.enabled"},
    Row{Setting::api, "web", "api", Node::Kind::boolean, "web.api"},
};

Node* find(Node& table, std::string_view key) {
  const auto found =
      std::find_if(table.children.begin(), table.children.end(), [&](const Node& child) { return child.key == key; });
  return found == table.children.end() ? nullptr : &*found;
}

void remove(Node& table, std::string_view key) {
  std::erase_if(table.children, [&](const Node& child) { return child.key == key; });
}

Node& put(Node& table, std::string_view key, Node value) {
  value.key = key;
  value.line = kSetByCommand;
  for (Node& item : value.children) item.line = kSetByCommand;
  Node* known = find(table, key);
  if (known == nullptr) return table.children.emplace_back(std::move(value));
  return *known = std::move(value);
}

Node text_node(std::string_view text) {
  Node node;
  node.kind = Node::Kind::text;
  node.text = text;
  return node;
}

Node node_of(Node::Kind kind, const std::string& value) {
  Node node = text_node(value);
  node.kind = kind;
  node.boolean = value == "1";
  std::uint64_t number = 0;
  if (parse_decimal(value, 0, 1'000'000, number)) node.integer = static_cast<std::int64_t>(number);
  return node;
}

class Layer {
 public:
  Layer(Node& root, const Overlay& overlay) : root_(root), overlay_(overlay) {}

  std::set<Setting> lay() {
    for (const Row& row : kRows) {
      Node* table = find(root_, row.table);
      if (table == nullptr) continue;
      const std::string* value = open_value(*table, row.key, row.setting);
      if (value != nullptr) put(*table, row.key, node_of(row.kind, *value));
    }
    if (Node* mqtt = find(root_, "mqtt"); mqtt != nullptr && mqtt->kind == Node::Kind::table) {
      lay_host(*mqtt);
      lay_login(*mqtt);
    }
    return std::move(fixed_);
  }

 private:
  [[nodiscard]] const std::string* value_of(Setting setting) const {
    const auto found = overlay_.values.find(setting);
    return found == overlay_.values.end() ? nullptr : &found->second;
  }

  /// nullptr: not set, or the file decides.
  const std::string* open_value(Node& table, std::string_view key, Setting setting) {
    if (overlay_.owner == FileOwner::person && find(table, key) != nullptr) {
      fixed_.insert(setting);
      return nullptr;
    }
    return value_of(setting);
  }

  /// `hosts = []` leaves the broker to the command.
  void lay_host(Node& mqtt) {
    const Node* hosts = find(mqtt, "hosts");
    const bool is_left_open = hosts != nullptr && hosts->kind == Node::Kind::list && hosts->children.empty();
    if (overlay_.owner == FileOwner::person && hosts != nullptr && !is_left_open) {
      fixed_.insert(Setting::mqtt_host);
      fixed_.insert(Setting::mqtt_port);
      return;
    }
    const std::string* host = value_of(Setting::mqtt_host);
    const std::string* port = value_of(Setting::mqtt_port);
    if (host == nullptr && port == nullptr) return;
    HostPort address;
    if (hosts != nullptr && !hosts->children.empty()) {
      if (const auto declared = parse_host_port(hosts->children.front().text, kTlsPort)) address = *declared;
    }
    if (address.port == 0) address.port = kTlsPort;
    if (host != nullptr) address.host = *host;
    std::uint64_t number = 0;
    if (port != nullptr && parse_decimal(*port, 1, 65'535, number)) address.port = static_cast<std::uint16_t>(number);
    Node list;
    list.kind = Node::Kind::list;
    if (!address.host.empty()) list.children.push_back(text_node(format(address)));
    put(mqtt, "hosts", std::move(list));
  }

  void lay_login(Node& mqtt) {
    const std::string* user = open_value(mqtt, "user", Setting::mqtt_user);
    const bool is_own = overlay_.owner == FileOwner::device;
    const bool is_declared = find(mqtt, "password_file") != nullptr;
    if (!is_own && (is_declared || overlay_.has_credential)) fixed_.insert(Setting::mqtt_password);
    const bool is_password_open = !fixed_.contains(Setting::mqtt_password);
    if (is_password_open) {
      remove(mqtt, "password_file");
      if (!overlay_.password_file.empty()) put(mqtt, "password_file", text_node(overlay_.password_file));
    }
    if (user != nullptr) user->empty() ? remove(mqtt, "user") : void(put(mqtt, "user", text_node(*user)));
    const bool has_user = find(mqtt, "user") != nullptr;
    const bool has_password = find(mqtt, "password_file") != nullptr || overlay_.has_credential;
    // One without the other waits for it. What a person declared alone is a fault of the file.
    if (has_user && !has_password && !fixed_.contains(Setting::mqtt_user)) remove(mqtt, "user");
    if (!has_user && is_password_open) remove(mqtt, "password_file");
  }

  Node& root_;
  const Overlay& overlay_;
  std::set<Setting> fixed_;
};

}  // namespace

std::string_view key_of(Setting setting) {
  switch (setting) {
    case Setting::mqtt_host:
    case Setting::mqtt_port: return "mqtt.hosts";
    case Setting::mqtt_user: return "mqtt.user";
    case Setting::mqtt_password: return "mqtt.password_file";
    case Setting::ota_url: return {};
    case Setting::mqtt_client:
    case Setting::topic:
    case Setting::full_topic:
    case Setting::device_name:
    case Setting::keep_alive:
    case Setting::discovery:
    case Setting::page:
    case Setting::api: break;
  }
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.setting == setting; });
  return row == kRows.end() ? std::string_view() : row->name;
}

std::set<Setting> lay_over(Node& root, const Overlay& overlay) {
  return Layer(root, overlay).lay();
}

}  // namespace meterseal::app
