#include "mqtt/state_payload.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "core/text.hpp"
#include "mqtt/energy_payload.hpp"
#include "mqtt/errors.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::mqtt {

namespace {

/// "0.1.0(meterseal)": Tasmota's form is version(build).
Text<64> full_version(const HostFacts& host) {
  Text<64> text(host.version);
  text.add("(meterseal)");
  return text;
}

/// "AA:BB:CC:DD:EE:FF" from 12 digits.
Text<17> with_colons(std::string_view mac) {
  Text<17> text;
  for (std::size_t i = 0; i < mac.size(); i += 2) {
    if (i > 0) text.add(":");
    text.add(mac.substr(i, 2));
  }
  return text;
}

void add_number(JsonWriter& json, std::string_view key, std::uint64_t value) {
  json.key(key).integer(static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX)));
}

void add_text(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key).text(value);
}

void add_wifi(JsonWriter& json, const WifiFacts& wifi) {
  json.key("Wifi").open_object();
  add_number(json, "AP", 1);
  // The name of a network is any 32 bytes, chosen by whoever runs it.
  add_text(json, "SSId", is_utf8_without_nul(wifi.ssid) ? wifi.ssid : "(not text)");
  add_text(json, "BSSId", wifi.bssid);
  add_number(json, "Channel", wifi.channel);
  add_text(json, "Mode", wifi.mode);
  // @source Tasmota 15.2: RSSI is a quality in percent, 2 * (dBm + 100), Signal is the level in dBm
  json.key("RSSI").integer(std::clamp(2 * (wifi.signal_dbm + 100), 0, 100));
  json.key("Signal").integer(wifi.signal_dbm);
  add_number(json, "LinkCount", wifi.link_count);
  add_text(json, "Downtime", format_duration(wifi.downtime));
  json.close_object();
}

void add_state(JsonWriter& json, const Facts& facts) {
  json.open_object();
  json.key("Time");
  add_time(json, facts.local);
  add_text(json, "Uptime", format_duration(facts.host.uptime));
  json.key("UptimeSec").integer(facts.host.uptime.count());
  add_number(json, "Heap", facts.host.heap_kb);
  add_text(json, "SleepMode", "Dynamic");
  add_number(json, "Sleep", 0);  // waits for events, never for time
  add_number(json, "LoadAvg", facts.host.load_percent);
  add_number(json, "MqttCount", facts.mqtt.connects);
  if (facts.network.wifi) add_wifi(json, *facts.network.wifi);
  add_text(json, "Hostname", facts.network.hostname);
  add_text(json, "IPAddress", facts.network.ip_address);
  json.close_object();
}

void add_device(JsonWriter& json, const Facts& facts) {
  json.open_object();
  add_number(json, "Module", 0);
  add_text(json, "DeviceName", facts.device.name);
  json.key("FriendlyName").open_array().text(facts.device.name).close_array();
  add_text(json, "Topic", facts.device.topic);
  add_text(json, "ButtonTopic", "0");
  add_text(json, "Power", "0");  // no relays, none is on
  add_text(json, "SwitchTopic", "0");
  for (const std::string_view key :
       {"ButtonRetain", "SwitchRetain", "SensorRetain", "PowerRetain", "InfoRetain", "StateRetain", "StatusRetain"}) {
    add_number(json, key, 0);
  }
  json.close_object();
}

void add_parameters(JsonWriter& json, const Facts& facts) {
  json.open_object();
  add_number(json, "Baudrate", facts.device.baud);
  add_text(json, "SerialConfig", facts.device.serial_config);
  add_text(json, "GroupTopic", "");
  add_text(json, "OtaUrl", facts.switches.ota_url);
  add_text(json, "RestartReason", facts.host.restart_reason);
  add_text(json, "Uptime", format_duration(facts.host.uptime));
  json.key("StartupUTC");
  add_time(json, facts.host.started_utc);
  add_number(json, "Sleep", 0);
  add_number(json, "BootCount", facts.host.boot_count);
  json.close_object();
}

void add_firmware(JsonWriter& json, const Facts& facts) {
  json.open_object();
  add_text(json, "Version", full_version(facts.host));
  add_text(json, "BuildDateTime", facts.host.build_time);
  add_text(json, "Core", facts.host.kernel);
  add_text(json, "SDK", facts.host.tls_library);
  add_number(json, "CpuFrequency", facts.host.cpu_mhz);
  add_text(json, "Hardware", facts.host.hardware);
  json.close_object();
}

/// The options of one word of StatusLOG, which begins with option `first`.
Text<8> option_word(const Facts& facts, unsigned first) {
  const SwitchFacts& is = facts.switches;
  const std::pair<unsigned, bool> options[] = {
      {3, true},  // MQTT
      {19, is.discovery == Switch::off},
      {103, facts.mqtt.transport == Transport::tls},
      {128, is.api == Switch::on},
      {132, is.fingerprint == Switch::on},
  };
  std::uint32_t word = 0;
  for (const auto& [number, is_on] : options) {
    if (is_on && number >= first && number < first + 32) word |= 1U << (number - first);
  }
  return Text<8>().add_hex(word, 8);
}

void add_logging(JsonWriter& json, const Facts& facts) {
  json.open_object();
  add_number(json, "SerialLog", 0);
  add_number(json, "WebLog", facts.switches.page_level);
  add_number(json, "MqttLog", 0);
  add_number(json, "SysLog", facts.switches.journal_level);
  add_text(json, "LogHost", "");
  json.key("TelePeriod").integer(facts.device.tele_period.count());
  // @source Tasmota 15.2: options 0, then 18 bytes of numbers, then from 50, 82, 114 and 146 on
  json.key("SetOption").open_array().text(option_word(facts, 0)).text("000000000000000000000000000000000000");
  for (const unsigned first : {50U, 82U, 114U, 146U}) json.text(option_word(facts, first));
  json.close_array().close_object();
}

/// Margins that this device does not watch: all of them are off.
void add_thresholds(JsonWriter& json) {
  json.open_object();
  add_number(json, "PowerDelta", 0);
  for (const std::string_view key : {"PowerLow", "PowerHigh", "VoltageLow", "VoltageHigh", "CurrentLow", "CurrentHigh",
                                     "MaxPower", "MaxPowerHold", "MaxPowerWindow", "MaxEnergy", "MaxEnergyStart"}) {
    add_number(json, key, 0);
  }
  json.close_object();
}

void add_memory(JsonWriter& json, const Facts& facts) {
  json.open_object();
  add_number(json, "ProgramSize", facts.host.program_kb);
  add_number(json, "Free", facts.host.free_kb);
  add_number(json, "Heap", facts.host.heap_kb);
  json.close_object();
}

void add_network(JsonWriter& json, const NetworkFacts& network, const SwitchFacts& switches) {
  json.open_object();
  add_text(json, "Hostname", network.hostname);
  add_text(json, "IPAddress", network.ip_address);
  add_text(json, "Gateway", network.gateway);
  add_text(json, "Subnetmask", network.netmask);
  add_text(json, "DNSServer1", network.dns1);
  add_text(json, "DNSServer2", network.dns2);
  add_text(json, "Mac", with_colons(network.mac));
  // @source Tasmota 15.2: 0 off, 1 user, 2 admin
  add_number(json, "Webserver", switches.page == Switch::on ? 2 : 0);
  add_number(json, "HTTP_API", switches.api == Switch::on ? 1 : 0);
  add_text(json, "Metrics", switches.metrics);
  json.close_object();
}

void add_mqtt(JsonWriter& json, const MqttFacts& mqtt, const SwitchFacts& switches) {
  json.open_object();
  add_text(json, "MqttHost", mqtt.host);
  add_number(json, "MqttPort", mqtt.port);
  add_text(json, "MqttClientMask", mqtt.client_id);
  add_text(json, "MqttClient", mqtt.client_id);
  add_text(json, "MqttUser", mqtt.user);
  add_number(json, "MqttCount", mqtt.connects);
  add_number(json, "MqttTLS", mqtt.transport == Transport::tls ? 1 : 0);
  add_number(json, "MAX_PACKET_SIZE", mqtt.max_packet);
  json.key("KEEPALIVE").integer(mqtt.keep_alive.count());
  json.key("SOCKET_TIMEOUT").integer(mqtt.timeout.count());
  add_number(json, "Discovery", switches.discovery == Switch::on ? 1 : 0);
  add_text(json, "RemoteCommands", switches.remote_commands);
  json.close_object();
}

void add_clock(JsonWriter& json, const Facts& facts) {
  json.open_object();
  json.key("UTC");
  if (facts.utc) {
    Text<32> utc(format_time(*facts.utc));
    json.text(utc.add("Z"));
  } else {
    json.null();
  }
  json.key("Local");
  add_time(json, facts.local);
  json.key("Timezone");
  if (facts.local) {
    json.text(format_offset(facts.local->utc_offset_s));
  } else {
    json.null();
  }
  json.close_object();
}

std::string_view key_of(StatusSection section) {
  switch (section) {
    case StatusSection::device: return "Status";
    case StatusSection::parameters: return "StatusPRM";
    case StatusSection::firmware: return "StatusFWR";
    case StatusSection::logging: return "StatusLOG";
    case StatusSection::memory: return "StatusMEM";
    case StatusSection::network: return "StatusNET";
    case StatusSection::mqtt: return "StatusMQT";
    case StatusSection::time: return "StatusTIM";
    case StatusSection::thresholds: return "StatusPTH";
    case StatusSection::sensors: return "StatusSNS";
    case StatusSection::state: return "StatusSTS";
  }
  return {};
}

void add_section(JsonWriter& json, StatusSection section, const Facts& facts, std::string_view sensor_body) {
  json.key(key_of(section));
  switch (section) {
    case StatusSection::device: add_device(json, facts); break;
    case StatusSection::parameters: add_parameters(json, facts); break;
    case StatusSection::firmware: add_firmware(json, facts); break;
    case StatusSection::logging: add_logging(json, facts); break;
    case StatusSection::memory: add_memory(json, facts); break;
    case StatusSection::network: add_network(json, facts.network, facts.switches); break;
    case StatusSection::mqtt: add_mqtt(json, facts.mqtt, facts.switches); break;
    case StatusSection::time: add_clock(json, facts); break;
    case StatusSection::thresholds: add_thresholds(json); break;
    case StatusSection::sensors: add_sensor_object(json, sensor_body, facts.local, TimeSource::measured); break;
    case StatusSection::state: add_state(json, facts); break;
  }
}

Result<std::string_view> finished(const JsonWriter& json, std::string_view name) {
  if (json.truncated()) return fail(payload_too_large, name, "the message does not fit into its memory");
  return json.view();
}

}  // namespace

Result<std::string_view> state_message(std::span<char> out, const Facts& facts) {
  JsonWriter json(out);
  add_state(json, facts);
  return finished(json, "STATE");
}

Result<std::string_view> info1_message(std::span<char> out, const Facts& facts) {
  JsonWriter json(out);
  json.open_object().key("Info1").open_object();
  add_text(json, "Module", facts.host.model);
  add_text(json, "Version", full_version(facts.host));
  // There is neither: commands come by the device's own topic only.
  add_text(json, "FallbackTopic", "");
  add_text(json, "GroupTopic", "");
  json.close_object().close_object();
  return finished(json, "INFO1");
}

Result<std::string_view> info2_message(std::span<char> out, const Facts& facts) {
  JsonWriter json(out);
  json.open_object().key("Info2").open_object();
  add_text(json, "WebServerMode", facts.switches.page == Switch::on ? "Admin" : "Off");
  add_text(json, "Hostname", facts.network.hostname);
  add_text(json, "IPAddress", facts.network.ip_address);
  json.close_object().close_object();
  return finished(json, "INFO2");
}

Result<std::string_view> info3_message(std::span<char> out, const Facts& facts) {
  JsonWriter json(out);
  json.open_object().key("Info3").open_object();
  add_text(json, "RestartReason", facts.host.restart_reason);
  add_number(json, "BootCount", facts.host.boot_count);
  json.close_object().close_object();
  return finished(json, "INFO3");
}

Result<std::string_view> status_message(std::span<char> out, std::span<const StatusSection> sections,
                                        const Facts& facts, std::string_view sensor_body) {
  JsonWriter json(out);
  json.open_object();
  for (const StatusSection section : sections) add_section(json, section, facts, sensor_body);
  json.close_object();
  return finished(json, "STATUS");
}

}  // namespace meterseal::mqtt
