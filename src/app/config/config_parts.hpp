#pragma once

// The parts of the configuration, each read from its own table. Only config*.cpp include this.

#include <span>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/config_section.hpp"

namespace meterseal::app {

/// `path` as seen from the folder of the configuration file.
[[nodiscard]] std::string resolve(const std::string& config_file, const std::string& path);

/// [mqtt] with all of its tables.
[[nodiscard]] MqttConfig read_mqtt(const Node& table, Problems& problems, const DeviceConfig& device);

/// [mqtt.tls] with its [mqtt.tls."HOST:PORT"]: sets the `tls` of every broker.
void read_tls(Section& mqtt, Problems& problems, std::vector<BrokerConfig>& brokers);

/// [[bus]] with its [[bus.meter]].
[[nodiscard]] std::vector<BusConfig> read_buses(Section& root, Problems& problems,
                                                std::span<const std::string> profiles);

/// [web]. nullopt: switched off
[[nodiscard]] std::optional<WebConfig> read_web(const Node& table, Problems& problems);

/// Opens what the configuration names: the password, the CA certificates.
void check_files(Config& config, const std::string& credentials_dir, Problems& problems);
/// Of it, what [mqtt] names.
void check_mqtt_files(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems);
/// The first line of a file that only this service may read; empty: a problem was added.
[[nodiscard]] std::string read_secret_line(const FileSetting& setting, std::string_view key,
                                           const std::string& credentials_dir, Problems& problems);

/// The whole text of the configuration file; nullopt: a problem was added.
[[nodiscard]] std::optional<std::string> read_config_file(Problems& problems);

}  // namespace meterseal::app
