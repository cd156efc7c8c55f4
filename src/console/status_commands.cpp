#include "console/status_commands.hpp"

#include <algorithm>

#include "console/errors.hpp"
#include "core/text.hpp"

namespace meterseal::console {

namespace {

using mqtt::StatusSection;

/// Holds every section of Status beside the readings.
constexpr std::size_t kFactsRoom = 8192;
constexpr std::size_t kHelpRoom = 8192;
constexpr std::string_view kSections = "a section of the status: a number from 0 (all) to 11";

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

}  // namespace

Result<Replies> run_status(const CommandLine& line, DeviceControl& device) {
  if (line.is_query()) {
    if (line.index != 0U) return one_section("STATUS", StatusSection::device, device);
    return status_reply("STATUS0", mqtt::kStatusSections, device).map([](Reply reply) {
      return Replies{std::move(reply)};
    });
  }
  const auto number = parse_number(line.data);
  if (!number) return fail(bad_argument, "Status", kSections);
  if (*number == 0) return all_sections(device);
  if (*number == 12)
    return fail(bad_argument, "Status", "this device keeps no dump of a crash: sections are 0 (all) to 11");
  if (*number == 13) return fail(bad_argument, "Status", "this device has no shutters: sections are 0 (all) to 11");
  const StatusSection* section = section_of(*number);
  if (section == nullptr) return fail(bad_argument, "Status", kSections);
  return one_section("STATUS" + std::to_string(*number), *section, device);
}

Result<Replies> run_state(const CommandLine& /*line*/, DeviceControl& device) {
  std::vector<char> memory(kFactsRoom);
  return mqtt::state_message(memory, device.facts()).map([](std::string_view json) {
    return Replies{{"RESULT", std::string(json)}};
  });
}

Result<Replies> run_help(const CommandLine& line, DeviceControl& /*device*/) {
  std::vector<char> memory(kHelpRoom);
  JsonWriter json(memory);
  json.open_object().key("Help").open_object();
  if (!line.is_query()) {
    // `Help MqttFingerprint1` as it is typed.
    const auto asked = parse_line(line.data);
    const Command* command = asked ? find_command(asked->name) : nullptr;
    if (command == nullptr) {
      const Command* meant = asked ? nearest_command(asked->name) : nullptr;
      return fail(bad_argument, "Help",
                  meant == nullptr ? Text<96>("there is no such command: Help alone lists all of them")
                                   : Text<96>("there is no such command; did you mean ").add(meant->name).add("?"));
    }
    json.key("Command").text(command->name).key("Group").text(name_of(command->group));
    if (!command->index.is_one()) json.key("Index").text(command->index.text());
    json.key("Arguments").text(command->arguments).key("ByMqtt").text(who_may(command->change));
    json.key("Text").text(command->help);
  } else {
    for (const Group group : kGroups) {
      json.key(name_of(group)).open_array();
      for (const Command& command : commands()) {
        if (command.group == group) json.text(command.name);
      }
      json.close_array();
    }
  }
  json.close_object().close_object();
  return Replies{{"RESULT", std::string(json.view())}};
}

}  // namespace meterseal::console
