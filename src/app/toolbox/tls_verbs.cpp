#include "app/toolbox/tls_verbs.hpp"

#include <CLI/CLI.hpp>

namespace meterseal::app {

void add_tls_verbs(CLI::App& program, Job& job) {
  CLI::App* tls = program.add_subcommand("tls", "Looks at the TLS of a broker");
  tls->require_subcommand(1);
  tls->footer("Example: meterseal tls fingerprint broker.example.com:8883");
  add_tls_fingerprint_verb(*tls, job);
  add_tls_check_verb(*tls, job);
  add_tls_verify_verb(*tls, job);
  add_tls_watch_verb(*tls, job);
  add_tls_confirm_verb(*tls, job);
}

}  // namespace meterseal::app
