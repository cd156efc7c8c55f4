#pragma once

// The command line: one verb per file. Each add_ function hangs its options on the program and, when the verb was
// given, leaves what is to be run. CLI11's header is heavy and stays in the .cpp files.

#include <functional>
#include <string>

#include "core/result.hpp"

namespace CLI {
class App;
}

namespace meterseal::app {

/// What main() runs after the command line was understood. @return exit code: 0 good, 1 bad, 2 usage or configuration
using Job = std::function<int()>;

void add_run_verb(CLI::App& program, Job& job);
void add_sim_verb(CLI::App& program, Job& job);
void add_console_verb(CLI::App& program, Job& job);
void add_tail_verb(CLI::App& program, Job& job);
void add_collect_verb(CLI::App& program, Job& job);
void add_tls_verbs(CLI::App& program, Job& job);  ///< the group `tls`

/// Where the state is kept: what --state says, else the first of systemd's $STATE_DIRECTORY, else /var/lib/meterseal.
[[nodiscard]] std::string state_directory(const std::string& given);

/// `meterseal: error: where: detail`, then `meterseal: hint: remedy`, on stderr.
void print_error(const Error& error);

/// "meterseal 0.1.0", with what it was built from on the following lines.
[[nodiscard]] std::string version_text();

}  // namespace meterseal::app
