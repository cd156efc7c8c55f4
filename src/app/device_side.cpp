#include "app/device_side.hpp"

#include <filesystem>

#include "app/agent/settings.hpp"
#include "app/agent/site_setup.hpp"
#include "app/agent/trust_setting.hpp"
#include "outbox/host/peek.hpp"

namespace meterseal::app {

OwnConfig load_own_config(const std::string& given) {
  std::error_code error;
  if (given.empty() && !std::filesystem::exists(kDefaultConfig, error)) return std::nullopt;
  auto setup = load_site(given.empty() ? kDefaultConfig : given);
  if (!setup) return tl::unexpected(std::move(setup.error()));
  return std::move((*setup)->config);
}

std::string lineage_name(const HostPort& broker) {
  return "trust/" + broker.host + ":" + std::to_string(broker.port);
}

std::string trust_setting_name(const HostPort& broker) {
  return "setting/tls/" + broker.host + ":" + std::to_string(broker.port);
}

Result<std::vector<outbox::NamedValue>> load_values(const std::string& state) {
  std::error_code error;
  if (!std::filesystem::exists(state + "/meterseal.db", error) && !error) return std::vector<outbox::NamedValue>{};
  return outbox::host::peek_values(state);
}

std::string value_of(const std::vector<outbox::NamedValue>& values, const std::string& wanted) {
  for (const auto& [name, value] : values) {
    if (name == wanted) return value;
  }
  return {};
}

namespace {

Result<trust::Lineage> lineage_in(const std::vector<outbox::NamedValue>& values, const HostPort& broker) {
  const std::string text = value_of(values, lineage_name(broker));
  return text.empty() ? Result<trust::Lineage>(trust::Lineage{}) : trust::decode_lineage(text);
}

}  // namespace

std::optional<UtcTime> load_clock_floor(const std::string& state) {
  const auto values = load_values(state);
  return values ? parse_clock_floor(value_of(*values, kClockFloor)) : std::nullopt;
}

Result<trust::Lineage> load_lineage(const std::string& state, const HostPort& broker) {
  const auto values = load_values(state);
  if (!values) return tl::unexpected(values.error());
  return lineage_in(*values, broker);
}

Result<OwnRecord> load_own_record(const std::string& state, const BrokerConfig& broker) {
  OwnRecord own{broker.tls.policy, {}};
  const auto values = load_values(state);
  if (!values) return tl::unexpected(values.error());
  const std::string setting = value_of(*values, trust_setting_name(broker.address));
  if (!setting.empty()) {
    const auto policy = with_trust_setting(own.policy, broker.tls.fixed, setting);
    if (!policy) return tl::unexpected(policy.error());
    own.policy = *policy;
  }
  const auto lineage = lineage_in(*values, broker.address);
  if (!lineage) return tl::unexpected(lineage.error());
  own.lineage = *lineage;
  return own;
}

}  // namespace meterseal::app
