#include "app/agent/trust_console.hpp"

#include <utility>

#include "app/agent/authority_list.hpp"
#include "trust/errors.hpp"
#include "trust/verdict.hpp"

namespace meterseal::app {

namespace {

std::string anchors_of(const trust::host::TlsSettings& settings) {
  if (settings.ca_builtin) return "compiled in";
  return settings.ca_file.empty() ? settings.ca_path : settings.ca_file;
}

}  // namespace

TrustConsole::TrustConsole(const Config& config, const std::vector<std::shared_ptr<BrokerTrust>>& brokers,
                           TrustActions actions)
    : brokers_(brokers), actions_(std::move(actions)) {
  for (std::size_t i = 0; i < brokers.size() && first_ == nullptr; ++i) {
    if (brokers[i] == nullptr) continue;
    first_ = brokers[i];
    config_ = &config.mqtt.brokers[i];
  }
}

void TrustConsole::note_refusal(const std::string& host, std::uint16_t port, std::string text) {
  if (config_ != nullptr && config_->address == HostPort{host, port}) refusal_ = std::move(text);
}

console::TrustState TrustConsole::state() const {
  console::TrustState state;
  state.broker = config_->address.host + ":" + std::to_string(config_->address.port);
  state.policy = first_->policy();
  state.lineage = first_->lineage();
  // As they count now: after a promotion slot 2 is the first one.
  if (state.lineage.swapped && !config_->tls.fixed.pins) {
    std::swap(state.policy.pins[0], state.policy.pins[1]);
    state.lineage.swapped = false;
  }
  state.fixed = config_->tls.fixed;
  state.anchors = anchors_of(first_->settings());
  state.refusal = refusal_;
  if (const auto served = first_->served()) {
    state.served = served->certificate;
    state.served_until = served->not_after;
  }
  return state;
}

Result<console::Authorities> TrustConsole::authorities() const {
  return list_authorities(first_->settings());
}

Result<void> TrustConsole::change(const trust::Policy& policy) {
  auto kept = first_->change(policy);
  if (!kept) return tl::unexpected(kept.error());
  actions_.keep(std::move(*kept));
  const trust::host::TlsClient* connection = actions_.connection();
  if (connection != nullptr) {
    const auto verdict = trust::judge(first_->policy(), first_->lineage(), connection->summary().facts);
    if (std::holds_alternative<trust::Trusted>(verdict)) return {};
  }
  actions_.connect_anew();
  return {};
}

Result<void> TrustConsole::confirm(const trust::Sha256& shown) {
  Result<void> refused = fail(trust::nothing_learned, config_->address.host, "nothing was learned from this broker");
  for (const auto& broker : brokers_) {
    if (broker == nullptr || !broker->lineage().learned) continue;
    auto kept = broker->confirm(shown);
    if (!kept) {
      refused = tl::unexpected(kept.error());
      continue;
    }
    actions_.keep({std::move(*kept)});
    actions_.connect_anew();
    return {};
  }
  return refused;
}

}  // namespace meterseal::app
