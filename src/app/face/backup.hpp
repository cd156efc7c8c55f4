#pragma once

// What an owner has made of this device, as one text: the site that was set up on the page, settings and trust made by
// command, the broker's password, uploaded authorities, users, the page's certificate, energy totals. A backup holds
// secrets in clear and is sealed with a passphrase before it leaves (BackupDesk).
//
// Not in it: readings that wait (they belong to this outbox alone), plots, events, the configuration file of a person
// and what that names.
//
// Thread: any; gather() and take_up_restore() block on the disk. Errors: app::backup_unusable.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/log.hpp"
#include "core/result.hpp"

namespace meterseal::app {

struct Backup {
  std::int64_t made_s = 0;                    ///< since 1970; 0: the clock was not known
  std::string device;                         ///< its topic
  std::string version;                        ///< of the program
  std::map<std::string, std::string> files;   ///< of the state directory
  std::map<std::string, std::string> values;  ///< as outbox::NamedValue

  friend bool operator==(const Backup&, const Backup&) = default;
};

/// In the state directory: where a backup is read before it is restored.
inline constexpr const char* kTrialFolder = "restore.trial";
/// Of everything together: what the page can take again as one request.
inline constexpr std::size_t kLargestBackup = std::size_t{60} * 1024;

/// {"backup":1,"made":...,"device":...,"version":...,"files":{...},"values":{...}}
[[nodiscard]] Result<std::string> encode(const Backup& backup);
/// @return backup_unusable: not as encode() writes it, or with a file or value that no backup holds
[[nodiscard]] Result<Backup> decode_backup(std::string_view text);

/// Files and values as they are on the disk now. @return outbox::*, backup_unusable: a file that cannot be read
[[nodiscard]] Result<Backup> gather_backup(const std::string& state_directory);

/// The backup is taken up at the next start. Until then it stands in the state directory, mode 0600.
[[nodiscard]] Result<void> keep_for_restart(const std::string& state_directory, const Backup& backup);
/// At each start: puts in place what was kept, all of it, whatever happens to the power. Settings and trust become
/// those of the backup; energy totals only of meters for which this device has none.
void take_up_restore(const std::string& state_directory, Log& log);

}  // namespace meterseal::app
