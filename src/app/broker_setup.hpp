#pragma once

// From the configuration of a broker to one that can be connected to: its TLS context with policy, anchors, revocation
// lists and this device's identity. Thread: any. Errors: trust::* (ca_unreadable, identity...).

#include "app/config/config.hpp"
#include "core/result.hpp"
#include "mqtt/host/client.hpp"
#include "trust/lineage.hpp"

namespace meterseal::app {

/// Everything that a TLS context is made of. @param lineage  what was recorded about this broker
[[nodiscard]] trust::host::TlsSettings tls_settings(const TlsConfig& config, const trust::Lineage& lineage);

/// Authorities that cannot be read stop only a policy that looks at them.
[[nodiscard]] Result<std::shared_ptr<trust::host::TlsContext>> make_context(const trust::host::TlsSettings& settings);

/// mode off: a plaintext broker, which the configuration has allowed by name.
[[nodiscard]] Result<mqtt::host::Broker> broker_of(const BrokerConfig& config, const trust::Lineage& lineage);

}  // namespace meterseal::app
