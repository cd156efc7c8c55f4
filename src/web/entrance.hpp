#pragma once

// What of the page outlives a restart from within: else pauses after failed logins would be short again, and whoever
// may send `Restart 1` by MQTT could log everybody out. It ends with the process. Value; thread: loop thread.

#include "web/login_gate.hpp"
#include "web/sessions.hpp"

namespace meterseal::web {

struct Entrance {
  LoginGate gate;
  Sessions sessions;
};

}  // namespace meterseal::web
