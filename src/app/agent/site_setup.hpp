#pragma once

// Everything that one life of the program is made from, read and checked before anything is opened or created: profiles
// (compiled in, and `profiles/*.csv` beside the configuration file), configuration, bus plans, trust contexts, topics.
//
// Owner: value that must outlive the Site made from it. Thread: before the loop runs.
// Errors: app::config_*, app::profile_unreadable, meter::*, mqtt::topic_invalid, trust::*.

#include <memory>
#include <string>
#include <vector>

#include "app/agent/broker_trust.hpp"
#include "app/agent/setting_desk.hpp"
#include "app/agent/site_plan.hpp"
#include "app/config/config.hpp"
#include "meter/profile.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::app {

struct SiteSetup {
  Config config;
  std::vector<meter::Profile> profiles;
  std::vector<BusPlan> buses;                       ///< point into profiles
  std::vector<std::shared_ptr<BrokerTrust>> trust;  ///< of each broker; nullptr: plaintext, which the file allows
  mqtt::Topics topics;
  ConfigSource source;  ///< to read the configuration again
};

/// @param file     of the configuration
/// @param overlay  what was set by command
/// @return all faults that were found
[[nodiscard]] tl::expected<std::unique_ptr<SiteSetup>, std::vector<Error>> load_site(const std::string& file,
                                                                                     const Overlay& overlay = {});

}  // namespace meterseal::app
