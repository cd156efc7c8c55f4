#pragma once

// What the page keeps in the state directory: web.access (users and tokens), web.identity (own certificate and key),
// web.history (plots), web.events (logins, refusals, changes), and the mark that the device was set up. Each is one
// small file of the service's user alone, written whole or not at all.
//
// Thread: loop thread; each write is one fsync, at a change made by a person or every quarter of an hour.
// Errors: web::access_damaged, state_unwritable, certificate_unusable, trust::own_certificate_*.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/host/tls_server.hpp"
#include "web/event_log.hpp"
#include "web/power_history.hpp"
#include "web/site.hpp"

namespace meterseal::web::host {

class WebState final : public AccessKeeper {
 public:
  explicit WebState(std::string directory) : directory_(std::move(directory)) {}

  /// Without users where there has never been one. @return access_damaged: then nobody may come in
  [[nodiscard]] Result<Access> load_access() const;
  [[nodiscard]] Result<void> keep(const Access& access) override;

  /// The certificate of this device, made now where there is none.
  [[nodiscard]] Result<std::shared_ptr<trust::host::TlsServerContext>> identity(const std::vector<std::string>& names,
                                                                                UtcTime not_before) const;

  [[nodiscard]] PowerHistory load_history() const;
  [[nodiscard]] Result<void> keep_history(const PowerHistory& history) const;

  [[nodiscard]] std::string load_events() const;
  [[nodiscard]] Result<void> keep_events(const EventLog& events) const;

  /// May the walk of the first boot begin? Only where nothing of a device that was ever set up is left: neither the
  /// mark, nor users, nor readings (those of a device that was reset do not count). Deleting or damaging one of them
  /// opens nothing.
  [[nodiscard]] bool is_untouched() const;
  [[nodiscard]] Result<void> mark_provisioned() const;

  /// Files that a power cut has left half written or half tried: they hold passwords and keys, and nobody else looks
  /// for them. At each start, before anything is written.
  void clear_leftovers() const;

  /// `Reset` by a person at the device: from now on it is done, whatever happens to the power.
  [[nodiscard]] Result<void> begin_reset() const;
  [[nodiscard]] bool is_reset_begun() const;
  /// Does what begin_reset() has promised and nothing where it has not: site, passwords, users, certificate and plots
  /// go, and the walk of the first boot may begin again. Readings and energy stay.
  void finish_reset() const;

 private:
  [[nodiscard]] std::string path(const char* name) const { return directory_ + "/" + name; }
  [[nodiscard]] Result<void> write(const char* name, std::string_view text) const;

  const std::string directory_;
};

/// A certificate and key that the owner supplies. @return certificate_unusable, trust::own_certificate_unusable
[[nodiscard]] Result<std::shared_ptr<trust::host::TlsServerContext>> supplied_identity(const std::string& certificate,
                                                                                       const std::string& key);

}  // namespace meterseal::web::host
