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
  if (command == nullptr) return unknown(without_secret(shown_input(line)));
  const std::uint32_t index = line.index.value_or(1);
  if (index < command->index.low || index > command->index.high) return refused(line, bad_argument, "no such index");
  const bool is_local = command->is_local != nullptr && command->is_local(line);
  const Change change = is_local ? std::max(command->change, Change::local) : command->change;
  if (!line.is_query() && !is_allowed(caller, remote_, change)) {
    if (caller.rights == Rights::view) return refused(line, viewer_may_not_change, "a viewer may only ask");
    if (caller.source == Source::mqtt) return refused(line, not_by_mqtt, "not allowed by MQTT");
    return refused(line, only_at_device, "only on the device itself: meterseal console");
  }
  // @source Tasmota 15.2 drops it there, too
  if (is_in_backlog_ && command->name == "Reset" && !line.is_query())
    return refused(line, bad_argument, "never inside a Backlog");
  if (command->run == nullptr) return command->name == "Delay" ? run_delay(caller, line) : run_backlog(caller, line);
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
  if (is_in_backlog_) return refused(line, bad_argument, "no Backlog inside a Backlog");
  if (line.data.empty()) {
    if (!is_allowed(caller, remote_, Change::harmless)) return refused(line, not_by_mqtt, "not allowed");
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
      return refused(line, bad_argument, "1 to 3600 tenths of a second");
    if (!is_in_backlog_) return refused(line, bad_argument, "only inside a Backlog");
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
