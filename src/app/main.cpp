// meterseal: reads electricity meters and publishes them over verified TLS. Verbs: `meterseal --help`.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/config_section.hpp"
#include "app/verbs.hpp"
#include "core/nearest.hpp"

namespace {

/// A core file or a debugger of another user would hold passwords and keys.
void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  umask(077);
}

/// The verb of the command line as far as it is known, and the word that is none of its verbs or options: "meterseal
/// tls", "chek".
struct Typed {
  std::string verb = "meterseal";
  const CLI::App* at = nullptr;
  std::string unknown;  ///< empty: every word is known
  std::string meant;    ///< the word next to it; empty: none is
};

Typed typed_verb(const CLI::App& program, int argc, char** argv) {
  Typed typed;
  const CLI::App*& at = typed.at;
  at = &program;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto verbs = at->get_subcommands([](const CLI::App*) { return true; });
    if (verbs.empty() || word.starts_with('-')) break;
    std::vector<std::string_view> names;
    const CLI::App* known = nullptr;
    for (const CLI::App* verb : verbs) {
      names.push_back(verb->get_name());
      if (verb->get_name() == word) known = verb;
    }
    if (known == nullptr) {
      typed.unknown = word;
      typed.meant = meterseal::nearest(word, names);
      break;
    }
    typed.verb += " " + word;
    at = known;
  }
  return typed;
}

/// @return the option that is none of the verb, and the one that was meant: "--confg", "--config"
std::pair<std::string, std::string> unknown_option(const CLI::App& verb, int argc, char** argv) {
  std::vector<std::string> options;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string name = word.substr(0, word.find('='));
    if (!name.starts_with("--") || std::find(options.begin(), options.end(), name) != options.end()) continue;
    const std::vector<std::string_view> names(options.begin(), options.end());
    return {name, std::string(meterseal::nearest(name, names))};
  }
  return {};
}

int usage_error(const CLI::App& program, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
  const Typed typed = typed_verb(program, argc, argv);
  std::string what = error.what();
  if (!typed.unknown.empty()) what = typed.verb + " has no verb " + meterseal::app::quoted(typed.unknown);
  std::string meant = typed.meant;
  if (typed.unknown.empty() && dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto [option, close] = unknown_option(*typed.at, argc, argv);
    if (!option.empty()) what = typed.verb + " has no option " + meterseal::app::quoted(option);
    meant = close;
  }
  if (!meant.empty()) what += "; did you mean \"" + meant + "\"?";
  std::fprintf(stderr, "meterseal: error: %s\n", what.c_str());
  std::fprintf(stderr, "meterseal: hint: see %s --help\n", typed.verb.c_str());
  return 2;
}

int run(int argc, char** argv) {
  CLI::App program("Reads electricity meters and publishes them by MQTT over verified TLS.", "meterseal");
  program.set_version_flag("--version", meterseal::app::version_text());
  program.require_subcommand(1);
  program.footer(
      "Example: meterseal run --config /etc/meterseal/meterseal.toml\nExit codes: 0 good, 1 bad, 2 usage or "
      "configuration");
  meterseal::app::Job job;
  meterseal::app::add_run_verb(program, job);
  meterseal::app::add_sim_verb(program, job);
  meterseal::app::add_console_verb(program, job);
  meterseal::app::add_tail_verb(program, job);
  meterseal::app::add_collect_verb(program, job);
  meterseal::app::add_tls_verbs(program, job);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(program, error, argc, argv);
  }
  return job();
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory_private();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "meterseal: error: %s (app_internal)\n", error.what());
    std::fprintf(stderr, "meterseal: hint: this is a fault of the program, please report it with this line\n");
    return 2;
  }
}
