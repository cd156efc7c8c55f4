#include "app/config/config.hpp"

#include <algorithm>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "core/text.hpp"
#include "mqtt/broker_dialect.hpp"
#include "mqtt/errors.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;  // @source IANA service name secure-mqtt
constexpr std::size_t kMaxBrokers = 8;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxClientId = 128;
constexpr std::size_t kMaxUser = 255;

/// Text that people and protocols see: UTF-8 without control characters.
std::optional<std::string> printable(Section& section, std::string_view key, std::size_t most) {
  auto text = section.text(key);
  if (!text) return std::nullopt;
  const bool control = std::any_of(text->begin(), text->end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  std::string fault;
  if (text->empty()) fault = "is empty";
  if (text->size() > most) fault = "is longer than " + std::to_string(most) + " bytes";
  if (control || !is_utf8_without_nul(*text)) fault = "has a control character";
  if (fault.empty()) return text;
  section.problem(config_bad_value, key, fault);
  return std::nullopt;
}

/// A name of the zone database, never a path out of it. Whether it exists is found out by whoever uses it.
bool is_zone_name(std::string_view name) {
  const bool clean = std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
  });
  return clean && !name.empty() && name.size() <= kMaxName && name.front() != '/' && name.back() != '/';
}

void check_topics(Section& section, const DeviceConfig& device) {
  const auto topics = mqtt::Topics::make(device.full_topic, device.topic);
  if (!topics) {
    const Error& error = topics.error();
    const std::string_view key = error.code == mqtt::topic_invalid ? "topic" : "full_topic";
    section.problem(error.code, key, quoted(error.where) + " " + std::string(error.detail.view()));
  } else if (!topics->is_prefixed()) {
    section.warn("full_topic", "without %prefix% Home Assistant does not take this device");
  }
}

DeviceConfig read_device(const Node& table, Problems& problems) {
  static constexpr Choice<ClockTrust> kClocks[] = {{"auto", ClockTrust::automatic}, {"trusted", ClockTrust::trusted}};
  Section section(table, "device", problems);
  DeviceConfig device;
  device.full_topic = section.text("full_topic").value_or(std::string(mqtt::kDefaultFullTopic));
  if (!section.has("topic")) section.problem(config_missing_key, "topic", "is missing");
  if (const auto topic = section.text("topic")) {
    device.topic = *topic;
    check_topics(section, device);
  }
  device.name = printable(section, "name", kMaxName).value_or(device.topic);
  if (const auto zone = section.text("timezone")) {
    const bool good = is_zone_name(*zone);
    if (!good) section.problem(config_bad_value, "timezone", quoted(*zone) + " is no name like \"Europe/Berlin\"");
    if (good) device.timezone = *zone;
  }
  if (const auto period = section.integer("tele_period", 0, 3600)) device.tele_period = seconds{*period};
  device.clock = section.choice("clock", kClocks).value_or(ClockTrust::automatic);
  section.finish();
  return device;
}

std::vector<BrokerConfig> read_brokers(Section& section, Problems& problems) {
  std::vector<BrokerConfig> brokers;
  if (section.is_empty_list("hosts")) {
    section.allow("hosts");
    section.warn("hosts", "names no broker: nothing is sent before the command MqttHost names one");
    return brokers;
  }
  const auto hosts = section.texts("hosts", kMaxBrokers);
  if (!section.has("hosts")) section.problem(config_missing_key, "hosts", "is missing");
  for (const Located& host : hosts) {
    const auto fault = [&](const Code& code, const std::string& text) {
      problems.add(code, host.line, section.name_of("hosts") + ": " + quoted(host.text) + " " + text);
    };
    const auto address = parse_host_port(host.text, kTlsPort);
    if (!address) {
      fault(config_bad_value, address.error());
    } else if (std::any_of(brokers.begin(), brokers.end(), [&](const auto& b) { return b.address == *address; })) {
      fault(config_conflict, "is named twice");
    } else {
      brokers.push_back({*address, {}});
    }
  }
  return brokers;
}

void read_login(Section& section, const std::string& file, MqttConfig& mqtt) {
  mqtt.user = printable(section, "user", kMaxUser).value_or("");
  if (const auto path = section.text("password_file")) {
    mqtt.password_file = {resolve(file, *path), section.line_of("password_file")};
    if (path->empty()) section.problem(config_bad_value, "password_file", "is empty");
    if (!section.has("user")) {
      section.problem(config_conflict, "password_file", "is given, but no user", "add mqtt.user");
    }
  } else {
    mqtt.password_file.line = section.line_of("user");
  }
  section.allow("password");
  if (section.has("password")) {
    section.problem(config_unknown_key, "password", "a password never stands in this file",
                    "write it to a file that only the service can read and name that in mqtt.password_file");
  }
}

/// AWS IoT Core: this device is its client certificate. Port 443 needs the protocol's name in the handshake.
void check_aws(Section& section, const DeviceConfig& device, MqttConfig& mqtt) {
  if (!mqtt.user.empty())
    section.problem(config_conflict, "user", "is not used with preset \"aws-iot\": the client certificate is the user");
  for (BrokerConfig& broker : mqtt.brokers) {
    if (broker.address.port == 443) broker.tls.alpn = "x-amzn-mqtt-ca";
    const ClientIdentity& identity = broker.tls.identity;
    if (identity.certificate.path.empty() && identity.pkcs11_uri.path.empty())
      section.problem(config_missing_key, "preset", "\"aws-iot\" needs a client certificate",
                      "add mqtt.tls.client_cert and client_key (or pkcs11) as AWS IoT gave them");
  }
  const auto topics = mqtt::Topics::make(device.full_topic, device.topic);
  const std::string fault = topics ? mqtt::fault_for_aws(*topics, mqtt.client_id) : std::string();
  if (!fault.empty()) section.problem(config_bad_value, "preset", "\"aws-iot\": " + fault);
  // @source AWS IoT Core quotas: keep-alive 30 to 1200 s
  if (mqtt.keep_alive < seconds{30} || mqtt.keep_alive > seconds{1200})
    section.problem(config_bad_value, "keep_alive", "is outside 30 to 1200 s, which AWS IoT Core takes");
  // A policy that does not allow these topics would close the connection at each birth.
  if (!section.has("discovery")) mqtt.discovery = false;
}

/// Azure IoT Hub: the user name is made of hub and device, the password of the device's key unless it has a
/// certificate.
void check_azure(Section& section, MqttConfig& mqtt) {
  if (!mqtt.user.empty())
    section.problem(config_conflict, "user", "is made by preset \"azure-iot-hub\" from hub and client_id");
  if (mqtt.version != mqtt::Version::v3_1_1)
    section.problem(config_conflict, "version", "is 3.1.1 with preset \"azure-iot-hub\"");
  if (!section.has("client_id"))
    section.problem(config_missing_key, "client_id", "is the device id with preset \"azure-iot-hub\"");
  if (mqtt.brokers.size() > 1)
    section.problem(config_conflict, "hosts", "names several hubs, and a device belongs to one");
  if (section.boolean("discovery").value_or(false))
    section.problem(config_conflict, "discovery", "is not possible with preset \"azure-iot-hub\": nothing is retained");
  mqtt.discovery = false;
  const bool has_certificate = !mqtt.brokers.empty() && (!mqtt.brokers[0].tls.identity.certificate.path.empty() ||
                                                         !mqtt.brokers[0].tls.identity.pkcs11_uri.path.empty());
  if (has_certificate == !mqtt.sas_key_file.path.empty())
    section.problem(config_missing_key, "preset",
                    "\"azure-iot-hub\" needs sas_key_file or a client certificate, and one of them only");
}

void read_preset(Section& section, const DeviceConfig& device, MqttConfig& mqtt, Problems& problems) {
  static constexpr Choice<mqtt::Preset> kPresets[] = {{"aws-iot", mqtt::Preset::aws_iot},
                                                      {"azure-iot-hub", mqtt::Preset::azure_iot_hub}};
  mqtt.preset = section.choice("preset", kPresets).value_or(mqtt::Preset::none);
  if (const auto path = section.text("sas_key_file")) {
    mqtt.sas_key_file = {resolve(problems.file(), *path), section.line_of("sas_key_file")};
    if (mqtt.preset != mqtt::Preset::azure_iot_hub)
      section.problem(config_conflict, "sas_key_file", "is used with preset \"azure-iot-hub\" only");
  }
  if (mqtt.preset != mqtt::Preset::none) {
    if (mqtt.brokers.empty() && section.is_empty_list("hosts"))
      section.problem(config_missing_key, "hosts", "is needed with a preset");
    for (const BrokerConfig& broker : mqtt.brokers) {
      if (broker.tls.policy.mode == trust::Mode::off)
        section.problem(config_conflict, "preset", "takes no plaintext (mqtt.tls.mode = \"off\")");
    }
  }
  if (mqtt.preset == mqtt::Preset::aws_iot) check_aws(section, device, mqtt);
  if (mqtt.preset == mqtt::Preset::azure_iot_hub) check_azure(section, mqtt);
}

OutboxConfig read_outbox(const Node& table, Problems& problems) {
  static constexpr Choice<outbox::WhenFull> kWhenFull[] = {{"thin", outbox::WhenFull::thin},
                                                           {"drop_oldest", outbox::WhenFull::drop}};
  Section section(table, "outbox", problems);
  OutboxConfig outbox;
  if (const auto size = section.integer("max_mb", 1, 65'536))
    outbox.max_bytes = static_cast<std::uint64_t>(*size) << 20;
  outbox.when_full = section.choice("when_full", kWhenFull).value_or(outbox.when_full);
  if (const auto rate = section.integer("replay_per_second", 1, 1000))
    outbox.replay_per_second = static_cast<std::uint32_t>(*rate);
  section.finish();
  return outbox;
}

AlarmConfig read_alarm(const Node& table, Problems& problems) {
  Section section(table, "alarm", problems);
  AlarmConfig alarm;
  for (const Located& word : section.texts("command", 32)) alarm.command.push_back(word.text);
  if (!section.has("command")) section.problem(config_missing_key, "command", "is missing");
  // A relative name would be looked up in a PATH that is not the owner's.
  if (!alarm.command.empty() && !alarm.command[0].starts_with('/'))
    section.problem(config_bad_value, "command", quoted(alarm.command[0]) + " is no absolute path of a program");
  section.finish();
  return alarm;
}

Config read_config(const Node& node, std::span<const std::string> profiles, Problems& problems) {
  Section root(node, "", problems);
  const auto required = [&](std::string_view key) {
    const Node* table = root.table(key);
    if (!root.has(key)) root.problem(config_missing_key, key, "is missing");
    return table;
  };
  const Node* device = required("device");
  const Node* mqtt = required("mqtt");
  const Node* outbox = root.table("outbox");
  Config config;
  if (device != nullptr) config.device = read_device(*device, problems);
  if (mqtt != nullptr) config.mqtt = read_mqtt(*mqtt, problems, config.device);
  if (outbox != nullptr) config.outbox = read_outbox(*outbox, problems);
  if (const Node* alarm = root.table("alarm")) config.alarm = read_alarm(*alarm, problems);
  config.buses = read_buses(root, problems, profiles);
  if (const Node* web = root.table("web")) config.web = read_web(*web, problems);
  root.finish();
  return config;
}

Config parse_into(std::string_view text, std::span<const std::string> profiles, const Overlay& overlay,
                  Problems& problems) {
  auto tree = parse_toml(text);
  if (!tree) {
    problems.add(config_syntax, tree.error().line, tree.error().text);
    return {};
  }
  auto fixed = lay_over(*tree, overlay);
  Config config = read_config(*tree, profiles, problems);
  config.fixed = std::move(fixed);
  if (overlay.owner == FileOwner::device) {
    // How the broker is known is what somebody answered once, not what an owner declared for good.
    for (BrokerConfig& broker : config.mqtt.brokers) {
      broker.tls.fixed = {};
      broker.tls.policy.are_pins_declared = false;
    }
  }
  return config;
}

ConfigResult finished(Config config, const Problems& problems) {
  if (!problems.empty()) return tl::unexpected(problems.errors());
  config.warnings = problems.warnings();
  return config;
}

}  // namespace

MqttConfig read_mqtt(const Node& table, Problems& problems, const DeviceConfig& device) {
  static constexpr Choice<mqtt::Version> kVersions[] = {{"3.1.1", mqtt::Version::v3_1_1}, {"5", mqtt::Version::v5}};
  static constexpr Choice<console::RemoteCommands> kRemote[] = {{"none", console::RemoteCommands::none},
                                                                {"safe", console::RemoteCommands::safe},
                                                                {"all", console::RemoteCommands::all}};
  static constexpr Choice<outbox::ConfirmedBy> kDelivery[] = {{"broker", outbox::ConfirmedBy::broker},
                                                              {"receiver", outbox::ConfirmedBy::receiver}};
  Section section(table, "mqtt", problems);
  MqttConfig mqtt;
  mqtt.brokers = read_brokers(section, problems);
  // One client id per device: a second client of the same id would push the first one off the broker.
  std::string default_id = "meterseal-" + device.topic;
  std::replace(default_id.begin(), default_id.end(), '/', '_');
  mqtt.client_id = printable(section, "client_id", kMaxClientId).value_or(default_id);
  read_login(section, problems.file(), mqtt);
  mqtt.version = section.choice("version", kVersions).value_or(mqtt.version);
  mqtt.remote_commands = section.choice("remote_commands", kRemote).value_or(mqtt.remote_commands);
  mqtt.keep_alive = seconds{section.integer("keep_alive", 5, 3600).value_or(mqtt.keep_alive.count())};
  mqtt.discovery = section.boolean("discovery").value_or(mqtt.discovery);
  mqtt.delivery = section.choice("delivery", kDelivery).value_or(mqtt.delivery);
  read_tls(section, problems, mqtt.brokers);
  read_preset(section, device, mqtt, problems);
  section.finish();
  return mqtt;
}

std::string resolve(const std::string& config_file, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return config_file.substr(0, config_file.rfind('/') + 1) + path;
}

ConfigResult parse_config(std::string_view text, const std::string& file, std::span<const std::string> profiles,
                          const Overlay& overlay) {
  Problems problems(file);
  return finished(parse_into(text, profiles, overlay, problems), problems);
}

ConfigResult load_config(const std::string& file, std::span<const std::string> profiles,
                         const std::string& credentials_dir, const Overlay& overlay) {
  Problems problems(file);
  const auto text = read_config_file(problems);
  if (!text) return tl::unexpected(problems.errors());
  Config config = parse_into(*text, profiles, overlay, problems);
  check_files(config, credentials_dir, problems);
  return finished(std::move(config), problems);
}

}  // namespace meterseal::app
