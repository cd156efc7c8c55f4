#pragma once

// The device as the page sees it: gathers view models from the parts of the agent, and passes console lines on. What it
// cannot say it leaves out.
//
// Ownership: everything in PageParts must outlive it. Thread: loop thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/delivery.hpp"
#include "app/agent/device.hpp"
#include "app/agent/meters.hpp"
#include "app/agent/site_setup.hpp"
#include "app/face/authority_desk.hpp"
#include "app/face/backup_desk.hpp"
#include "app/face/bus_scan.hpp"
#include "app/face/log_tail.hpp"
#include "app/face/page_tasks.hpp"
#include "console/console.hpp"
#include "outbox/store.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

struct PageParts {
  boost::asio::io_context& loop;
  const SiteSetup& setup;
  const std::string& state_directory;
  const Clock& clock;
  const Calendar& calendar;
  const LogTail& log;
  Device& device;
  BusScan& scan;
  Meters& meters;
  console::Console& console;
  outbox::Store& store;
  const Delivery& delivery;
  std::function<void()> connect_anew;  ///< ends the connection to the broker and makes another one
  /// Calls back when everything that changed is on the disk, or with the reason why the store refuses it.
  std::function<void(std::function<void(Result<void>)>)> settle;
  std::function<void()> restart;  ///< soon: what was restored counts from then on
};

class PageDevice final : public web::DeviceView {
 public:
  explicit PageDevice(const PageParts& parts)
      : parts_(parts),
        authority_desk_(parts.state_directory, parts.setup.trust),
        tasks_(parts.loop),
        scan_(parts.scan),
        backup_desk_(parts.loop, parts.state_directory, parts.setup.source.file,
                     parts.setup.config.web ? parts.setup.config.web->listen : std::vector<HostPort>()) {}

  /// @param tls  nullptr: plaintext
  void connected(const mqtt::host::Broker& broker, const trust::host::TlsClient* tls);
  void disconnected();
  void failed(const mqtt::host::Broker& broker, const Error& error);
  /// Once a second.
  void tick();

  [[nodiscard]] std::string name() const override { return parts_.setup.config.device.name; }
  [[nodiscard]] std::optional<CivilTime> local_time() const override;
  [[nodiscard]] std::vector<web::MeterView> meters() override;
  [[nodiscard]] web::SealView seal() const override;
  [[nodiscard]] std::uint64_t waiting_records() const override { return depth_.records; }
  [[nodiscard]] std::vector<web::Fact> facts() override;
  [[nodiscard]] std::vector<web::Metric> metrics() override;
  [[nodiscard]] std::vector<std::string> log_lines() const override { return parts_.log.lines(); }
  [[nodiscard]] web::Setting setting(std::string_view command) const override;
  [[nodiscard]] console::Replies run(std::string_view line, const console::Caller& caller) override {
    return parts_.console.run(line, caller);
  }
  [[nodiscard]] bool needs_proof(const std::vector<std::string>& lines) const override;
  void prove(const std::vector<std::string>& lines, std::function<void(web::Proof)> done) override;
  [[nodiscard]] web::AuthoritiesView authorities() const override { return authority_desk_.view(); }
  [[nodiscard]] Result<std::vector<web::AuthorityView>> read_authorities(std::string_view pem) const override {
    return app::read_authorities(pem);
  }
  void prove_authorities(const std::string& pem, std::function<void(web::Proof)> done) override;
  Result<void> keep_authorities(std::string_view pem, web::Proof::Outcome proved) override;
  [[nodiscard]] std::string scan_json() const override { return scan_.json(); }
  Result<void> start_scan(const web::ScanRange& range) override { return scan_.start(range); }
  void cancel_scan() override { scan_.cancel(); }
  void test_meter(std::size_t bus, std::uint8_t address, const std::string& profile,
                  std::function<void(std::string)> done) override {
    scan_.test(bus, address, profile, std::move(done));
  }
  Result<void> change_meters(const web::MeterChange& change) override;
  void start(web::Task task, const std::string& argument, std::function<void(std::string)> done) override;
  void back_up(const std::string& passphrase, std::function<void(Result<std::string>)> done) override;
  void open_backup(const std::string& passphrase, const std::string& backup,
                   std::function<void(Result<std::string>)> done) override {
    backup_desk_.open(passphrase, backup, std::move(done));
  }
  Result<void> restore_opened() override { return backup_desk_.restore_opened().map(parts_.restart); }

 private:
  void add_bus_metrics(std::vector<web::Metric>& list) const;
  [[nodiscard]] web::MeterView view_of(MeterReader& reader) const;
  [[nodiscard]] bool is_trust_fixed(std::string_view command) const;
  [[nodiscard]] const BrokerConfig* config_of(const HostPort& address) const;
  [[nodiscard]] Patient patient_at(const HostPort& address) const;
  [[nodiscard]] PageTasks::Examination examination_of(Patient patient) const;
  [[nodiscard]] AuthoritiesAtHand authorities_for(const std::string& address) const;
  [[nodiscard]] Patient first_patient() const;
  [[nodiscard]] const BrokerTrust* trust_of(std::string_view broker) const;

  // constant after construction
  const PageParts parts_;

  // loop thread only
  AuthorityDesk authority_desk_;
  PageTasks tasks_;
  BusScan& scan_;
  BackupDesk backup_desk_;
  web::SealView seal_;
  outbox::Depth depth_;
  std::optional<Instant> depth_asked_;
  std::int64_t connects_ = 0;
  std::map<std::string, std::int64_t> refusals_;                       ///< by name of the code, of which there are few
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  ///< the store may answer after we are gone
};

}  // namespace meterseal::app
