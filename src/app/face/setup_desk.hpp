#pragma once

// What the walk of the first boot can offer on this machine, and what it does in the end: reads a meter to try it,
// looks at a broker, and keeps the finished site as site.toml in the state directory, whole or not at all.
//
// Ownership: loop, clock, calendar and log must outlive it. Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/agent/meters.hpp"
#include "app/agent/stamper.hpp"
#include "app/config/config_address.hpp"
#include "app/face/backup_desk.hpp"
#include "app/face/page_tasks.hpp"
#include "core/log.hpp"
#include "meter/profile.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

struct SetupParts {
  boost::asio::io_context& loop;
  const Clock& clock;
  const Calendar& calendar;
  Log& log;
  std::string state_directory;
  std::vector<HostPort> listen;    ///< where the page is to be served from then on
  std::function<void()> finished;  ///< called after the answer to finish() was handed over
};

class AppSetupDesk final : public web::SetupDesk {
 public:
  explicit AppSetupDesk(SetupParts parts);
  AppSetupDesk(const AppSetupDesk&) = delete;
  AppSetupDesk& operator=(const AppSetupDesk&) = delete;
  ~AppSetupDesk() override;

  [[nodiscard]] Choices choices() override;
  void start(web::Task task, const std::string& argument, std::function<void(std::string)> done) override;
  void try_broker(const Site& site, std::function<void(web::Proof)> done) override;
  [[nodiscard]] Result<void> finish(const Site& site) override;
  void open_backup(const std::string& passphrase, const std::string& backup,
                   std::function<void(meterseal::Result<std::string>)> done) override {
    backup_desk_.open(passphrase, backup, std::move(done));
  }
  Result<void> restore_opened() override;

 private:
  class Hearing;
  void try_meter(const std::string& argument, std::function<void(std::string)> done);
  void look_at_meter(Instant until);

  // constant after construction
  const SetupParts parts_;
  const Stamper stamper_;
  std::vector<meter::Profile> profiles_;

  // loop thread only
  PageTasks tasks_;
  BackupDesk backup_desk_;
  std::unique_ptr<Hearing> heard_;  ///< the log of what is tried
  std::unique_ptr<Meters> tried_;
  std::function<void(std::string)> tell_;
  boost::asio::steady_timer timer_;
};

}  // namespace meterseal::app
