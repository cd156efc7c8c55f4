#pragma once

// What both receivers need to connect: brokers with their TLS contexts, and a client id of this run alone, because a
// second client of one id would push the first one (perhaps the device) off the broker.
// Thread: before the loop runs. Errors: trust::*.

#include <string>

#include "app/config/config_receiver.hpp"
#include "core/result.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

/// @param kind  "tail", "collect": goes into the client id
[[nodiscard]] Result<mqtt::host::ClientOptions> receiver_options(const ReceiverConfig& config, std::string_view kind,
                                                                 std::string filter);

}  // namespace meterseal::app
