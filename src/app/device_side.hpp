#pragma once

// What this machine's meterseal knows, for a verb beside a running agent: its configuration and what it has recorded
// about a broker. Thread: any; reads files.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/overlay.hpp"
#include "core/log.hpp"
#include "outbox/store.hpp"
#include "trust/lineage.hpp"

namespace CLI {
class App;
}

namespace meterseal::app {

inline constexpr const char* kDefaultConfig = "/etc/meterseal/meterseal.toml";

/// Whether a name stands there, even one of a link to nowhere.
[[nodiscard]] bool is_there(const std::string& file);
/// Which file declares the site. A file that was named, or stands at its place, is always the one; else the one that
/// the set-up of the page has made in the state directory.
[[nodiscard]] std::string site_file(const std::string& given, const std::string& state);
/// What was set by command, as the last commit left it.
[[nodiscard]] Overlay kept_overlay(const std::string& file, const std::string& state);

/// --config and --state of a verb that looks at this device.
void add_device_options(CLI::App& verb, std::string& config, std::string& state);

/// nullopt: there is no configuration file, neither at the default place nor made by the page.
using OwnConfig = tl::expected<std::optional<Config>, std::vector<Error>>;
/// @param given  --config; empty: as site_file()
[[nodiscard]] OwnConfig load_own_config(const std::string& given, const std::string& state);

/// What the agent keeps, read beside it or before it; no database yet: nothing.
/// @return outbox::state_unusable, store_failed
[[nodiscard]] Result<std::vector<outbox::NamedValue>> load_values(const std::string& state);
/// Empty: not kept.
[[nodiscard]] std::string value_of(const std::vector<outbox::NamedValue>& values, const std::string& wanted);

using Values = std::vector<outbox::NamedValue>;
/// While no agent runs: commits what `change` makes of what is kept. @return outbox::*
[[nodiscard]] Result<void> change_values(const std::string& state, Log& log,
                                         const std::function<Values(const Values& kept)>& change);

/// Under this name a broker's record is kept: "trust/broker.example.com:8883".
[[nodiscard]] std::string lineage_name(const HostPort& broker);
/// Under this one what was set at run time: "setting/tls/broker.example.com:8883".
[[nodiscard]] std::string trust_setting_name(const HostPort& broker);

/// Where authorities that came by the page are kept.
[[nodiscard]] std::string uploaded_authorities(const std::string& state);
/// Those take the place of the system's, where there are any and the file names none.
void use_uploaded_authorities(const std::string& state, TlsConfig& tls);

/// How this device knows a broker now: the file, what was set at run time, and what was recorded.
struct OwnRecord {
  trust::Policy policy;
  trust::Lineage lineage;
};
/// @return as load_lineage, and app::trust_setting_damaged
[[nodiscard]] Result<OwnRecord> load_own_record(const std::string& state, const BrokerConfig& broker);

/// What this device has seen proved of the time; what cannot be read counts as nothing.
[[nodiscard]] std::optional<UtcTime> load_clock_floor(const std::string& state);

/// @param state  directory; no database there yet is an empty record
/// @return outbox::state_unusable, store_failed, trust::lineage_damaged
[[nodiscard]] Result<trust::Lineage> load_lineage(const std::string& state, const HostPort& broker);

}  // namespace meterseal::app
