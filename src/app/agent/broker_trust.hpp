#pragma once

// How one broker is known: the policy of the file and what has been recorded about the broker, as a TLS context that
// changes with the record. A renewal that was followed is kept durably before the next connection relies on it.
//
// Owner: shared by the MQTT client and the site. Thread: loop thread. Errors: those of trust::host::TlsContext::make.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.hpp"
#include "core/log.hpp"
#include "outbox/store.hpp"
#include "trust/continuity.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::app {

/// What a connection has changed in the record of its broker.
struct TrustChange {
  std::optional<outbox::NamedValue> record;   ///< to be kept before the next connection relies on it
  InlineVector<trust::TrustEvent, 4> events;  ///< logged already
};

class BrokerTrust final : public trust::host::TlsContext {
 public:
  /// Reads anchors and identity of the broker. @param config  mode is not off
  [[nodiscard]] static Result<std::shared_ptr<BrokerTrust>> make(const BrokerConfig& config);

  [[nodiscard]] Result<std::unique_ptr<trust::host::TlsClient>> connect(const std::string& host,
                                                                        std::optional<UtcTime> now) override;

  [[nodiscard]] bool may_block() const override { return current_ && current_->may_block(); }
  [[nodiscard]] std::optional<UtcTime> identity_until() const override {
    return current_ ? current_->identity_until() : std::nullopt;
  }

  /// Under which its record is kept: "trust/broker.example.com:8883".
  [[nodiscard]] const std::string& value_name() const { return value_name_; }
  /// Under which is kept what was set at run time: "setting/tls/broker.example.com:8883".
  [[nodiscard]] const std::string& setting_name() const { return setting_name_; }
  /// What was kept; what cannot be understood is told and counts as nothing.
  void recall(std::string_view record, std::string_view setting, Log& log);

  /// May authorities be uploaded for it? Not where the file declares them.
  [[nodiscard]] bool takes_authorities() const { return !are_anchors_declared_; }
  /// A file of authorities takes the place of the system's. Where the policy needs them and they cannot be used no
  /// connection is made: never by others instead. @param file  empty: the system's again
  Result<void> use_authorities(const std::string& file);
  /// Where they are looked up now.
  [[nodiscard]] const trust::host::TlsSettings& settings() const { return settings_; }

  [[nodiscard]] const console::FixedByFile& fixed() const { return fixed_; }
  [[nodiscard]] const trust::Policy& policy() const { return settings_.policy; }
  [[nodiscard]] const trust::Lineage& lineage() const { return settings_.lineage; }
  /// What the peer of the last handshake showed, trusted or not.
  [[nodiscard]] const std::optional<trust::Facts>& served() const { return served_; }
  /// Replaces the policy. @param policy  pins in the order in which they count (pins_in_force)
  /// @return what is to be kept; why no context can be made of it, then nothing has changed
  [[nodiscard]] Result<std::vector<outbox::NamedValue>> change(const trust::Policy& policy);

  /// The broker has accepted the connection.
  [[nodiscard]] TrustChange accepted(const trust::host::TlsClient& connection, Log& log);

  /// A handshake has ended, well or not. While learning what the peer showed is recorded; it gets no byte of MQTT.
  [[nodiscard]] TrustChange judged(const trust::host::TlsClient& connection, Log& log);
  /// A fingerprint was learned and waits for a person.
  [[nodiscard]] bool is_unconfirmed() const;
  /// @return the record to be kept; trust::nothing_learned, confirm_mismatch, learn_conflict_open
  [[nodiscard]] Result<outbox::NamedValue> confirm(const trust::Sha256& shown);

 private:
  BrokerTrust(const TlsConfig& config, const std::string& address);

  Result<void> renew();
  [[nodiscard]] TrustChange take(const trust::Remembered& remembered, Log& log);

  const std::string value_name_;  // constant after construction
  const std::string setting_name_;
  const console::FixedByFile fixed_;
  const bool are_anchors_declared_;

  trust::host::TlsSettings settings_;                 // loop thread only
  std::shared_ptr<trust::host::TlsContext> current_;  ///< nullptr: the uploaded authorities cannot be used
  std::optional<trust::Facts> served_;
};

}  // namespace meterseal::app
