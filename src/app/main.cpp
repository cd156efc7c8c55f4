// meterseal: reads electricity meters and publishes them over verified TLS. Verbs: `meterseal --help`.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "app/verbs.hpp"

namespace {

/// A core file or a debugger of another user would hold passwords and keys.
void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  umask(077);
}

int usage_error(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
  std::fprintf(stderr, "meterseal: error: %s\n", error.what());
  std::fprintf(stderr, "meterseal: hint: see meterseal --help\n");
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
    return usage_error(program, error);
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
