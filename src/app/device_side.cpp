#include "app/device_side.hpp"

#include <filesystem>

#include "app/site_setup.hpp"
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

Result<trust::Lineage> load_lineage(const std::string& state, const HostPort& broker) {
  std::error_code error;
  if (!std::filesystem::exists(state + "/meterseal.db", error) && !error) return trust::Lineage{};
  const auto values = outbox::host::peek_values(state);
  if (!values) return tl::unexpected(values.error());
  for (const auto& [name, value] : *values) {
    if (name == lineage_name(broker)) return trust::decode_lineage(value);
  }
  return trust::Lineage{};
}

}  // namespace meterseal::app
