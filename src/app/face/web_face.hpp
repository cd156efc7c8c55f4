#pragma once

// The page of a running agent: users and certificate from the state directory, the site over the device, the HTTPS
// server. When the page cannot be served the agent goes on without it and says so: readings do not depend on it.
//
// Ownership: everything given must outlive it. Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "app/config/config.hpp"
#include "console/commands.hpp"
#include "core/host/system_clock.hpp"
#include "core/log.hpp"
#include "web/device_view.hpp"
#include "web/entrance.hpp"

namespace meterseal::app {

struct WebParts {
  boost::asio::io_context& loop;
  const WebConfig& config;
  const std::string& state_directory;
  const Clock& clock;
  Log& log;
  web::Entrance& entrance;            ///< of the whole program: one for all lives
  web::DeviceView* device = nullptr;  ///< nullptr while the device is being set up
  web::SetupDesk* desk = nullptr;
};

class WebFace {
 public:
  /// nullptr: it cannot be served, which has been logged.
  [[nodiscard]] static std::unique_ptr<WebFace> open(const WebParts& parts);
  virtual ~WebFace() = default;

  /// Where the page is served, with the ports in use.
  [[nodiscard]] virtual std::vector<HostPort> served() const = 0;
  /// Can the first set-up be begun, or does it go on?
  [[nodiscard]] virtual bool is_setup_open() = 0;
  /// Once a second.
  virtual void tick() = 0;
  /// A command line came by another way in: changes and refusals go into the event log, queries do not.
  virtual void note_command(std::string_view from, std::string_view line, const console::Replies& replies) = 0;
  /// Sets a password by another way in, for instance the local socket. `done` is called later.
  virtual void set_password(const std::string& user, std::string password, std::function<void(Result<void>)> done) = 0;
};

/// Where a person opens the page that is served at this address. Where that is all addresses of this machine: at the
/// one that leads out, else at its name. @param address  empty: none leads out
[[nodiscard]] std::string page_place(const HostPort& served, const std::string& address, const std::string& name);

}  // namespace meterseal::app
