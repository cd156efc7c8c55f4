#pragma once

// What the log says about a connection. The first line is the one that people and scripts know from Tasmota:
// "MQTT: Connected to broker.example.com:8883 (TLS)". Thread: any (pure).

#include <optional>
#include <string>

#include "trust/host/tls_client.hpp"

namespace meterseal::mqtt::host {

/// "Connected to broker.example.com:8883 (TLS)"; without " (TLS)" on plaintext.
[[nodiscard]] std::string connected_text(const std::string& broker, const trust::host::TlsClient* tls);

/// "TLSv1.3, TLS_AES_128_GCM_SHA256, trusted by certificate fingerprint (slot 1), certificate AA:BB:..."
[[nodiscard]] std::string sealed_text(const trust::Trusted& trusted, const trust::host::TlsSummary& summary);

/// What is odd about the dates of a certificate that is trusted all the same; nullopt: nothing.
[[nodiscard]] std::optional<std::string> dates_text(const std::string& broker, const trust::Trusted& trusted,
                                                    const trust::Facts& facts);

[[nodiscard]] std::string plaintext_text(const std::string& broker);

/// "served certificate SHA-256 AA:BB:..."; nullopt: none was served before the attempt failed.
[[nodiscard]] std::optional<std::string> served_text(const trust::host::TlsClient* tls);

}  // namespace meterseal::mqtt::host
