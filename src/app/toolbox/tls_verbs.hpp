#pragma once

// The group `meterseal tls`: one function per verb, each in a file of its name.

#include "app/verbs.hpp"

namespace meterseal::app {

void add_tls_fingerprint_verb(CLI::App& tls, Job& job);
void add_tls_check_verb(CLI::App& tls, Job& job);
void add_tls_verify_verb(CLI::App& tls, Job& job);
void add_tls_watch_verb(CLI::App& tls, Job& job);
void add_tls_confirm_verb(CLI::App& tls, Job& job);

}  // namespace meterseal::app
