#include "app/face/first_boot.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "app/face/setup_desk.hpp"
#include "app/face/web_face.hpp"
#include "web/host/web_state.hpp"

namespace meterseal::app {

namespace {

/// The last answer gets this long on its way to the browser.
constexpr milliseconds kFarewell{500};

bool make_state_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return !error;
}

}  // namespace

bool is_first_boot(const std::string& state_directory) {
  return web::host::WebState(state_directory).is_untouched();
}

FirstBoot run_first_boot(const std::string& state_directory, const std::vector<HostPort>& listen, const Clock& clock,
                         const Calendar& calendar, Log& log) {
  if (!make_state_directory(state_directory)) {
    log.write(LogLevel::error, "SYS", "the state directory cannot be made: " + state_directory);
    return FirstBoot::failed;
  }
  boost::asio::io_context loop(1);
  FirstBoot outcome = FirstBoot::stopped;
  boost::asio::steady_timer farewell(loop);
  AppSetupDesk desk({loop, clock, calendar, log, state_directory, listen, [&] {
                       outcome = FirstBoot::finished;
                       farewell.expires_after(kFarewell);
                       farewell.async_wait([&](auto) { loop.stop(); });
                     }});
  WebConfig config;
  config.listen = listen;
  web::LoginGate gate;
  const auto face = WebFace::open({loop, config, state_directory, clock, log, gate, nullptr, &desk});
  if (!face) return FirstBoot::failed;
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](auto error, int) {
    if (!error) loop.stop();
  });
  loop.run();
  return outcome;
}

}  // namespace meterseal::app
