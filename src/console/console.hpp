#pragma once

// The console: takes a command line from one of its ways in, decides whether that way may use it, runs it, and gives
// the replies as JSON with the name of the topic level they belong to. Never fails: what it does not understand or
// does not allow is a reply, too.
//
// Ownership: the device must outlive the console. Thread: loop thread. Bounds: one line of 1024 bytes at a time.

#include <cstdint>
#include <string_view>

#include "console/commands.hpp"
#include "mqtt/message.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::console {

/// By which way a line came in.
enum class Source : std::uint8_t {
  local,  ///< the socket on the device
  mqtt,
  web,  ///< the page, by a person who has logged in
  http  ///< /cm with an Authorization header
};

/// What the person or program behind the line may do.
enum class Rights : std::uint8_t {
  view,   ///< queries only
  change  ///< everything that the way in allows
};

struct Caller {
  Source source = Source::local;
  Rights rights = Rights::change;
};

/// What MQTT commands may change: a stolen broker password must not redirect or blind a device.
enum class RemoteCommands : std::uint8_t {
  none,  ///< nothing; queries are answered, because Home Assistant polls them
  safe,  ///< what is harmless
  all    ///< everything but what is local for good
};

/// May a line with an argument be run? The whole rule, as a table in docs/commands.md. Everything but MQTT has proved
/// who it is to this device itself: only its rights count.
[[nodiscard]] bool is_allowed(const Caller& caller, RemoteCommands remote, Change change);

class Console {
 public:
  Console(DeviceControl& device, RemoteCommands remote) : device_(device), remote_(remote) {}

  /// One line of the socket, the page or /cm. An empty line has no reply.
  [[nodiscard]] Replies run(std::string_view line, const Caller& caller = {});

  /// A message of the subscribed command topic. No reply to what is none of this device's commands, and none to a
  /// retained message, which is a command of the past that would fire again at every connect.
  [[nodiscard]] Replies take(const mqtt::Topics& topics, const mqtt::Message& message);

 private:
  [[nodiscard]] Replies run(const Caller& caller, const CommandLine& line);

  DeviceControl& device_;
  RemoteCommands remote_;
};

}  // namespace meterseal::console
