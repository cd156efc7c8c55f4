#include "app/broker_trust.hpp"

#include "app/broker_setup.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "TLS";

}  // namespace

Result<std::shared_ptr<BrokerTrust>> BrokerTrust::make(const BrokerConfig& config) {
  const std::string name = "trust/" + config.address.host + ":" + std::to_string(config.address.port);
  std::shared_ptr<BrokerTrust> made(new BrokerTrust(tls_settings(config.tls, {}), name));
  if (auto first = made->renew(); !first) return tl::unexpected(first.error());
  return made;
}

Result<void> BrokerTrust::renew() {
  auto context = trust::host::TlsContext::make(settings_);
  if (!context) return tl::unexpected(context.error());
  current_ = std::move(*context);
  return {};
}

Result<std::unique_ptr<trust::host::TlsClient>> BrokerTrust::connect(const std::string& host,
                                                                     std::optional<UtcTime> now) {
  return current_->connect(host, now);
}

void BrokerTrust::recall(std::string_view stored, Log& log) {
  if (stored.empty()) return;
  auto lineage = trust::decode_lineage(stored);
  if (!lineage) {
    log.error(kTag, lineage.error());
    return;
  }
  settings_.lineage = *lineage;
  if (auto changed = renew(); !changed) log.error(kTag, changed.error());
}

std::optional<outbox::NamedValue> BrokerTrust::accepted(const trust::host::TlsClient& connection, Log& log) {
  const auto* trusted = std::get_if<trust::Trusted>(&connection.verdict());
  if (trusted == nullptr) return std::nullopt;
  auto remembered = trust::remember_accepted(settings_.policy, settings_.lineage, *trusted, connection.summary().facts);
  for (const trust::TrustEvent& event : remembered.events) {
    const bool first = event.kind == trust::TrustEventKind::pin_matched_first_time;
    log.write(first ? LogLevel::info : LogLevel::warning, kTag, event.text);
  }
  if (remembered.lineage == settings_.lineage) return std::nullopt;
  settings_.lineage = remembered.lineage;
  if (auto changed = renew(); !changed) log.error(kTag, changed.error());
  return outbox::NamedValue{value_name_, trust::encode(settings_.lineage)};
}

}  // namespace meterseal::app
