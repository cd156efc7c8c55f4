#include "console/commands.hpp"

#include <algorithm>

#include "console/device_commands.hpp"
#include "console/status_commands.hpp"
#include "console/trust_commands.hpp"
#include "core/nearest.hpp"
#include "core/text.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::console {

namespace {

constexpr Command kCommands[] = {
    {"Backlog",
     Group::device,
     Change::harmless,
     {0, 1},
     "a; b; c",
     "Up to 30 commands, one after the other; without any it drops those that wait. Each needs its own rights.",
     nullptr},
    {"ClockFloor",
     Group::time,
     Change::local,
     {},
     "0",
     "The time before which the clock is not believed; 0 forgets what brokers' certificates proved of it.",
     run_clock_floor},
    {"Delay",
     Group::device,
     Change::harmless,
     {},
     "1..3600",
     "Inside a Backlog: what follows waits that many tenths of a second.",
     nullptr},
    {"DeviceName",
     Group::device,
     Change::guarded,
     {},
     "text",
     "Name of the device for people.",
     run_setting_of<Setting::device_name>},
    {"EnergyExport",
     Group::energy,
     Change::nothing,
     {1, 32},
     "",
     "Energy of a meter, its export among it, in kWh.",
     run_energy},
    {"EnergyToday", Group::energy, Change::local, {1, 32}, "Wh", "Energy of a meter; sets today's in Wh.", run_energy},
    {"EnergyTotal",
     Group::energy,
     Change::local,
     {1, 32},
     "Wh",
     "Energy of a meter (1: the primary one); sets the total in Wh.",
     run_energy},
    {"EnergyYesterday",
     Group::energy,
     Change::local,
     {1, 32},
     "Wh",
     "Energy of a meter; sets yesterday's in Wh.",
     run_energy},
    {"FriendlyName",
     Group::device,
     Change::guarded,
     {},
     "text",
     "The same as DeviceName.",
     run_setting_of<Setting::device_name>},
    {"FullTopic",
     Group::mqtt,
     Change::guarded,
     {},
     "%prefix%/%topic%/",
     "Form of all topics.",
     run_setting_of<Setting::full_topic>},
    {"Help", Group::device, Change::nothing, {}, "command", "All commands, or one of them.", run_help},
    {"ModbusBaudrate", Group::modbus, Change::local, {}, "", "Bits per second of the first bus.", run_modbus_baudrate},
    {"ModbusScan",
     Group::modbus,
     Change::local,
     {},
     "bus first-last",
     "Looks for meters on a bus (1: the first one), at all addresses or at some of them; alone it tells how far it is, "
     "0 "
     "stops it.",
     run_modbus_scan},
    {"ModbusSerialConfig",
     Group::modbus,
     Change::local,
     {},
     "",
     "Form of a character on the first bus.",
     run_modbus_serial_config},
    {"ModbusStatus",
     Group::modbus,
     Change::nothing,
     {},
     "",
     "Each meter: where it is, and whether it answers.",
     run_modbus_status},
    {"MqttClient",
     Group::mqtt,
     Change::guarded,
     {},
     "text",
     "Client id, unique on the broker.",
     run_setting_of<Setting::mqtt_client>},
    {"MqttFingerprint",
     Group::tls,
     Change::guarded,
     {1, 2},
     "0, AA:BB:..., sha256//BASE64",
     "Fingerprint of the broker's certificate or key in slot 1 or 2; 0 clears the slot and never means 'any'.",
     run_mqtt_fingerprint,
     is_for_local_only},
    {"MqttHost",
     Group::mqtt,
     Change::guarded,
     {},
     "host",
     "The broker: a name as in its certificate, or an IP address; 0: none.",
     run_setting_of<Setting::mqtt_host>},
    {"MqttKeepAlive",
     Group::mqtt,
     Change::guarded,
     {},
     "5..3600",
     "Seconds after which a silent connection is probed.",
     run_setting_of<Setting::keep_alive>},
    {"MqttLog", Group::log, Change::local, {}, "0", "0: the log is not published.", run_log_level},
    {"MqttPassword",
     Group::mqtt,
     Change::guarded,
     {},
     "text",
     "Password at the broker; never shown; 0: none.",
     run_setting_of<Setting::mqtt_password>,
     nullptr,
     Data::secret},
    {"MqttPort",
     Group::mqtt,
     Change::guarded,
     {},
     "1..65535",
     "Port of the broker; 8883 is MQTT over TLS.",
     run_setting_of<Setting::mqtt_port>},
    {"MqttUser",
     Group::mqtt,
     Change::guarded,
     {},
     "text",
     "User at the broker; 0: none.",
     run_setting_of<Setting::mqtt_user>},
    {"OtaUrl",
     Group::device,
     Change::guarded,
     {},
     "https://...",
     "Where new versions are; http is refused. This build does not fetch any.",
     run_setting_of<Setting::ota_url>},
    {"Reset",
     Group::device,
     Change::at_device,
     {},
     "1",
     "Forgets all settings made by command or page, trust and users, and restarts; keeps readings and energy.",
     run_reset},
    {"Restart",
     Group::device,
     Change::harmless,
     {},
     "1",
     "Restarts the program in an orderly way: nothing is lost.",
     run_restart},
    {"SerialLog", Group::log, Change::local, {}, "0", "0: there is no serial console.", run_log_level},
    {"SetOption",
     Group::tls,
     Change::local,
     {19, 132, "19, 103, 128 or 132"},
     "0, 1",
     "19: no discovery. 103: TLS is on. 128: /cm. 132: know the broker by its fingerprint (1) or by a CA (0); without "
     "a fingerprint 1 learns it.",
     run_set_option},
    {"State", Group::telemetry, Change::nothing, {}, "", "The message of tele/STATE.", run_state},
    {"Status",
     Group::telemetry,
     Change::nothing,
     {0, 1},
     "0..11",
     "The device, or one section of its status (0: all of them).",
     run_status},
    {"SysLog",
     Group::log,
     Change::local,
     {},
     "",
     "Level of the service's log: 1 error, 2 info, 3 debug.",
     run_log_level},
    {"TelePeriod",
     Group::telemetry,
     Change::harmless,
     {},
     "0, 10..3600",
     "Seconds between telemetry messages (0: none, 1: 300). Every use sends telemetry at once.",
     run_tele_period,
     stops_telemetry},
    {"Time", Group::time, Change::local, {}, "", "Local time of the device.", run_time},
    {"Timezone", Group::time, Change::local, {}, "", "Its distance from UTC now.", run_timezone},
    {"TlsCa", Group::tls, Change::local, {}, "", "The authorities that may sign for the broker.", run_tls_ca},
    {"TlsConfirm",
     Group::tls,
     Change::local,
     {},
     "AA:BB:...",
     "The learned fingerprint; repeating it confirms it.",
     run_tls_confirm},
    {"TlsMode",
     Group::tls,
     Change::local,
     {},
     "fingerprint, ca, ca+fingerprint",
     "How the broker is known.",
     run_tls_mode},
    {"TlsRenewal",
     Group::tls,
     Change::guarded,
     {},
     "same-key, same-ca, manual",
     "How a fingerprint follows a renewed certificate.",
     run_tls_renewal},
    {"TlsStatus",
     Group::tls,
     Change::nothing,
     {},
     "",
     "Trust in the broker: pins, what was served, why it was refused.",
     run_tls_status},
    {"Topic",
     Group::mqtt,
     Change::guarded,
     {},
     "text",
     "%topic% of all messages of this device.",
     run_setting_of<Setting::topic>},
    {"Upgrade",
     Group::device,
     Change::guarded,
     {},
     "",
     "The version; this build has no upgrade by command.",
     run_upgrade},
    {"WebLog", Group::log, Change::local, {}, "", "Level of the log that the page shows.", run_log_level},
    {"WebPassword",
     Group::web,
     Change::at_device,
     {},
     "text",
     "Password of the page's user admin; never shown. On the page: Configure Web Admin.",
     run_web_password,
     nullptr,
     Data::secret},
    {"WebServer", Group::web, Change::local, {}, "0, 2", "Whether the page is served.", run_web_server},
};

}  // namespace

std::string_view name_of(Group group) {
  switch (group) {
    case Group::mqtt: return "MQTT";
    case Group::tls: return "TLS";
    case Group::telemetry: return "Telemetry";
    case Group::energy: return "Energy";
    case Group::modbus: return "Modbus";
    case Group::time: return "Time";
    case Group::web: return "Web";
    case Group::log: return "Log";
    case Group::device: return "Device";
  }
  return {};
}

std::string_view who_may(Change change) {
  switch (change) {
    case Change::nothing: return "always";
    case Change::harmless: return "safe";
    case Change::guarded: return "all";
    case Change::local: return "never";
    case Change::at_device: return "at the device";
  }
  return {};
}

Text<48> IndexRange::text() const {
  if (!only.empty()) return only;
  return Text<48>().add_uint(low).add(low + 1 == high ? " or " : " to ").add_uint(high);
}

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                   [name](const Command& command) { return equals_ignoring_case(command.name, name); });
  return found == std::end(kCommands) ? nullptr : found;
}

const Command* nearest_command(std::string_view name) {
  std::array<std::string_view, std::size(kCommands)> names;
  std::transform(std::begin(kCommands), std::end(kCommands), names.begin(), [](const Command& c) { return c.name; });
  const std::string_view close = nearest(name, names);
  return close.empty() ? nullptr : find_command(close);
}

std::size_t find_password_word(std::string_view text) {
  constexpr std::string_view kSign = "pas";  // also of a "pasword"
  const auto found = std::search(text.begin(), text.end(), kSign.begin(), kSign.end(),
                                 [](char a, char b) { return to_lower(a) == b; });
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

bool holds_secret(std::string_view line) {
  const auto parsed = parse_line(line);
  // A mistyped word or a line that cannot be read may be meant as one.
  if (!parsed) return find_password_word(line) != std::string_view::npos;
  if (parsed->is_query()) return false;
  const Command* command = find_command(parsed->name);
  if (command == nullptr) return find_password_word(parsed->name) != std::string_view::npos;
  if (command->data == Data::secret) return true;
  if (command->name != "Backlog") return false;
  return find_password_word(parsed->data) != std::string_view::npos;
}

}  // namespace meterseal::console
