#include "app/agent/broker_trust.hpp"

#include <utility>

#include "app/agent/trust_setting.hpp"
#include "app/broker_setup.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "TLS";

}  // namespace

BrokerTrust::BrokerTrust(const TlsConfig& config, const std::string& address)
    : value_name_("trust/" + address),
      setting_name_("setting/tls/" + address),
      fixed_(config.fixed),
      are_anchors_declared_(config.are_anchors_declared || config.ca_builtin),
      settings_(tls_settings(config, {})) {}

Result<std::shared_ptr<BrokerTrust>> BrokerTrust::make(const BrokerConfig& config) {
  const std::string address = config.address.host + ":" + std::to_string(config.address.port);
  std::shared_ptr<BrokerTrust> made(new BrokerTrust(config.tls, address));
  if (auto first = made->renew(); !first) return tl::unexpected(first.error());
  return made;
}

Result<void> BrokerTrust::renew() {
  auto context = make_context(settings_);
  if (!context) return tl::unexpected(context.error());
  current_ = std::move(*context);
  return {};
}

Result<std::unique_ptr<trust::host::TlsClient>> BrokerTrust::connect(const std::string& host,
                                                                     std::optional<UtcTime> now) {
  // Somebody may have mended the file since.
  if (current_ == nullptr) {
    if (auto renewed = renew(); !renewed) return tl::unexpected(renewed.error());
  }
  return current_->connect(host, now);
}

Result<void> BrokerTrust::use_authorities(const std::string& file) {
  if (are_anchors_declared_) return {};
  settings_.ca_file = file;
  settings_.ca_path = file.empty() ? kSystemAnchors : "";
  current_ = nullptr;
  return renew();
}

void BrokerTrust::recall(std::string_view record, std::string_view setting, Log& log) {
  if (record.empty() && setting.empty()) return;
  if (!setting.empty()) {
    if (const auto policy = with_trust_setting(settings_.policy, fixed_, setting)) {
      settings_.policy = *policy;
    } else {
      log.error(kTag, policy.error());
    }
  }
  if (!record.empty()) {
    if (auto lineage = trust::decode_lineage(record)) {
      settings_.lineage = *lineage;
    } else {
      log.error(kTag, lineage.error());
    }
  }
  if (auto changed = renew(); !changed) log.error(kTag, changed.error());
}

Result<std::vector<outbox::NamedValue>> BrokerTrust::change(const trust::Policy& policy) {
  const trust::host::TlsSettings before = settings_;
  settings_.policy = policy;
  if (!fixed_.pins) settings_.lineage.swapped = false;  // the pins came in the order in which they count
  if (auto changed = renew(); !changed) {
    settings_ = before;
    return tl::unexpected(changed.error());
  }
  return std::vector<outbox::NamedValue>{{setting_name_, encode_trust_setting(policy)},
                                         {value_name_, trust::encode(settings_.lineage)}};
}

TrustChange BrokerTrust::take(const trust::Remembered& remembered, Log& log) {
  for (const trust::TrustEvent& event : remembered.events) {
    const bool first = event.kind == trust::TrustEventKind::pin_matched_first_time;
    log.write(first ? LogLevel::info : LogLevel::warning, kTag, event.text);
  }
  if (remembered.lineage == settings_.lineage) return {std::nullopt, remembered.events};
  settings_.lineage = remembered.lineage;
  if (auto changed = renew(); !changed) log.error(kTag, changed.error());
  return {outbox::NamedValue{value_name_, trust::encode(settings_.lineage)}, remembered.events};
}

TrustChange BrokerTrust::accepted(const trust::host::TlsClient& connection, Log& log) {
  const auto* trusted = std::get_if<trust::Trusted>(&connection.verdict());
  if (trusted == nullptr) return {};
  const trust::Facts& facts = connection.summary().facts;
  if (trusted->by() == trust::TrustedBy::pin_tasmota_key) {
    log.warn(kTag, Text<224>("the broker is known by 20 bytes of SHA-1 only, which is weak; its fingerprint is ")
                       .add(trust::format_sha256(facts.certificate)));
  }
  return take(trust::remember_accepted(settings_.policy, settings_.lineage, *trusted, facts), log);
}

TrustChange BrokerTrust::judged(const trust::host::TlsClient& connection, Log& log) {
  const trust::Facts& facts = connection.summary().facts;
  if (facts.certificate != trust::Sha256{}) served_ = facts;
  if (connection.error() || !std::holds_alternative<trust::Learnable>(connection.verdict())) return {};
  return take(trust::remember_learned(settings_.policy, settings_.lineage, facts), log);
}

bool BrokerTrust::is_unconfirmed() const {
  return settings_.lineage.learned && !settings_.lineage.learned->confirmed;
}

Result<outbox::NamedValue> BrokerTrust::confirm(const trust::Sha256& shown) {
  auto confirmed = trust::confirm_learned(settings_.lineage, shown);
  if (!confirmed) return tl::unexpected(confirmed.error());
  settings_.lineage = *confirmed;
  if (auto changed = renew(); !changed) return tl::unexpected(changed.error());
  return outbox::NamedValue{value_name_, trust::encode(settings_.lineage)};
}

}  // namespace meterseal::app
