#include "console/commands.hpp"

#include <algorithm>
#include <array>

#include "console/errors.hpp"
#include "console/trust_commands.hpp"
#include "core/json_writer.hpp"
#include "core/text.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::console {

namespace {

using mqtt::StatusSection;

/// Holds every section of Status beside the readings.
constexpr std::size_t kFactsRoom = 8192;

constexpr seconds kDefaultTelePeriod{300};
constexpr seconds kShortestTelePeriod{10};
constexpr seconds kLongestTelePeriod{3600};

Reply number_reply(std::string_view key, std::int64_t value) {
  std::array<char, 96> memory{};
  JsonWriter json(memory);
  json.open_object().key(key).integer(value).close_object();
  return {"RESULT", std::string(json.view())};
}

Reply text_reply(std::string_view key, std::string_view value) {
  std::array<char, 192> memory{};
  JsonWriter json(memory);
  json.open_object().key(key).text(value).close_object();
  return {"RESULT", std::string(json.view())};
}

Result<Reply> status_reply(std::string name, std::span<const StatusSection> sections, const DeviceControl& device) {
  const bool with_readings = std::find(sections.begin(), sections.end(), StatusSection::sensors) != sections.end();
  const std::string body = with_readings ? device.sensor_body() : std::string();
  std::vector<char> memory(kFactsRoom + body.size());
  return mqtt::status_message(memory, sections, device.facts(), body).map([&](std::string_view json) {
    return Reply{std::move(name), std::string(json)};
  });
}

/// The section behind `Status n`; nullptr: this device has none.
const StatusSection* section_of(std::int64_t number) {
  if (number == 8) number = static_cast<std::int64_t>(StatusSection::sensors);
  const auto* found =
      std::find_if(mqtt::kStatusSections.begin(), mqtt::kStatusSections.end(),
                   [number](StatusSection section) { return static_cast<std::int64_t>(section) == number; });
  return found == mqtt::kStatusSections.end() ? nullptr : found;
}

/// `Status 0`: every section as a message of its own.
Result<Replies> all_sections(const DeviceControl& device) {
  Replies replies;
  for (const StatusSection& section : mqtt::kStatusSections) {
    std::string name = "STATUS";
    if (section != StatusSection::device) name += std::to_string(static_cast<unsigned>(section));
    auto reply = status_reply(std::move(name), std::span(&section, 1), device);
    if (!reply) return tl::unexpected(reply.error());
    replies.push_back(std::move(*reply));
  }
  return replies;
}

Result<Replies> one_section(std::string name, const StatusSection& section, const DeviceControl& device) {
  return status_reply(std::move(name), std::span(&section, 1), device).map([](Reply reply) {
    return Replies{std::move(reply)};
  });
}

Result<Replies> run_status(const CommandLine& line, DeviceControl& device) {
  if (line.is_query()) {
    if (line.index != 0U) return one_section("STATUS", StatusSection::device, device);
    return status_reply("STATUS0", mqtt::kStatusSections, device).map([](Reply reply) {
      return Replies{std::move(reply)};
    });
  }
  const auto number = parse_number(line.data);
  if (!number) return fail(bad_argument, "Status", "not a number");
  if (*number == 0) return all_sections(device);
  const StatusSection* section = section_of(*number);
  if (section == nullptr) return fail(bad_argument, "Status", "this device has no such section");
  return one_section("STATUS" + std::to_string(*number), *section, device);
}

Result<Replies> run_state(const CommandLine& /*line*/, DeviceControl& device) {
  std::vector<char> memory(kFactsRoom);
  return mqtt::state_message(memory, device.facts()).map([](std::string_view json) {
    return Replies{{"RESULT", std::string(json)}};
  });
}

/// What `TelePeriod n` means. @source Tasmota 15.2: 0 off, 1 default, 2..9 raised to 10, above 3600 no change
seconds tele_period_asked(std::int64_t number, seconds current) {
  if (number == 0) return seconds{0};
  if (number == 1) return kDefaultTelePeriod;
  if (number < 0 || number > kLongestTelePeriod.count()) return current;
  return std::max(seconds{number}, kShortestTelePeriod);
}

Result<Replies> run_tele_period(const CommandLine& line, DeviceControl& device) {
  seconds period = device.facts().device.tele_period;
  if (!line.is_query()) {
    const auto number = parse_number(line.data);
    if (!number) return fail(bad_argument, "TelePeriod", "not a number");
    const seconds asked = tele_period_asked(*number, period);
    if (asked != period) {
      if (auto kept = device.set_tele_period(asked); !kept) return tl::unexpected(kept.error());
    }
    period = asked;
  }
  device.send_telemetry_soon();
  return Replies{number_reply("TelePeriod", period.count())};
}

/// A device that reports nothing any more is blind: that is for a person at the device.
bool stops_telemetry(const CommandLine& line) {
  return parse_number(line.data) == 0;
}

Result<Replies> run_restart(const CommandLine& line, DeviceControl& device) {
  if (line.is_query() || parse_number(line.data) != 1) return Replies{text_reply("Restart", "1 to restart")};
  device.restart();
  return Replies{text_reply("Restart", "Restarting")};
}

/// Only for a person at the device: whoever could forget what was proved of the time could set the clock back.
Result<Replies> run_clock_floor(const CommandLine& line, DeviceControl& device) {
  if (!line.is_query()) {
    if (parse_number(line.data) != 0) return fail(bad_argument, "ClockFloor", "only 0, which forgets what was proved");
    device.reset_clock_floor();
  }
  return Replies{
      text_reply("ClockFloor", Text<32>(mqtt::format_time(civil_utc(device.clock_floor())).view()).add("Z").view())};
}

constexpr Command kCommands[] = {
    {"ClockFloor",
     Change::local,
     {},
     "0",
     "The time before which the clock is not believed; 0 forgets what brokers' certificates proved of it.",
     run_clock_floor},
    {"MqttFingerprint",
     Change::guarded,
     {1, 2},
     "0, AA:BB:..., sha256//BASE64",
     "Fingerprint of the broker's certificate or key in slot 1 or 2; 0 clears the slot and never means 'any'.",
     run_mqtt_fingerprint,
     is_for_local_only},
    {"Restart", Change::harmless, {}, "1", "Restarts the program in an orderly way: nothing is lost.", run_restart},
    {"SetOption",
     Change::local,
     {103, 132},
     "0, 1",
     "103: TLS is on. 132: know the broker by its fingerprint (1) or by a CA (0); without a fingerprint 1 learns it.",
     run_set_option},
    {"State", Change::nothing, {}, "", "The message of tele/STATE.", run_state},
    {"Status",
     Change::nothing,
     {0, 1},
     "0..8, 10, 11",
     "The device, or one section of its status (0: all of them).",
     run_status},
    {"TelePeriod",
     Change::harmless,
     {},
     "0, 10..3600",
     "Seconds between telemetry messages (0: none, 1: 300). Every use sends telemetry at once.",
     run_tele_period,
     stops_telemetry},
    {"TlsConfirm",
     Change::local,
     {},
     "AA:BB:...",
     "The learned fingerprint; repeating it confirms it.",
     run_tls_confirm},
    {"TlsMode", Change::local, {}, "fingerprint, ca, ca+fingerprint", "How the broker is known.", run_tls_mode},
    {"TlsRenewal",
     Change::guarded,
     {},
     "same-key, same-ca, manual",
     "How a fingerprint follows a renewed certificate.",
     run_tls_renewal},
    {"TlsStatus",
     Change::nothing,
     {},
     "",
     "Trust in the broker: pins, what was served, why it was refused.",
     run_tls_status},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                   [name](const Command& command) { return equals_ignoring_case(command.name, name); });
  return found == std::end(kCommands) ? nullptr : found;
}

}  // namespace meterseal::console
