#pragma once

// The authorities that may sign for a broker, for a person to look at. Thread: any; reads files of at most 4 MiB.
// Errors: app::anchor_unreadable.

#include "console/trust_control.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::app {

[[nodiscard]] Result<console::Authorities> list_authorities(const trust::host::TlsSettings& settings);

}  // namespace meterseal::app
