#include "console/console.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "console/errors.hpp"
#include "core/json_writer.hpp"
#include "core/text.hpp"

namespace meterseal::console {

namespace {

constexpr std::string_view kResult = "RESULT";
constexpr milliseconds kDelayStep{100};
constexpr milliseconds kFirstDelay{200};
constexpr std::int64_t kLongestDelay = 3600;

Replies unknown(std::string_view input, std::string_view name) {
  std::array<char, 1024> memory{};
  JsonWriter json(memory);
  json.open_object().key("Command").text("Unknown").key("Input").text(input);
  if (const Command* meant = nearest_command(name))
    json.key("Note").text(Text<64>("did you mean ").add(meant->name).add("?"));
  json.close_object();
  return {{std::string(kResult), std::string(json.view())}};
}

Replies refused(std::string_view input, const Error& error) {
  std::array<char, 2048> memory{};
  JsonWriter json(memory);
  json.open_object().key("Command").text("Error").key("Input").text(input);
  json.key("Reason").text(error.detail).close_object();
  return {{std::string(kResult), std::string(json.view())}};
}

/// Everything behind a word with "pass" in it: also where it is mistyped, or stands in a Backlog.
std::string without_secret(std::string input) {
  const auto sign = find_password_word(input);
  if (sign == std::string::npos) return input;
  const auto blank = input.find(' ', sign);
  return blank == std::string::npos ? input : input.substr(0, blank) + " ****";
}

Replies refused(const CommandLine& line, const Code& code, std::string_view why) {
  return refused(without_secret(shown_input(line)), make_error(code, line.name, why));
}

/// Which index the command takes, or how what was typed is written without one.
Text<224> why_no_index(const Command& command, const CommandLine& line) {
  Text<224> why(command.name);
  if (!line.index) return why.add(" needs an index behind its name: ").add(command.index.text());
  if (!command.index.is_one()) why.add(" takes the index ").add(command.index.text());
  if (command.index.is_one()) why.add(" takes no index");
  // `TelePeriod60`
  if (line.data.empty() && !command.arguments.empty() && command.index.high == 1)
    why.add(": a value stands behind a blank, ").add(command.name).add(" ").add_uint(*line.index);
  return why;
}

/// Why this caller may not change it, and who may.
Error refusal_of(const Caller& caller, RemoteCommands remote, Change change) {
  const auto because = [](const Code& code, std::string_view why) { return make_error(code, "console", why); };
  if (caller.rights == Rights::view)
    return because(viewer_may_not_change, "a viewer may only ask: use a user or token of the role admin");
  if (caller.source != Source::mqtt) return because(only_at_device, "only on the device itself: meterseal console");
  if (change == Change::at_device)
    return because(not_by_mqtt,
                   "not allowed by MQTT, whatever remote_commands says: use meterseal console on the device");
  if (change == Change::local)
    return because(
        not_by_mqtt,
        "not allowed by MQTT, whatever remote_commands says: use the page, or meterseal console on the device");
  const bool is_harmless = remote == RemoteCommands::none && change == Change::harmless;
  return because(not_by_mqtt,
                 Text<224>("not allowed by MQTT: that needs mqtt.remote_commands ")
                     .add(is_harmless ? "safe or all" : "all")
                     .add(" in the configuration file; else use the page, or meterseal console on the device"));
}

}  // namespace

bool is_allowed(const Caller& caller, RemoteCommands remote, Change change) {
  if (caller.rights == Rights::view) return change == Change::nothing;
  if (change == Change::at_device) return caller.source == Source::local;
  if (caller.source != Source::mqtt) return true;
  switch (change) {
    case Change::nothing: return true;
    case Change::harmless: return remote != RemoteCommands::none;
    case Change::guarded: return remote == RemoteCommands::all;
    case Change::local:
    case Change::at_device: return false;
  }
  return false;
}

Replies Console::run(std::string_view line, const Caller& caller) {
  const auto parsed = parse_line(line);
  if (!parsed) return refused(without_secret(shown_input(line)), parsed.error());
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
  if (command == nullptr) return unknown(without_secret(shown_input(line)), line.name);
  const std::uint32_t index = line.index.value_or(1);
  if (index < command->index.low || index > command->index.high)
    return refused(line, bad_argument, why_no_index(*command, line));
  const bool is_local = command->is_local != nullptr && command->is_local(line);
  const Change change = is_local ? std::max(command->change, Change::local) : command->change;
  if (!line.is_query() && !is_allowed(caller, remote_, change))
    return refused(without_secret(shown_input(line)), refusal_of(caller, remote_, change));
  // @source Tasmota 15.2 drops it there, too
  if (is_in_backlog_ && command->name == "Reset" && !line.is_query())
    return refused(line, bad_argument, "Reset stands in no Backlog: send it alone");
  if (command->run == nullptr) return command->name == "Delay" ? run_delay(caller, line) : run_backlog(caller, line);
  caller_ = caller;
  auto replies = command->run(line, device_);
  if (!replies) return refused(without_secret(shown_input(line)), replies.error());
  return std::move(*replies);
}

Replies Console::run_entry(const Backlog::Entry& entry) {
  is_in_backlog_ = true;
  Replies replies = run(entry.line, entry.caller);
  is_in_backlog_ = false;
  return replies;
}

Replies Console::run_backlog(const Caller& caller, const CommandLine& line) {
  Backlog& backlog = backlog_of(caller);
  if (is_in_backlog_)
    return refused(line, bad_argument, "a Backlog stands in no other one: put its commands into this one");
  if (line.data.empty()) {
    if (!is_allowed(caller, remote_, Change::harmless))
      return refused(shown_input(line), refusal_of(caller, remote_, Change::harmless));
    return text_reply("Backlog", backlog.clear() > 0 ? "Aborted" : "Empty");
  }
  if (auto added = backlog.add(line.data, caller); !added)
    return refused(without_secret(shown_input(line)), added.error());
  Replies replies;
  while (const auto entry = backlog.take(device_.now())) {
    for (Reply& reply : run_entry(*entry)) replies.push_back(std::move(reply));
  }
  ask_to_be_called();
  if (replies.empty() && !backlog.empty()) return text_reply("Backlog", "Waiting");
  return replies;
}

Replies Console::run_delay(const Caller& caller, const CommandLine& line) {
  Backlog& backlog = backlog_of(caller);
  const Instant now = device_.now();
  if (!line.is_query()) {
    const auto number = parse_number(line.data);
    if (!number || *number < 1 || *number > kLongestDelay)
      return refused(line, bad_argument, "a pause of 1 to 3600 tenths of a second");
    if (!is_in_backlog_)
      return refused(line, bad_argument,
                     "only inside a Backlog, as in: Backlog TelePeriod 10; Delay 600; TelePeriod 300");
    // @source Tasmota 15.2: 1 is one step of 200 ms
    backlog.pause(*number == 1 ? kFirstDelay : *number * kDelayStep, now);
  }
  return number_reply("Delay", backlog.left(now) / kDelayStep);
}

void Console::ask_to_be_called() {
  std::optional<Instant> first = own_.due();
  if (const auto other = remote_lines_.due()) first = first ? std::min(*first, *other) : *other;
  if (first && call_me_) call_me_(*first);
}

void Console::wake(const std::function<void(const Caller&, Replies)>& take_replies) {
  for (Backlog* backlog : {&own_, &remote_lines_}) {
    while (const auto entry = backlog->take(device_.now())) {
      Replies replies = run_entry(*entry);
      if (!replies.empty()) take_replies(entry->caller, std::move(replies));
    }
  }
  ask_to_be_called();
}

std::size_t commands_in(const mqtt::Topics& topics, const mqtt::Message& message) {
  const auto word = topics.command_in(message.topic);
  const bool is_backlog = word && equals_ignoring_case(word->substr(0, 7), "Backlog");
  return is_backlog ? 1 + split_backlog(message.payload, Backlog::kMaxEntries).size() : 1;
}

}  // namespace meterseal::console
