#pragma once

// What connections and people change about the trust in the brokers, and who is told: the record that is kept before a
// next connection relies on it, the alarm program, the dates of certificates, the time that a broker has proved.
//
// Ownership: everything given must outlive it. Thread: loop thread.

#include <functional>
#include <string>

#include "app/agent/alarm.hpp"
#include "app/agent/expiry_alarm.hpp"
#include "app/agent/journal.hpp"
#include "app/agent/site_setup.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

struct TrustEventParts {
  const SiteSetup& setup;
  const std::string& state_directory;
  Log& log;
  Journal& journal;
  Alarm& alarm;
  ExpiryAlarm& expiry_alarm;
  std::function<void()> connect_anew;  ///< after what was kept is on the disk
  std::function<void(UtcTime)> time_proved;
};

class TrustEvents {
 public:
  explicit TrustEvents(TrustEventParts parts) : parts_(std::move(parts)) {}

  /// A handshake has ended, well or not.
  void judged(const mqtt::host::Broker& broker, const trust::host::TlsClient& tls);
  /// The broker has accepted the connection. @param tls  nullptr: plaintext
  void accepted(const mqtt::host::Broker& broker, const trust::host::TlsClient* tls);
  /// No connection came of it.
  void failed(const mqtt::host::Broker& broker, const Error& error);
  /// Takes what `meterseal tls confirm` has left. Once a second.
  void look_for_confirmation();

 private:
  void take(std::size_t broker, const TrustChange& change);
  void confirm(std::size_t broker, const trust::Sha256& shown);
  [[nodiscard]] const HostPort& address_of(std::size_t broker) const {
    return parts_.setup.config.mqtt.brokers[broker].address;
  }

  const TrustEventParts parts_;
};

}  // namespace meterseal::app
