#pragma once

// The trust in the first broker of the list, as the console sees and changes it. A change is kept, holds from the next
// handshake on, and ends the connection only if it would be refused now; without a connection the next attempt is made
// at once, because somebody has just mended what was wrong.
//
// Ownership: everything given must outlive it. Thread: loop thread.

#include <functional>
#include <memory>
#include <vector>

#include "app/agent/broker_trust.hpp"
#include "console/trust_control.hpp"

namespace meterseal::app {

struct TrustActions {
  std::function<void(std::vector<outbox::NamedValue>)> keep;
  std::function<void()> connect_anew;
  /// TLS of the connection that stands; nullptr: none.
  std::function<const trust::host::TlsClient*()> connection;
};

class TrustConsole final : public console::TrustControl {
 public:
  /// @param brokers  in the order of the configuration; nullptr: plaintext
  TrustConsole(const Config& config, const std::vector<std::shared_ptr<BrokerTrust>>& brokers, TrustActions actions);

  /// There is a broker whose trust can be seen.
  [[nodiscard]] bool has_broker() const { return first_ != nullptr; }
  /// A broker was refused, or accepted (empty).
  void note_refusal(const std::string& host, std::uint16_t port, std::string text);

  [[nodiscard]] console::TrustState state() const override;
  [[nodiscard]] Result<console::Authorities> authorities() const override;
  Result<void> change(const trust::Policy& policy) override;
  Result<void> confirm(const trust::Sha256& shown) override;

 private:
  const BrokerConfig* config_ = nullptr;  ///< of the first broker with TLS
  std::shared_ptr<BrokerTrust> first_;
  std::vector<std::shared_ptr<BrokerTrust>> brokers_;
  TrustActions actions_;
  std::string refusal_;
};

}  // namespace meterseal::app
