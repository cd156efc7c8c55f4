#include "mqtt/discovery.hpp"

#include "core/json_writer.hpp"
#include "mqtt/energy_payload.hpp"
#include "mqtt/errors.hpp"

namespace meterseal::mqtt {

namespace {

// The word is fixed: it does not follow FullTopic.
constexpr std::string_view kRoot = "tasmota/discovery/";
constexpr int kVersion = 1;

// Array lengths of the firmware. @source Tasmota 15.2
constexpr std::size_t kFriendlyNames = 8;
constexpr std::size_t kRelays = 32;
constexpr std::size_t kSwitches = 32;
constexpr std::size_t kButtons = 32;

void add_repeated(JsonWriter& json, std::string_view key, std::size_t count, std::string_view value) {
  json.key(key).open_array();
  for (std::size_t i = 0; i < count; ++i) json.raw(value);
  json.close_array();
}

void add_texts(JsonWriter& json, std::string_view key, std::initializer_list<std::string_view> texts) {
  json.key(key).open_array();
  for (const std::string_view text : texts) json.text(text);
  json.close_array();
}

void add_identity(JsonWriter& json, const Facts& facts) {
  json.key("ip").text(facts.network.ip_address);
  json.key("dn").text(facts.device.name);
  json.key("fn").open_array().text(facts.device.name);
  for (std::size_t i = 1; i < kFriendlyNames; ++i) json.null();
  json.close_array();
  json.key("hn").text(facts.network.hostname);
  json.key("mac").text(facts.network.mac);
  json.key("md").text(facts.host.model);
}

/// What a device without relays, switches, buttons, lights and shutters says of them.
void add_parts(JsonWriter& json) {
  add_repeated(json, "rl", kRelays, "0");
  add_repeated(json, "swc", kSwitches, "-1");
  add_repeated(json, "swn", kSwitches, "null");
  add_repeated(json, "btn", kButtons, "0");
  json.key("so").open_object();
  for (const std::string_view option : {"4", "11", "13", "17", "20", "30", "68", "73", "82", "114", "117"}) {
    json.key(option).integer(0);
  }
  json.close_object();
  for (const std::string_view key : {"lk", "lt_st", "bat", "dslp"}) json.key(key).integer(0);
  add_repeated(json, "sho", 0, "");
  add_repeated(json, "sht", 0, "");
}

Result<std::string_view> finished(const JsonWriter& json) {
  if (json.truncated()) return fail(payload_too_large, "discovery", "the message does not fit into its memory");
  return json.view();
}

}  // namespace

Text<12> discovery_mac(std::uint64_t seed) {
  // Second-lowest bit of the first byte: locally administered; lowest bit: multicast. @source IEEE 802, 8.2
  constexpr std::uint64_t local = 0x020000000000;
  constexpr std::uint64_t multicast = 0x010000000000;
  Text<12> mac;
  mac.add_hex((seed | local) & ~multicast, 12);
  return mac;
}

TopicText discovery_config_topic(std::string_view mac) {
  return TopicText(kRoot).add(mac).add("/config");
}

TopicText discovery_sensors_topic(std::string_view mac) {
  return TopicText(kRoot).add(mac).add("/sensors");
}

Result<std::string_view> discovery_config_message(std::span<char> out, const Facts& facts, const Topics& topics) {
  JsonWriter json(out);
  json.open_object();
  add_identity(json, facts);
  for (const std::string_view key : {"ty", "if", "cam"}) json.key(key).integer(0);
  json.key("ofln").text(kOffline);
  json.key("onln").text(kOnline);
  add_texts(json, "state", {"OFF", "ON", "TOGGLE", "HOLD"});
  json.key("sw").text(facts.host.version);
  json.key("t").text(topics.topic());
  json.key("ft").text(topics.full_topic());
  add_texts(json, "tp", {"cmnd", "stat", "tele"});
  add_parts(json);
  json.key("ver").integer(kVersion);
  json.close_object();
  return finished(json);
}

Result<std::string_view> discovery_sensors_message(std::span<char> out, std::string_view sensor_body,
                                                   const std::optional<CivilTime>& time) {
  JsonWriter json(out);
  json.open_object().key("sn");
  add_sensor_object(json, sensor_body, time, TimeSource::measured);
  json.key("ver").integer(kVersion);
  json.close_object();
  return finished(json);
}

}  // namespace meterseal::mqtt
