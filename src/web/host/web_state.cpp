#include "web/host/web_state.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/host/private_file.hpp"
#include "web/errors.hpp"

namespace meterseal::web::host {

using meterseal::host::FileState;
using meterseal::host::read_private_file;
using meterseal::host::write_private_file;
using trust::host::ServerIdentity;
using trust::host::TlsServerContext;

namespace {

constexpr const char* kAccess = "web.access";
constexpr const char* kIdentity = "web.identity";
constexpr const char* kHistory = "web.history";
constexpr const char* kEvents = "web.events";
constexpr const char* kProvisioned = "provisioned";
/// Everything that only a device that was set up has.
constexpr const char* kSignsOfLife[] = {kProvisioned, kAccess, "site.toml"};
constexpr const char* kReadings[] = {"meterseal.db", "meterseal.db-wal"};
constexpr const char* kResetBegun = "reset.begun";
constexpr const char* kResetDone = "reset.done";
/// What an owner has made of this device. The mark that closes the set-up goes last.
constexpr const char* kOwners[] = {"site.toml", "mqtt.password", "authorities.pem", "restore.pending", kAccess,
                                   kIdentity,   kHistory,        kEvents,           kProvisioned};
/// What a power cut leaves of writing one of these, or of trying it out.
constexpr const char* kLeftovers[] = {".new", ".trial", ".trial.new", ".restored", ".restored.new"};

/// What cannot be looked at counts as there.
bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::symlink_status(path, error).type() != std::filesystem::file_type::not_found;
}

constexpr std::size_t kMostAccess = std::size_t{16} * 1024;
constexpr std::size_t kMostIdentity = std::size_t{64} * 1024;
constexpr std::size_t kMostEvents = std::size_t{128} * 1024;
constexpr std::size_t kMostHistory = std::size_t{256} * 1024;

}  // namespace

Result<void> WebState::write(const char* name, std::string_view text) const {
  const std::string fault = write_private_file(path(name), text);
  if (!fault.empty()) return fail(state_unwritable, path(name), fault);
  return {};
}

Result<Access> WebState::load_access() const {
  const auto file = read_private_file(path(kAccess), kMostAccess);
  switch (file.state) {
    case FileState::absent: return Access();
    case FileState::unusable: return fail(access_damaged, path(kAccess), file.fault);
    case FileState::read: break;
  }
  return Access::decode(file.text);
}

Result<void> WebState::keep(const Access& access) {
  return write(kAccess, access.encode());
}

Result<std::shared_ptr<TlsServerContext>> WebState::identity(const std::vector<std::string>& names,
                                                             UtcTime not_before) const {
  const auto file = read_private_file(path(kIdentity), kMostIdentity);
  if (file.state == FileState::unusable) return fail(certificate_unusable, path(kIdentity), file.fault);
  // Certificate and key stand in one file, so that they always belong together.
  if (file.state == FileState::read) return TlsServerContext::make({file.text, file.text}, path(kIdentity));
  const auto made = trust::host::make_server_identity(names, not_before);
  if (!made) return tl::unexpected(made.error());
  if (auto kept = write(kIdentity, made->certificate + made->key); !kept) return tl::unexpected(kept.error());
  return TlsServerContext::make(*made, path(kIdentity));
}

PowerHistory WebState::load_history() const {
  return PowerHistory::decode(read_private_file(path(kHistory), kMostHistory).text);
}

Result<void> WebState::keep_history(const PowerHistory& history) const {
  return write(kHistory, history.encode());
}

std::string WebState::load_events() const {
  return read_private_file(path(kEvents), kMostEvents).text;
}

Result<void> WebState::keep_events(const EventLog& events) const {
  return write(kEvents, events.encode());
}

bool WebState::is_untouched() const {
  for (const char* name : kSignsOfLife) {
    if (is_there(path(name))) return false;
  }
  if (read_private_file(path(kResetDone), kMostAccess).state == FileState::read) return true;
  for (const char* name : kReadings) {
    if (is_there(path(name))) return false;
  }
  return true;
}

Result<void> WebState::mark_provisioned() const {
  auto marked =
      write(kProvisioned, "This device has been set up. Only `Reset` on the device itself opens the set-up again.\n");
  std::error_code ignored;
  if (marked) std::filesystem::remove(path(kResetDone), ignored);
  return marked;
}

Result<void> WebState::begin_reset() const {
  return write(kResetBegun, "Reset was given on the device itself.\n");
}

bool WebState::is_reset_begun() const {
  return read_private_file(path(kResetBegun), kMostAccess).state == FileState::read;
}

void WebState::clear_leftovers() const {
  std::error_code ignored;
  for (const char* name : kOwners) {
    for (const char* end : kLeftovers) std::filesystem::remove(path(name) + end, ignored);
  }
}

void WebState::finish_reset() const {
  if (!is_reset_begun()) return;
  clear_leftovers();
  for (const char* name : kOwners) {
    std::error_code error;
    std::filesystem::remove(path(name), error);
    if (error) return;  // again at the next start
  }
  std::error_code ignored;
  std::filesystem::rename(path(kResetBegun), path(kResetDone), ignored);
}

Result<std::shared_ptr<TlsServerContext>> supplied_identity(const std::string& certificate, const std::string& key) {
  std::ifstream file(certificate, std::ios::binary);
  std::string chain(kMostIdentity + 1, '\0');
  file.read(chain.data(), static_cast<std::streamsize>(chain.size()));
  chain.resize(static_cast<std::size_t>(file.gcount()));
  if (chain.empty() || chain.size() > kMostIdentity)
    return fail(certificate_unusable, certificate, "cannot be read, or is no certificate");
  const auto secret = read_private_file(key, kMostIdentity);
  if (secret.state != FileState::read) {
    return fail(certificate_unusable, key, secret.state == FileState::absent ? "is not there" : secret.fault,
                "chmod 600 the key and let the service's user or root own it");
  }
  return TlsServerContext::make({chain, secret.text}, certificate);
}

}  // namespace meterseal::web::host
