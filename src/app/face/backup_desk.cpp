#include "app/face/backup_desk.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/agent/site_setup.hpp"
#include "app/config/config_tree.hpp"
#include "app/config/site_edit.hpp"
#include "app/errors.hpp"
#include "app/face/authority_desk.hpp"
#include "app/face/site_file.hpp"
#include "app/face/state_file.hpp"
#include "secrets/host/sodium.hpp"
#include "trust/host/tls_server.hpp"
#include "trust/lineage.hpp"
#include "web/access.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

namespace {

/// The files of a backup in a folder of their own, gone with this object.
class Trial {
 public:
  explicit Trial(const std::string& state_directory) : folder_(state_directory + "/" + kTrialFolder) {}
  ~Trial() { clear(); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] Result<void> lay_out(const Backup& backup) const {
    clear();
    std::error_code error;
    std::filesystem::create_directory(folder_, error);
    if (!error) std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
    if (error) return fail(web::state_unwritable, folder_, error.message());
    for (const auto& [name, content] : backup.files) {
      if (auto written = write_state_file(folder_ + "/" + name, content); !written) return written;
    }
    return {};
  }

 private:
  void clear() const {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string folder_;
};

/// What only a person at the device may declare: programs that run, files that are read, plaintext. The set-up of the
/// page makes none of them.
constexpr std::array<std::string_view, 13> kOnlyByHand{
    "alarm",         "allow_plaintext", "ca_file",     "ca_path", "certificate",
    "client_cert",   "client_key",      "crl_file",    "key",     "pkcs11",
    "pkcs11_module", "pkcs11_pin_file", "sas_key_file"};

/// Whoever gives an administrator a file and its passphrase must not get a program started or a file read by it.
Result<void> check_site(const Node& table) {
  for (const Node& child : table.children) {
    const bool is_broker_password = table.key == "mqtt" && child.key == "password_file" && child.text == kPasswordFile;
    const bool is_by_hand = std::find(kOnlyByHand.begin(), kOnlyByHand.end(), child.key) != kOnlyByHand.end() ||
                            (child.key == "password_file" && !is_broker_password);
    if (is_by_hand)
      return fail(backup_unusable, "the site",
                  "has the key " + child.key + ", which names a program or file: a backup has none",
                  "keep a site that was changed by hand yourself, as a configuration file");
    if (auto good = check_site(child); !good) return good;
  }
  return {};
}

Result<void> check_site(const std::string& text) {
  const auto tree = parse_toml(text);
  if (!tree) return fail(backup_unusable, "the site", "is no TOML: " + tree.error().text);
  return check_site(*tree);
}

const std::string* file_in(const Backup& backup, const char* name) {
  const auto found = backup.files.find(name);
  return found == backup.files.end() ? nullptr : &found->second;
}

Result<web::Access> users_in(const Backup& backup) {
  const std::string* text = file_in(backup, "web.access");
  auto access = text == nullptr ? Result<web::Access>() : web::Access::decode(*text);
  if (access && !access->has_admin())
    return fail(backup_unusable, "the backup", "holds no administrator: nobody could log in after it");
  return access;
}

/// What stands beside the site and is not read with it.
Result<void> check_parts(const Backup& backup) {
  if (const std::string* site = file_in(backup, kSiteFile)) {
    if (auto good = check_site(*site); !good) return good;
  }
  if (const std::string* pem = file_in(backup, "authorities.pem")) {
    if (auto list = read_authorities(*pem); !list) return tl::unexpected(list.error());
  }
  if (const std::string* identity = file_in(backup, "web.identity")) {
    if (auto made = trust::host::TlsServerContext::make({*identity, *identity}, "web.identity"); !made)
      return tl::unexpected(made.error());
  }
  for (const auto& [name, value] : backup.values) {
    if (!name.starts_with("trust/")) continue;
    if (auto lineage = trust::decode_lineage(value); !lineage) return tl::unexpected(lineage.error());
  }
  return {};
}

std::string summary(const Backup& backup, const Config& config, const web::Access& access) {
  auto brokers = nlohmann::json::array();
  for (const BrokerConfig& broker : config.mqtt.brokers) brokers.push_back(format(broker.address));
  auto meters = nlohmann::json::array();
  for (const auto& bus : config.buses) {
    for (const auto& meter : bus.meters) meters.push_back(meter.name);
  }
  auto users = nlohmann::json::array();
  for (const web::User& user : access.users())
    users.push_back(user.name + " (" + std::string(name_of(user.role)) + ")");
  auto tokens = nlohmann::json::array();
  for (const web::ApiToken& token : access.tokens())
    tokens.push_back(token.name + " (" + std::string(name_of(token.role)) + ")");
  return nlohmann::ordered_json{{"device", config.device.topic},
                                {"made", backup.made_s},
                                {"version", backup.version},
                                {"brokers", brokers},
                                {"meters", meters},
                                {"users", users},
                                {"tokens", tokens}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<secrets::PassphraseSealer*> BackupDesk::sealer() {
  if (!sealer_) {
    auto made = secrets::host::make_passphrase_sealer(loop_);
    if (!made) return tl::unexpected(made.error());
    sealer_ = std::move(*made);
  }
  return sealer_.get();
}

void BackupDesk::back_up(std::int64_t made_s, const std::string& device, const std::string& passphrase, Done done) {
  if (auto good = web::check_password({}, passphrase); !good) return done(tl::unexpected(good.error()));
  auto backup = gather_backup(state_directory_);
  if (!backup) return done(tl::unexpected(backup.error()));
  if (const std::string* site = file_in(*backup, kSiteFile)) {
    if (auto good = check_site(*site); !good) return done(tl::unexpected(good.error()));
  }
  backup->made_s = made_s;
  backup->device = device;
  auto text = encode(*backup);
  if (!text) return done(std::move(text));
  const auto ready = sealer();
  if (!ready) return done(tl::unexpected(ready.error()));
  (*ready)->seal(passphrase, std::move(*text), std::move(done));
}

void BackupDesk::open(const std::string& passphrase, const std::string& sealed, Done done) {
  const auto ready = sealer();
  if (!ready) return done(tl::unexpected(ready.error()));
  (*ready)->open(passphrase, sealed, [this, done = std::move(done)](const Result<std::string>& text) {
    auto backup =
        text.and_then([](const std::string& plain) { return decode_backup(plain); }).and_then([this](Backup opened) {
          return fitted(std::move(opened));
        });
    if (!backup) return done(tl::unexpected(backup.error()));
    auto examined = examine(*backup);
    if (examined) opened_ = std::move(*backup);
    done(std::move(examined));
    opened_.reset();
  });
}

Result<void> BackupDesk::restore_opened() const {
  return opened_ ? keep_for_restart(state_directory_, *opened_) : Result<void>();
}

Result<Backup> BackupDesk::fitted(Backup backup) const {
  backup.values.erase("setting/WebServer");
  const auto site = backup.files.find(kSiteFile);
  if (site == backup.files.end()) return backup;
  return with_page_at(site->second, listen_).map([&](std::string text) {
    site->second = std::move(text);
    return std::move(backup);
  });
}

Result<std::string> BackupDesk::examine(const Backup& backup) const {
  const std::string own = state_directory_ + "/" + kSiteFile;
  const bool has_site = file_in(backup, kSiteFile) != nullptr;
  if (site_file_.empty() && !has_site)
    return fail(backup_unusable, "the backup", "is of a device with a configuration file of its own, and holds no site",
                "put that file in its place, start, and restore then");
  if (!site_file_.empty() && site_file_ != own && has_site)
    return fail(backup_unusable, "the backup", "holds a site, and this device has one in " + site_file_,
                "restore it on a device that is set up by its page, or start this one without that file");
  const auto access = users_in(backup);
  if (!access) return tl::unexpected(access.error());
  if (auto good = check_parts(backup); !good) return tl::unexpected(good.error());
  const Trial trial(state_directory_);
  if (auto laid = trial.lay_out(backup); !laid) return tl::unexpected(laid.error());
  const bool is_own = site_file_.empty() || site_file_ == own;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  const Overlay overlay = overlay_of(is_own ? FileOwner::device : FileOwner::person, trial.folder(),
                                     credentials == nullptr ? "" : credentials, [&](const std::string& name) {
                                       const auto value = backup.values.find(name);
                                       return value == backup.values.end() ? std::string() : value->second;
                                     });
  // The same reading as at every start.
  const auto loaded = load_site(has_site ? trial.folder() + "/" + kSiteFile : site_file_, overlay);
  if (!loaded) return tl::unexpected(loaded.error().front());
  return summary(backup, (*loaded)->config, *access);
}

}  // namespace meterseal::app
