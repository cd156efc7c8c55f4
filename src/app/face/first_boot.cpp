#include "app/face/first_boot.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <system_error>

#include "app/face/setup_access_point.hpp"
#include "app/face/setup_desk.hpp"
#include "app/face/web_face.hpp"
#include "outbox/errors.hpp"
#include "outbox/host/state_directory.hpp"
#include "secrets/host/sodium.hpp"
#include "web/host/web_state.hpp"
#include "wifi/host/network_manager.hpp"

namespace meterseal::app {

namespace {

/// The last answer gets this long on its way to the browser.
constexpr milliseconds kFarewell{500};
constexpr seconds kLook{1};

/// By the rule of a running device: what others could have written is not taken over quietly.
Result<void> make_state_directory(const std::string& path, Log& log) {
  std::filesystem::path above = (std::filesystem::path(path) / "").parent_path().parent_path();
  std::error_code error;
  if (!above.empty()) std::filesystem::create_directories(above, error);
  if (error) return fail(outbox::state_unusable, path, error.message());
  return outbox::host::StateDirectory::lock(path, log).map([](const auto&) {});
}

/// The access point of a set-up, for as long as it can be entered.
class OpenRadio {
 public:
  OpenRadio(boost::asio::io_context& loop, WebFace& face, Log& log)
      : face_(face), radio_(wifi::host::make_access_point(loop)), access_point_(*radio_, log), timer_(loop) {}

  /// The page's own cryptography belongs to the page. @return secrets::sodium_failed
  [[nodiscard]] Result<void> open() {
    const auto cryptography = secrets::host::make_cryptography();
    if (!cryptography) return tl::unexpected(cryptography.error());
    access_point_.open(wifi::Key::make(**cryptography), face_.served());
    look();
    return {};
  }

  void close(std::string_view why) { access_point_.close(why); }

 private:
  /// Closes at the second look. At the first the set-up may just be done, with its last answer still on its way to the
  /// phone; this part of the program then ends before the second.
  void look() {
    timer_.expires_after(kLook);
    timer_.async_wait([this](auto error) {
      if (error) return;
      if (is_over_) return access_point_.close("the code of the set-up is not good any more");
      is_over_ = !face_.is_setup_open();
      look();
    });
  }

  WebFace& face_;
  const std::unique_ptr<wifi::AccessPoint> radio_;
  SetupAccessPoint access_point_;
  boost::asio::steady_timer timer_;
  bool is_over_ = false;
};

}  // namespace

bool is_first_boot(const std::string& state_directory) {
  return web::host::WebState(state_directory).is_untouched();
}

FirstBoot run_first_boot(const std::string& state_directory, const std::vector<HostPort>& listen, SetupRadio radio,
                         const Clock& clock, const Calendar& calendar, Log& log) {
  if (auto made = make_state_directory(state_directory, log); !made) {
    log.error("SYS", made.error());
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
  web::Entrance entrance;
  const auto face = WebFace::open({loop, config, state_directory, clock, log, entrance, nullptr, &desk});
  if (!face) return FirstBoot::failed;
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](auto error, int) {
    if (!error) loop.stop();
  });
  std::unique_ptr<OpenRadio> access_point;
  if (radio == SetupRadio::access_point) {
    access_point = std::make_unique<OpenRadio>(loop, *face, log);
    if (auto opened = access_point->open(); !opened) log.error("WIFI", opened.error());
  }
  loop.run();
  if (access_point) access_point->close(outcome == FirstBoot::finished ? "the set-up is done" : "the program ends");
  return outcome;
}

}  // namespace meterseal::app
