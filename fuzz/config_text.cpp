// Any text as configuration file: it is refused with faults that can be printed, or it is a site that can be started.

#include <algorithm>
#include <cstdlib>
#include <set>

#include "app/config/config.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

void check_faults(const std::vector<Error>& errors) {
  require(!errors.empty());
  for (const Error& error : errors) {
    require(error.where.view().starts_with("meterseal.toml"));
    require(!error.detail.empty() && is_printable(error.detail));
  }
}

void check_site(const app::Config& config) {
  require(!config.mqtt.brokers.empty() && !config.buses.empty());
  std::set<std::string> names;
  int primaries = 0;
  for (const auto& bus : config.buses) {
    require(!bus.meters.empty());
    std::set<int> addresses;
    for (const auto& meter : bus.meters) {
      require(addresses.insert(meter.address).second && names.insert(meter.name).second);
      primaries += meter.primary ? 1 : 0;
    }
  }
  require(primaries == 1);
  for (const auto& broker : config.mqtt.brokers) {
    const trust::Policy& policy = broker.tls.policy;
    const bool pinned = policy.mode == trust::Mode::fingerprint || policy.mode == trust::Mode::ca_fingerprint;
    require(pinned == policy.pins[0].has_value());
    const bool anchored = policy.mode == trust::Mode::ca || policy.mode == trust::Mode::ca_fingerprint;
    require(anchored == !(broker.tls.ca_file.path.empty() && broker.tls.ca_path.path.empty()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> profiles{"SDM630", "SDM120"};
  const auto config = app::parse_config({reinterpret_cast<const char*>(data), size}, "meterseal.toml", profiles);
  if (!config) {
    check_faults(config.error());
  } else {
    check_site(*config);
  }
  return 0;
}
