#pragma once

// The configuration of a receiver (`meterseal tail`, `meterseal collect`): the same [mqtt] as a device has, and
// [collect]. A device's own file serves `tail`: what only a device needs is passed over then. As strict as
// config.hpp. Thread: values, before the loop starts.

#include <string>
#include <vector>

#include "app/config/config.hpp"

namespace meterseal::app {

struct ReceiverConfig {
  MqttConfig mqtt;
  std::string full_topic;  ///< of the devices
  std::string database;    ///< path of the SQLite file; empty: none
  std::string postgres;    ///< what libpq connects with, may hold a password; empty: none
  std::string share;       ///< name of the group of collectors that share the messages; empty: alone
  std::vector<std::string> warnings;
};

enum class ReceiverJob : std::uint8_t {
  tail,    ///< [collect] may be missing
  collect  ///< a database must be named
};

[[nodiscard]] tl::expected<ReceiverConfig, std::vector<Error>> load_receiver_config(const std::string& file,
                                                                                    ReceiverJob job,
                                                                                    const std::string& credentials_dir);

}  // namespace meterseal::app
