#pragma once

// The console: takes a command line from one of its ways in, decides whether that way may use it, runs it, and gives
// the replies as JSON with the name of the topic level they belong to. Never fails: what it does not understand or
// does not allow is a reply, too.
//
// What waits behind a Delay is kept apart for MQTT and for everything else, so that a stolen broker password can
// neither drop nor hold up what the administrator has asked for.
//
// Ownership: the device must outlive the console. Thread: loop thread. Bounds: one line of 1024 bytes at a time, twice
// Backlog::kMaxEntries that wait.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "console/backlog.hpp"
#include "console/commands.hpp"
#include "mqtt/message.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::console {

class Console {
 public:
  Console(DeviceControl& device, RemoteCommands remote) : device_(device), remote_(remote) {}

  /// One line of the socket, the page or /cm. An empty line has no reply.
  [[nodiscard]] Replies run(std::string_view line, const Caller& caller = {});

  /// A message of the subscribed command topic. No reply to what is none of this device's commands, and none to a
  /// retained message, which is a command of the past that would fire again at every connect.
  [[nodiscard]] Replies take(const mqtt::Topics& topics, const mqtt::Message& message);

  /// Called when commands begin to wait, with the moment at which wake() is to be called. Waiting needs it.
  void on_waiting(std::function<void(Instant)> call) { call_me_ = std::move(call); }
  /// Runs what has waited long enough. @param take_replies  called for each command with replies
  void wake(const std::function<void(const Caller&, Replies)>& take_replies);
  [[nodiscard]] bool is_waiting() const { return !own_.empty() || !remote_lines_.empty(); }
  /// Without what came by MQTT.
  [[nodiscard]] bool has_own_waiting() const { return !own_.empty(); }
  /// Who sent the command that runs.
  [[nodiscard]] const Caller& caller() const { return caller_; }
  /// The connection that brought them has ended: they never fire in another one.
  void forget_remote() { remote_lines_.clear(); }

 private:
  [[nodiscard]] Replies run(const Caller& caller, const CommandLine& line);
  [[nodiscard]] Replies run_entry(const Backlog::Entry& entry);
  [[nodiscard]] Replies run_backlog(const Caller& caller, const CommandLine& line);
  [[nodiscard]] Replies run_delay(const Caller& caller, const CommandLine& line);
  [[nodiscard]] Backlog& backlog_of(const Caller& caller) {
    return caller.source == Source::mqtt ? remote_lines_ : own_;
  }
  void ask_to_be_called();

  DeviceControl& device_;
  RemoteCommands remote_;
  std::function<void(Instant)> call_me_;
  Backlog own_;
  Backlog remote_lines_;
  Caller caller_;
  bool is_in_backlog_ = false;  ///< the command that runs is one of its entries
};

/// How many commands an MQTT message is, for whoever bounds them.
[[nodiscard]] std::size_t commands_in(const mqtt::Topics& topics, const mqtt::Message& message);

}  // namespace meterseal::console
