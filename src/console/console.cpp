#include "console/console.hpp"

#include <array>
#include <string>

#include "console/errors.hpp"
#include "core/json_writer.hpp"

namespace meterseal::console {

namespace {

constexpr std::string_view kResult = "RESULT";

Replies unknown(std::string_view input) {
  std::array<char, 512> memory{};
  JsonWriter json(memory);
  json.open_object().key("Command").text("Unknown").key("Input").text(input).close_object();
  return {{std::string(kResult), std::string(json.view())}};
}

Replies refused(std::string_view input, const Error& error) {
  std::array<char, 2048> memory{};
  JsonWriter json(memory);
  json.open_object().key("Command").text("Error").key("Input").text(input);
  json.key("Reason").text(error.detail).close_object();
  return {{std::string(kResult), std::string(json.view())}};
}

}  // namespace

bool is_allowed(const Caller& caller, RemoteCommands remote, Change change) {
  if (caller.rights == Rights::view) return change == Change::nothing;
  if (caller.source != Source::mqtt) return true;
  switch (change) {
    case Change::nothing: return true;
    case Change::harmless: return remote != RemoteCommands::none;
    case Change::guarded: return remote == RemoteCommands::all;
    case Change::local: return false;
  }
  return false;
}

Replies Console::run(std::string_view line, const Caller& caller) {
  const auto parsed = parse_line(line);
  if (!parsed) return refused(shown_input(line), parsed.error());
  if (parsed->name.empty() && !parsed->index && parsed->data.empty()) return {};
  return run(caller, *parsed);
}

Replies Console::take(const mqtt::Topics& topics, const mqtt::Message& message) {
  const auto word = topics.command_in(message.topic);
  if (!word || message.retain) return {};
  const auto parsed = parse_message(*word, message.payload);
  if (!parsed) return refused(shown_input(*word), parsed.error());
  return run(Caller{Source::mqtt, Rights::change}, *parsed);
}

Replies Console::run(const Caller& caller, const CommandLine& line) {
  const Command* command = find_command(line.name);
  if (command == nullptr) return unknown(shown_input(line));
  const std::uint32_t index = line.index.value_or(1);
  if (index < command->index.low || index > command->index.high) {
    return refused(shown_input(line), make_error(bad_argument, command->name, "no such index"));
  }
  const bool is_local = command->is_local != nullptr && command->is_local(line);
  if (!line.is_query() && !is_allowed(caller, remote_, is_local ? Change::local : command->change)) {
    if (caller.rights == Rights::view)
      return refused(shown_input(line), make_error(viewer_may_not_change, command->name, "a viewer may only ask"));
    return refused(shown_input(line), make_error(not_by_mqtt, command->name, "not allowed by MQTT"));
  }
  auto replies = command->run(line, device_);
  if (!replies) return refused(shown_input(line), replies.error());
  return std::move(*replies);
}

}  // namespace meterseal::console
