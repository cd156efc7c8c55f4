#pragma once

// The doctor behind `meterseal tls check`: walks to a server several times, each time to find out one thing, and says
// what is right, what is not and what to do. It works on a network of its own (an io_context), so a caller with a loop
// runs it on a worker.
//
// Credentials: only when `to` is a broker of this device's configuration, after this device's policy has trusted it,
// over a connection that the policy judges once more, under the client id `<client>-probe`. For any other host it ends
// after TLS. Nothing is stored: neither sessions nor lineage. Thread: blocking, at most 90 s; any thread.

#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/toolbox/doctor_checks.hpp"
#include "core/host/system_clock.hpp"
#include "trust/lineage.hpp"

namespace meterseal::app {

struct Patient {
  HostPort to;
  std::optional<BrokerConfig> broker;  ///< how this device knows it; nullopt: it is none of its brokers
  trust::Lineage lineage;              ///< what this device has recorded about it
  std::optional<MqttConfig> mqtt;      ///< with credentials; only together with broker
  std::string ca_file;                 ///< anchors for the chain where broker says none; both empty: the system's
  std::string ca_path;
};

[[nodiscard]] std::vector<Check> examine(const Patient& patient, const host::SystemClock& clock);

}  // namespace meterseal::app
