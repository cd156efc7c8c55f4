#include "app/device_side.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>

#include "app/agent/setting_desk.hpp"
#include "app/agent/settings.hpp"
#include "app/agent/site_setup.hpp"
#include "app/agent/trust_setting.hpp"
#include "app/face/site_file.hpp"
#include "outbox/host/peek.hpp"
#include "outbox/host/sqlite_store.hpp"

namespace meterseal::app {

bool is_there(const std::string& file) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(file, error));
}

std::string site_file(const std::string& given, const std::string& state) {
  if (!given.empty()) return given;
  const std::string made = state + "/" + kSiteFile;
  return !is_there(kDefaultConfig) && is_there(made) ? made : kDefaultConfig;
}

Overlay kept_overlay(const std::string& file, const std::string& state) {
  const auto values = load_values(state);
  const auto owner = file == state + "/" + kSiteFile ? FileOwner::device : FileOwner::person;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  return overlay_of(owner, state, credentials == nullptr ? "" : credentials,
                    [&](const std::string& name) { return values ? value_of(*values, name) : std::string(); });
}

void add_device_options(CLI::App& verb, std::string& config, std::string& state) {
  const std::string where = std::string("(default: ") + kDefaultConfig + ", else what the page made)";
  verb.add_option("--config", config, "Configuration of this device " + where)->type_name("FILE");
  verb.add_option("--state", state,
                  "Folder of what this device has recorded (default: $STATE_DIRECTORY, else /var/lib/meterseal)")
      ->type_name("DIR");
}

OwnConfig load_own_config(const std::string& given, const std::string& state) {
  const std::string file = site_file(given, state);
  if (given.empty() && !is_there(file)) return std::nullopt;
  auto setup = load_site(file, kept_overlay(file, state));
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

Result<void> change_values(const std::string& state, Log& log,
                           const std::function<Values(const Values& kept)>& change) {
  boost::asio::io_context loop(1);
  outbox::host::StoreSettings settings;
  settings.directory = state;
  auto store = outbox::host::SqliteStore::open(loop, log, settings);
  if (!store) return tl::unexpected(store.error());
  outbox::Commit commit;
  commit.values = change((*store)->found().values);
  Result<void> outcome;
  const auto guard = boost::asio::make_work_guard(loop);
  (*store)->commit(std::move(commit), [&](const Result<outbox::Committed>& committed) {
    if (!committed) outcome = tl::unexpected(committed.error());
    loop.stop();
  });
  loop.run();
  return outcome;
}

std::string uploaded_authorities(const std::string& state) {
  return state + "/authorities.pem";
}

void use_uploaded_authorities(const std::string& state, TlsConfig& tls) {
  const std::string file = uploaded_authorities(state);
  if (tls.are_anchors_declared || tls.ca_builtin || !is_there(file)) return;
  tls.ca_file.path = file;
  tls.ca_path.path.clear();
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
