#pragma once

// Who sent a command line, and what it takes to be allowed to. Thread: values, any.

#include <cstdint>

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

/// What a command may change, which decides who may use it with an argument. A query is always answered.
enum class Change : std::uint8_t {
  nothing,   ///< reads only, with or without an argument
  harmless,  ///< worst case is a nuisance: by MQTT unless remote_commands is none
  guarded,   ///< could redirect or blind the device: by MQTT only when remote_commands is all
  local,     ///< never by MQTT
  at_device  ///< by the socket on the device alone
};

/// May a line with an argument be run? The whole rule, as a table in docs/commands.md. Everything but MQTT has proved
/// who it is to this device itself.
[[nodiscard]] bool is_allowed(const Caller& caller, RemoteCommands remote, Change change);

}  // namespace meterseal::console
