#pragma once

// Error codes of the room console (500-599). A command line that is refused is answered with
// {"Command":"Error","Input":...,"Reason":<detail of the error>}. Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::console {

inline constexpr Code line_malformed{500, ErrorClass::refuse, "console_line_malformed",
                                     "send one line of UTF-8 text of at most 1024 bytes without control characters"};
inline constexpr Code bad_argument{501, ErrorClass::refuse, "console_bad_argument",
                                   "look the command up in docs/commands.md"};
inline constexpr Code not_by_mqtt{502, ErrorClass::refuse, "console_not_by_mqtt",
                                  "do it on the device itself or allow it with mqtt.remote_commands"};
inline constexpr Code fixed_by_file{503, ErrorClass::refuse, "console_fixed_by_file",
                                    "change it in the configuration file, or take it out there to set it here"};
inline constexpr Code viewer_may_not_change{504, ErrorClass::refuse, "console_viewer_may_not_change",
                                            "log in as an administrator"};
inline constexpr Code not_possible{505, ErrorClass::refuse, "console_not_possible",
                                   "do first what the reply names, or change it in the configuration file"};
inline constexpr Code socket_unusable{506, ErrorClass::retry, "console_socket_unusable",
                                      "check that the agent runs, and use root or its user with the agent's --state"};
inline constexpr Code only_at_device{507, ErrorClass::refuse, "console_only_at_device",
                                     "use meterseal console on the device, as root or the agent's user"};

}  // namespace meterseal::console
