#pragma once

// Certificates of authorities that came by the page: one file in PEM in the state directory, of the service alone. It
// takes the place of the system's authorities for every broker for which the configuration file names none.
//
// Ownership: the trust of the brokers must outlive it. Thread: loop thread; each change is one small file.
// Errors: trust::certificate_unreadable, web::state_unwritable, trust::ca_unreadable.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/agent/broker_trust.hpp"
#include "app/device_side.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

/// What a text in PEM holds: certificates and nothing else, 64 KiB at most.
[[nodiscard]] Result<std::vector<web::AuthorityView>> read_authorities(std::string_view pem);

class AuthorityDesk {
 public:
  AuthorityDesk(const std::string& state_directory, const std::vector<std::shared_ptr<BrokerTrust>>& brokers)
      : file_(uploaded_authorities(state_directory)), brokers_(brokers) {}

  /// At the start: what was uploaded in an earlier life counts again. A file that cannot be used stops the brokers that
  /// need it, which is told.
  void take_up(Log& log) const;
  [[nodiscard]] web::AuthoritiesView view() const;
  /// For a proof. @return the path of a file with them
  [[nodiscard]] Result<std::string> lay_out(std::string_view pem) const;
  void clear_away() const;
  /// @param pem  empty: the system's again
  [[nodiscard]] Result<void> keep(std::string_view pem) const;

 private:
  [[nodiscard]] std::string trial() const { return file_ + ".trial"; }
  [[nodiscard]] Result<void> use(const std::string& file) const;

  const std::string file_;  // constant after construction
  const std::vector<std::shared_ptr<BrokerTrust>>& brokers_;
};

}  // namespace meterseal::app
