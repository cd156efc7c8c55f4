#include "app/receiver/receiver_setup.hpp"

#include <random>

#include "app/broker_setup.hpp"
#include "core/text.hpp"

namespace meterseal::app {

Result<mqtt::host::ClientOptions> receiver_options(const ReceiverConfig& config, std::string_view kind,
                                                   std::string filter) {
  mqtt::host::ClientOptions options;
  for (const BrokerConfig& broker : config.mqtt.brokers) {
    auto ready = broker_of(broker, {});
    if (!ready) return tl::unexpected(ready.error());
    options.brokers.push_back(std::move(*ready));
  }
  std::random_device random;
  const std::uint64_t bits = std::uint64_t{random()} << 32 | random();
  options.version = config.mqtt.version;
  options.client_id = config.mqtt.client_id + "-" + std::string(kind) + "-" + std::string(Text<12>().add_hex(bits, 12));
  options.user = config.mqtt.user;
  options.password = config.mqtt.password;
  options.keep_alive = config.mqtt.keep_alive;
  options.jitter_seed = bits;
  options.subscriptions = {std::move(filter)};
  return options;
}

}  // namespace meterseal::app
