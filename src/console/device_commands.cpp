#include "console/device_commands.hpp"

#include <algorithm>

#include "console/errors.hpp"
#include "core/text.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::console {

namespace {

constexpr seconds kDefaultTelePeriod{300};
constexpr seconds kShortestTelePeriod{10};
constexpr seconds kLongestTelePeriod{3600};
constexpr std::size_t kBusRoom = std::size_t{16} * 1024;

/// What `TelePeriod n` means. @source Tasmota 15.2: 0 off, 1 default, 2..9 raised to 10, above 3600 no change
seconds tele_period_asked(std::int64_t number, seconds current) {
  if (number == 0) return seconds{0};
  if (number == 1) return kDefaultTelePeriod;
  if (number < 0 || number > kLongestTelePeriod.count()) return current;
  return std::max(seconds{number}, kShortestTelePeriod);
}

bool is_numeric(Setting setting) {
  return setting == Setting::mqtt_port || setting == Setting::keep_alive;
}

Result<Replies> setting_reply(std::string_view name, Setting setting, const std::string& value) {
  std::uint64_t number = 0;
  if (is_numeric(setting) && parse_decimal(value, 0, 1'000'000, number))
    return number_reply(name, static_cast<std::int64_t>(number));
  Answer answer;
  answer.add(name, value);
  if (setting == Setting::ota_url && !value.empty())
    answer.add("Note", "kept, and not used: this build has no upgrade by command");
  if (setting == Setting::full_topic && value.find("%prefix%") == std::string::npos)
    answer.add("Note", "without %prefix% Home Assistant does not take this device");
  return answer.done();
}

std::optional<EnergyCounter> counter_of(std::string_view name) {
  if (equals_ignoring_case(name, "EnergyTotal")) return EnergyCounter::total;
  if (equals_ignoring_case(name, "EnergyToday")) return EnergyCounter::today;
  if (equals_ignoring_case(name, "EnergyYesterday")) return EnergyCounter::yesterday;
  return std::nullopt;
}

void add_kwh(JsonWriter& json, std::string_view key, std::int64_t mwh) {
  json.key(key).fixed(mwh, 6, 3);
}

tl::unexpected<Error> no_such_meter(std::string_view name, std::size_t number, std::size_t meters) {
  Text<224> why("there is no meter ");
  why.add_uint(number).add(": this device has ").add_uint(meters).add(", which ModbusStatus lists");
  return fail(bad_argument, name, why);
}

tl::unexpected<Error> never_read(std::string_view name, std::string_view meter) {
  return fail(not_possible, name,
              Text<224>("the meter ").add(meter).add(" has not been read yet: ModbusStatus tells whether it answers"));
}

Result<void> set_energy(std::string_view name, std::size_t meter, const CommandLine& line, DeviceControl& device) {
  const auto counter = counter_of(line.name);
  if (!counter) return fail(not_possible, name, "what was exported is counted by the meter and cannot be set");
  const auto wh = parse_number(line.data);
  if (!wh || *wh < 0) return fail(bad_argument, name, "an energy in Wh: a whole number, 0 or more");
  if (!device.energy(meter)) return never_read(name, device.meters().at(meter).name);
  return device.set_energy(meter, *counter, *wh);
}

/// "1", "1 7", "1 1-32"
std::optional<ScanRange> scan_range_of(std::string_view data) {
  const auto blank = std::min(data.find(' '), data.size());
  const std::string_view addresses = trim(data.substr(blank));
  std::uint64_t bus = 0;
  if (!parse_decimal(data.substr(0, blank), 1, 99, bus)) return std::nullopt;
  ScanRange range{static_cast<std::size_t>(bus - 1)};
  if (addresses.empty()) return range;
  const auto dash = addresses.find('-');
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (!parse_decimal(addresses.substr(0, dash), 1, 247, first)) return std::nullopt;
  last = first;
  if (dash != std::string_view::npos && !parse_decimal(addresses.substr(dash + 1), first, 247, last))
    return std::nullopt;
  range.first = static_cast<std::uint8_t>(first);
  range.last = static_cast<std::uint8_t>(last);
  return range;
}

/// Behind it: the key of a file that no page has made.
constexpr std::string_view kLineIsSet =
    "the line of a bus is set on the page under Configure Meters, or in the configuration file as ";

Result<Replies> not_here(const CommandLine& line, std::string_view name, std::string_view shown, std::string_view why) {
  if (!line.is_query()) return fail(not_possible, name, why);
  return text_reply(name, shown);
}

}  // namespace

Result<Replies> run_setting(std::string_view name, Setting setting, const CommandLine& line, DeviceControl& device) {
  SettingState state = device.setting(setting);
  if (!line.is_query()) {
    const auto asked = parse_setting(setting, line.data);
    if (!asked) return fail(bad_argument, name, asked.error().detail);
    const bool is_so = asked->kind == NewValue::Kind::text && asked->text == state.value;
    if (!is_so && !state.fixed_by.empty()) return fixed_in_file(name, state.fixed_by);
    if (!is_so) {
      if (auto set = device.set(setting, *asked); !set) return tl::unexpected(set.error());
    }
    state = device.setting(setting);
  }
  return setting_reply(name, setting, state.value);
}

Result<Replies> run_tele_period(const CommandLine& line, DeviceControl& device) {
  seconds period = device.facts().device.tele_period;
  if (!line.is_query()) {
    const auto number = parse_number(line.data);
    if (!number)
      return fail(bad_argument, "TelePeriod",
                  "a number of seconds: 10 to 3600; 0 is no telemetry, 1 the standard, 300");
    const seconds asked = tele_period_asked(*number, period);
    if (asked != period) {
      if (auto kept = device.set_tele_period(asked); !kept) return tl::unexpected(kept.error());
    }
    period = asked;
  }
  device.send_telemetry_soon();
  return number_reply("TelePeriod", period.count());
}

bool stops_telemetry(const CommandLine& line) {
  return parse_number(line.data) == 0;
}

Result<Replies> run_web_password(const CommandLine& line, DeviceControl& device) {
  if (!line.is_query()) {
    if (auto set = device.set_web_password(std::string(line.data)); !set) return tl::unexpected(set.error());
  }
  return text_reply("WebPassword", "****");
}

Result<Replies> run_web_server(const CommandLine& line, DeviceControl& device) {
  constexpr std::string_view kName = "WebServer";
  if (!line.is_query()) {
    const auto asked = parse_number(line.data);
    if (asked == 1)
      return fail(bad_argument, kName,
                  "2 (on) or 0 (off): for people who may only look make users of the role viewer on the page");
    if (asked != 0 && asked != 2) return fail(bad_argument, kName, "2 (on) or 0 (off)");
    const SettingState state = device.setting(Setting::page);
    const std::string wanted = asked == 2 ? "1" : "0";
    if (state.value != wanted) {
      if (!state.fixed_by.empty()) return fixed_in_file(kName, state.fixed_by);
      if (auto set = device.set(Setting::page, {NewValue::Kind::text, wanted}); !set)
        return tl::unexpected(set.error());
    }
  }
  if (device.setting(Setting::page).value != "1") return text_reply(kName, "OFF");
  const mqtt::Facts facts = device.facts();
  return text_reply(kName, Text<160>("Active for Admin on ")
                               .add(facts.network.hostname)
                               .add(" with IP address ")
                               .add(facts.network.ip_address));
}

Result<Replies> run_energy(const CommandLine& line, DeviceControl& device) {
  const std::string_view name = find_command(line.name)->name;
  const std::size_t meter = line.index.value_or(1) - 1;
  const auto meters = device.meters();
  if (meter >= meters.size()) return no_such_meter(name, meter + 1, meters.size());
  if (!line.is_query()) {
    if (auto set = set_energy(name, meter, line, device); !set) return tl::unexpected(set.error());
  }
  const auto energy = device.energy(meter);
  if (!energy) return never_read(name, meters[meter].name);
  std::array<char, 512> memory{};
  JsonWriter json(memory);
  json.open_object().key(name).open_object().key("Meter").text(meters[meter].name);
  add_kwh(json, "Total", energy->total_mwh);
  add_kwh(json, "Yesterday", energy->yesterday_mwh);
  add_kwh(json, "Today", energy->today_mwh);
  if (energy->exported_mwh) add_kwh(json, "ExportActive", *energy->exported_mwh);
  json.close_object().close_object();
  return Replies{{"RESULT", std::string(json.view())}};
}

Result<Replies> run_modbus_status(const CommandLine& /*line*/, DeviceControl& device) {
  std::vector<char> memory(kBusRoom);
  JsonWriter json(memory);
  json.open_object().key("ModbusStatus").open_array();
  for (const MeterHealth& meter : device.meters()) {
    json.open_object().key("Meter").text(meter.name).key("Model").text(meter.model);
    json.key("Port").text(meter.port).key("Address").integer(meter.address);
    const bool is_cut_off = !meter.age && !meter.port_trouble.empty();
    json.key("State").text(meter.age ? "answers" : is_cut_off ? "no port" : "silent").key("Age");
    meter.age ? json.integer(meter.age->count()) : json.null();
    if (is_cut_off) json.key("Reason").text(meter.port_trouble);
    json.close_object();
  }
  json.close_array().close_object();
  if (json.truncated())
    return fail(not_possible, "ModbusStatus", "more meters than one reply holds: the page shows them all");
  return Replies{{"RESULT", std::string(json.view())}};
}

Result<Replies> run_modbus_scan(const CommandLine& line, DeviceControl& device) {
  constexpr std::string_view kName = "ModbusScan";
  if (line.data == "0") {
    device.cancel_scan();
  } else if (!line.is_query()) {
    const auto range = scan_range_of(line.data);
    if (!range)
      return fail(bad_argument, kName,
                  "the number of a bus and the addresses on it, as in 1 1-32 (without them 1-247); 0 stops the search");
    if (auto started = device.start_scan(*range); !started) return tl::unexpected(started.error());
  }
  const ScanState state = device.scan();
  std::vector<char> memory(kBusRoom);
  JsonWriter json(memory);
  json.open_object().key(kName).open_object().key("State").text(state.is_running ? "running" : "idle");
  json.key("Bus").integer(static_cast<std::int64_t>(state.bus + 1));
  json.key("Asked").integer(static_cast<std::int64_t>(state.asked));
  json.key("Of").integer(static_cast<std::int64_t>(state.of)).key("Found").open_array();
  for (const ScanState::Found& found : state.found) {
    json.open_object().key("Address").integer(found.address).key("Models").open_array();
    for (const std::string& model : found.models) json.text(model);
    json.close_array().close_object();
  }
  json.close_array().close_object().close_object();
  if (json.truncated())
    return fail(not_possible, kName, "more was found than one reply holds: ask for fewer addresses");
  return Replies{{"RESULT", std::string(json.view())}};
}

Result<Replies> run_modbus_baudrate(const CommandLine& line, DeviceControl& device) {
  if (!line.is_query())
    return fail(fixed_by_file, "ModbusBaudrate", Text<224>(kLineIsSet).add("bus.baud where a person wrote it"));
  return number_reply("ModbusBaudrate", device.facts().device.baud);
}

Result<Replies> run_modbus_serial_config(const CommandLine& line, DeviceControl& device) {
  if (!line.is_query())
    return fail(fixed_by_file, "ModbusSerialConfig", Text<224>(kLineIsSet).add("bus.parity where a person wrote it"));
  return text_reply("ModbusSerialConfig", device.facts().device.serial_config);
}

Result<Replies> run_time(const CommandLine& line, DeviceControl& device) {
  const auto local = device.facts().local;
  return not_here(line, "Time", local ? std::string(mqtt::format_time(*local).view()) : std::string("unknown"),
                  "the clock is this machine's: set it there, for instance with timedatectl");
}

Result<Replies> run_timezone(const CommandLine& line, DeviceControl& device) {
  const auto local = device.facts().local;
  return not_here(
      line, "Timezone", local ? std::string(mqtt::format_offset(local->utc_offset_s).view()) : std::string("unknown"),
      "the zone is this machine's (timedatectl set-timezone), or device.timezone where a configuration file names one: "
      "daylight saving follows it");
}

/// Only for a person at the device: whoever could forget what was proved of the time could set the clock back.
Result<Replies> run_clock_floor(const CommandLine& line, DeviceControl& device) {
  if (!line.is_query()) {
    if (parse_number(line.data) != 0)
      return fail(bad_argument, "ClockFloor", "only 0, which forgets what was proved of the time");
    device.reset_clock_floor();
  }
  const Text<32> floor(mqtt::format_time(civil_utc(device.clock_floor())).view());
  return text_reply("ClockFloor", Text<32>(floor).add("Z"));
}

Result<Replies> run_log_level(const CommandLine& line, DeviceControl& device) {
  const mqtt::SwitchFacts levels = device.facts().switches;
  const std::string_view name = find_command(line.name)->name;
  std::uint32_t level = 0;
  std::string_view why = "fixed: there is no serial console";
  if (name == "WebLog") {
    level = levels.page_level;
    why = "fixed: the page shows errors, warnings and information";
  } else if (name == "SysLog") {
    level = levels.journal_level;
    why = "fixed by the service: it starts meterseal run with --log-level error, warning, info or debug";
  } else if (name == "MqttLog") {
    why =
        "fixed: the log is never published, because what it says of brokers and certificates is not for everybody "
        "there";
  }
  if (!line.is_query() && parse_number(line.data) != level) return fail(not_possible, name, why);
  return number_reply(name, level);
}

Result<Replies> run_restart(const CommandLine& line, DeviceControl& device) {
  if (line.is_query() || parse_number(line.data) != 1) return text_reply("Restart", "1 to restart");
  device.restart();
  return text_reply("Restart", "Restarting");
}

Result<Replies> run_reset(const CommandLine& line, DeviceControl& device) {
  if (line.is_query() || parse_number(line.data) != 1) return text_reply("Reset", "1 to reset");
  if (auto begun = device.reset(); !begun) return tl::unexpected(begun.error());
  return text_reply("Reset", "Reset and Restarting");
}

Result<Replies> run_upgrade(const CommandLine& line, DeviceControl& device) {
  return not_here(line, "Upgrade", Text<96>("Version ").add(device.facts().host.version).add(", no upgrade by command"),
                  "this build has no upgrade by command: install the new package");
}

}  // namespace meterseal::console
