// `meterseal console`: commands to the agent on this machine, over its local socket.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/device_side.hpp"
#include "app/face/first_boot.hpp"
#include "app/line_editor.hpp"
#include "app/verbs.hpp"
#include "console/command_line.hpp"
#include "console/commands.hpp"
#include "console/host/socket_server.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr int kGood = 0;
constexpr int kRefused = 1;
constexpr int kUnusable = 2;

struct ConsoleArguments {
  std::string state;
  std::vector<std::string> words;
};

constexpr const char* kAtThePrompt =
    "Help lists the commands, Help COMMAND explains one, Tab completes; exit, quit or Ctrl-D ends this prompt.";

/// A device in its first set-up has no console yet.
Error explained(const Error& error, const std::string& state) {
  if (is_there(kDefaultConfig) || !is_first_boot(state)) return error;
  return make_error(error.code, error.where, "no agent answers, and this state directory was never set up",
                    "in its first set-up a device has no console: open its page (https, port 8443) with the code from "
                    "the journal; or name the agent's --state");
}

/// @return exit code
int run_line(const std::string& state, const std::string& line) {
  const auto answer = console::host::ask(state + "/console.sock", line);
  if (!answer) {
    print_error(explained(answer.error(), state));
    return kUnusable;
  }
  std::fputs(answer->c_str(), stdout);
  std::fflush(stdout);
  const bool refused = answer->find("{\"Command\":\"Error\"") != std::string::npos ||
                       answer->find("{\"Command\":\"Unknown\"") != std::string::npos;
  return refused ? kRefused : kGood;
}

bool is_end(const std::string& line) {
  return equals_ignoring_case(trim(line), "exit") || equals_ignoring_case(trim(line), "quit");
}

int run_stdin(const std::string& state) {
  int worst = kGood;
  std::string line;
  while (std::getline(std::cin, line) && !is_end(line)) {
    const int code = run_line(state, line);
    if (code == kUnusable) return code;
    worst = std::max(worst, code);
  }
  return worst;
}

int run_prompt(const std::string& state) {
  std::printf("%s\n", kAtThePrompt);
  std::vector<std::string> names;
  for (const console::Command& command : console::commands()) names.emplace_back(command.name);
  LineEditor editor("meterseal> ", names);
  while (const auto line = editor.read()) {
    if (is_end(*line)) break;
    if (line->empty()) continue;
    if (!console::holds_secret(*line)) editor.remember(*line);
    if (run_line(state, *line) == kUnusable) return kUnusable;
    if (equals_ignoring_case(*line, "help")) std::printf("%s\n\n", kAtThePrompt);
  }
  return kGood;
}

int run_console(const ConsoleArguments& arguments) {
  const std::string state = state_directory(arguments.state);
  if (arguments.words.empty()) return ::isatty(STDIN_FILENO) != 0 ? run_prompt(state) : run_stdin(state);
  std::string line;
  for (const std::string& word : arguments.words) line += (line.empty() ? "" : " ") + word;
  // A command line can be read by every user of the machine.
  if (console::holds_secret(line)) {
    std::fprintf(stderr, "meterseal: error: a password on a command line can be read by every user of this machine\n");
    std::fprintf(stderr,
                 "meterseal: hint: start `meterseal console` and type it there, or give it on standard input\n");
    return kUnusable;
  }
  return run_line(state, line);
}

}  // namespace

void add_console_verb(CLI::App& program, Job& job) {
  auto* verb = program.add_subcommand("console", "Sends commands to the agent on this machine.");
  auto arguments = std::make_shared<ConsoleArguments>();
  verb->add_option("--state", arguments->state,
                   "state directory of the agent (default: $STATE_DIRECTORY, else /var/lib/meterseal)");
  verb->add_option("command", arguments->words, "one command; none: a prompt, or lines of standard input");
  verb->positionals_at_end();
  verb->footer(
      "At the prompt Help lists the commands, Tab completes them, and exit, quit or Ctrl-D ends it. While a device is "
      "in\n"
      "its first set-up it has no console: its page asks for the code that stands in the journal.\n"
      "Example: meterseal console Status 0\n"
      "Exit codes: 0 done, 1 the agent refused a command, 2 usage, or no agent answers");
  verb->callback([arguments, &job] { job = [arguments] { return run_console(*arguments); }; });
}

}  // namespace meterseal::app
