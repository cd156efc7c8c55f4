#include "app/face/backup.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/agent/settings.hpp"
#include "app/device_side.hpp"
#include "app/errors.hpp"
#include "app/face/state_file.hpp"
#include "app/version.hpp"
#include "core/host/private_file.hpp"
#include "web/errors.hpp"
#include "web/host/web_state.hpp"

namespace meterseal::app {

namespace {

using host::FileState;

constexpr int kFormat = 1;
constexpr const char* kPending = "restore.pending";
constexpr std::array kFiles{"site.toml", "mqtt.password", "authorities.pem", "web.access", "web.identity"};
constexpr std::string_view kBooks = "ledger/";
/// Home Assistant knows the device by it.
constexpr std::string_view kSeed = "device/seed";

tl::unexpected<Error> unusable(std::string_view what, std::string_view why) {
  return fail(backup_unusable, what, why);
}

bool is_kept(std::string_view name) {
  return is_of_owner(name) || name.starts_with(kBooks) || name == kSeed;
}

bool is_file(std::string_view name) {
  return std::find(kFiles.begin(), kFiles.end(), name) != kFiles.end();
}

/// nullopt: not an object of texts.
std::optional<std::map<std::string, std::string>> texts_in(const nlohmann::json& from, const char* key) {
  const auto object = from.find(key);
  if (object == from.end() || !object->is_object()) return std::nullopt;
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : object->items()) {
    if (!value.is_string()) return std::nullopt;
    texts[name] = value.get<std::string>();
  }
  return texts;
}

/// One commit: what the device knows of its owner becomes what the backup knows.
Result<void> restore_values(const std::string& state, const Backup& backup, Log& log) {
  return change_values(state, log, [&](const Values& kept) {
    Values changed;
    for (const auto& [name, value] : kept) {
      if (is_of_owner(name) && !backup.values.contains(name)) changed.emplace_back(name, "");
    }
    for (const auto& [name, value] : backup.values) {
      if (!name.starts_with(kBooks) || value_of(kept, name).empty()) changed.emplace_back(name, value);
    }
    return changed;
  });
}

std::string staged(const std::string& path) {
  return path + ".restored";
}

void unstage(const std::string& state) {
  std::error_code ignored;
  for (const char* name : kFiles) std::filesystem::remove(staged(state + "/" + name), ignored);
}

/// Beside those that count: a disk without room for all of them changes none.
Result<void> stage_files(const std::string& state, const Backup& backup) {
  const std::filesystem::path folder(state);
  for (const auto& [name, content] : backup.files) {
    if (auto written = write_state_file(staged(folder / name), content); !written) return unstage(state), written;
  }
  return {};
}

/// Needs no room.
Result<void> place_files(const std::string& state, const Backup& backup) {
  std::error_code error;
  for (const char* name : kFiles) {
    const std::string file = state + "/" + name;
    if (backup.files.contains(name)) {
      std::filesystem::rename(staged(file), file, error);
    } else if (std::string_view(name) != "site.toml" && std::string_view(name) != "web.identity") {
      // A site that is declared elsewhere, and the page's own certificate, stay.
      std::filesystem::remove(file, error);
    }
    if (error) return fail(web::state_unwritable, file, error.message());
  }
  return web::host::WebState(state).mark_provisioned();
}

}  // namespace

Result<std::string> encode(const Backup& backup) {
  const nlohmann::json json{{"backup", kFormat},         {"made", backup.made_s}, {"device", backup.device},
                            {"version", backup.version}, {"files", backup.files}, {"values", backup.values}};
  std::string text;
  try {
    text = json.dump();
  } catch (const nlohmann::json::exception&) {
    return unusable("the backup", "a setting or file of this device is not UTF-8");
  }
  if (text.size() > kLargestBackup)
    return unusable("the backup", "settings and files of this device are larger than 60 KiB: uploaded authorities?");
  return text;
}

Result<Backup> decode_backup(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (text.size() > kLargestBackup || !json.is_object() || json.value("backup", nlohmann::json()) != kFormat)
    return unusable("the backup", "was made by a version that this one does not know");
  auto files = texts_in(json, "files");
  auto values = texts_in(json, "values");
  const auto made = json.find("made");
  const auto device = json.find("device");
  const auto version = json.find("version");
  const auto is_text = [&](const auto& found) { return found != json.end() && found->is_string(); };
  const bool is_moment = made != json.end() && made->is_number_unsigned() && made->get<std::uint64_t>() <= kLatest_s;
  if (!files || !values || !is_moment || !is_text(device) || !is_text(version))
    return unusable("the backup", "is not a whole one");
  for (const auto& [name, content] : *files) {
    if (!is_file(name)) return unusable(name, "is no file of a backup");
  }
  for (const auto& [name, value] : *values) {
    if (!is_kept(name)) return unusable(name, "is no value of a backup");
  }
  return Backup{made->get<std::int64_t>(), device->get<std::string>(), version->get<std::string>(), std::move(*files),
                std::move(*values)};
}

Result<Backup> gather_backup(const std::string& state_directory) {
  Backup backup;
  backup.version = program_version();
  for (const char* name : kFiles) {
    auto file = host::read_private_file(state_directory + "/" + name, kLargestBackup);
    if (file.state == FileState::unusable) return unusable(name, file.fault);
    if (file.state == FileState::read) backup.files[name] = std::move(file.text);
  }
  auto values = load_values(state_directory);
  if (!values) return tl::unexpected(values.error());
  for (auto& [name, value] : *values) {
    if (is_kept(name)) backup.values[name] = std::move(value);
  }
  return backup;
}

Result<void> keep_for_restart(const std::string& state_directory, const Backup& backup) {
  auto text = encode(backup);
  if (!text) return tl::unexpected(text.error());
  return write_state_file(state_directory + "/" + kPending, *text);
}

// Each step may be done twice: the mark of what is to be done goes last.
void take_up_restore(const std::string& state_directory, Log& log) {
  std::error_code ignored;
  std::filesystem::remove_all(state_directory + "/" + kTrialFolder, ignored);  // a power cut may have left it
  const std::string pending = state_directory + "/" + kPending;
  const auto file = host::read_private_file(pending, kLargestBackup);
  if (file.state == FileState::absent) return;
  const auto backup = file.state == FileState::read ? decode_backup(file.text) : unusable(pending, file.fault);
  if (!backup) {
    log.error("SYS", backup.error());
  } else {
    const auto ready =
        stage_files(state_directory, *backup).and_then([&] { return restore_values(state_directory, *backup, log); });
    if (!ready) {
      unstage(state_directory);
      log.error("SYS", ready.error());
      return log.warn(
          "SYS", "the backup is not restored yet: the device goes on as it was, and tries again at the next start");
    }
    if (auto placed = place_files(state_directory, *backup); !placed) {
      unstage(state_directory);
      log.error("SYS", placed.error());
      return log.warn("SYS", "the backup is restored in part only: the rest is tried again at the next start");
    }
    log.warn("SYS", "restored from a backup of " + backup->device);
  }
  std::error_code error;
  std::filesystem::remove(pending, error);
  if (error) log.error("SYS", make_error(web::state_unwritable, pending, error.message()));
}

}  // namespace meterseal::app
