#pragma once

// How one broker is known: the policy of the file and what has been recorded about the broker, as a TLS context that
// changes with the record. A renewal that was followed is kept durably before the next connection relies on it.
//
// Owner: shared by the MQTT client and the site. Thread: loop thread. Errors: those of trust::host::TlsContext::make.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "core/log.hpp"
#include "outbox/store.hpp"
#include "trust/continuity.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::app {

class BrokerTrust final : public trust::host::TlsContext {
 public:
  /// Reads anchors and identity of the broker. @param config  mode is not off
  [[nodiscard]] static Result<std::shared_ptr<BrokerTrust>> make(const BrokerConfig& config);

  [[nodiscard]] Result<std::unique_ptr<trust::host::TlsClient>> connect(const std::string& host,
                                                                        std::optional<UtcTime> now) override;

  /// Under which its record is kept: "trust/broker.example.com:8883".
  [[nodiscard]] const std::string& value_name() const { return value_name_; }
  /// What was kept; what cannot be understood is told and counts as nothing.
  void recall(std::string_view stored, Log& log);

  /// The broker has accepted the connection. @return the record, if it changed: to be kept
  [[nodiscard]] std::optional<outbox::NamedValue> accepted(const trust::host::TlsClient& connection, Log& log);

 private:
  BrokerTrust(trust::host::TlsSettings settings, std::string value_name)
      : settings_(std::move(settings)), value_name_(std::move(value_name)) {}

  Result<void> renew();

  trust::host::TlsSettings settings_;
  const std::string value_name_;
  std::shared_ptr<trust::host::TlsContext> current_;
};

}  // namespace meterseal::app
