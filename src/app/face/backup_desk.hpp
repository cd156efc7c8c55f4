#pragma once

// Backup and Restore as a person meets them: a file that only the passphrase opens, and a look at what is in it before
// anything is changed. What is restored has to start: it is read once as the next start will read it, in a folder of
// its own, and refused with the fault that this start would name.
//
// Ownership: loop must outlive it. Thread: loop thread; deriving the key runs on a worker (64 MiB while it does), the
// rest blocks for a few small files. Errors: app::backup_unusable, secrets::*, those of a configuration.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config_address.hpp"
#include "app/face/backup.hpp"
#include "secrets/cryptography.hpp"

namespace meterseal::app {

class BackupDesk {
 public:
  using Done = std::function<void(Result<std::string>)>;

  /// @param site_file  the configuration of this device; empty: it has none yet
  /// @param listen  where the page is served, by which the person is here
  BackupDesk(boost::asio::io_context& loop, std::string state_directory, std::string site_file,
             std::vector<HostPort> listen)
      : loop_(loop),
        state_directory_(std::move(state_directory)),
        site_file_(std::move(site_file)),
        listen_(std::move(listen)) {}
  BackupDesk(const BackupDesk&) = delete;
  BackupDesk& operator=(const BackupDesk&) = delete;
  ~BackupDesk() = default;

  /// `done` is called later, or at once with what was wrong; not after this is gone.
  /// @param made_s, device  as in Backup
  void back_up(std::int64_t made_s, const std::string& device, const std::string& passphrase, Done done);
  /// As web::DeviceView::open_backup(). The page stays where it is served now, or nobody might reach it afterwards.
  void open(const std::string& passphrase, const std::string& sealed, Done done);
  /// From within the `done` of open(): it is taken up at the next start, which is left to the caller.
  [[nodiscard]] Result<void> restore_opened() const;

 private:
  [[nodiscard]] Result<secrets::PassphraseSealer*> sealer();
  [[nodiscard]] Result<Backup> fitted(Backup backup) const;
  [[nodiscard]] Result<std::string> examine(const Backup& backup) const;

  // constant after construction
  boost::asio::io_context& loop_;
  const std::string state_directory_;
  const std::string site_file_;
  const std::vector<HostPort> listen_;

  // loop thread only
  std::unique_ptr<secrets::PassphraseSealer> sealer_;  ///< made when it is needed first
  std::optional<Backup> opened_;                       ///< as long as `done` of open() runs
};

}  // namespace meterseal::app
