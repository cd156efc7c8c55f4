// The page over a device that does not exist: for the browser tests and for looking at it.
//
// usage: page_server STATE_DIRECTORY [--setup]
// Prints "listening PORT" and, with --setup, "code CODE". User admin, password "three old copper pots"; user guest,
// password "seven small iron nails". The command `Seal STATE` of the console sets the seal that is shown.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "secrets/host/sodium.hpp"
#include "secrets/token.hpp"
#include "support/page_device.hpp"
#include "web/host/server.hpp"
#include "web/host/web_state.hpp"
#include "web/page/assets.hpp"

namespace meterseal {
namespace {

class StandardOutput final : public Log {
 public:
  void write(LogLevel, std::string_view tag, std::string_view text) override {
    std::printf("%.*s: %.*s\n", static_cast<int>(tag.size()), tag.data(), static_cast<int>(text.size()), text.data());
    std::fflush(stdout);
  }
};

class MachineClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant(
        std::chrono::duration_cast<LoopClock::duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  [[nodiscard]] std::optional<UtcTime> utc() const override {
    return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
  }
};

/// Commands by which a test moves the device.
class MovedDevice final : public test::PageDevice {
 public:
  [[nodiscard]] console::Replies run(std::string_view line, const console::Caller& caller) override {
    if (line == "Seal refused") {
      seal_.state = web::Seal::refused;
      seal_.code = "trust_pin_mismatch";
      seal_.served = "3B:1C:9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC";
      seal_.reason = "expected another one; served " + seal_.served;
      seal_.remedy = "only if the broker's own certificate shows it: MqttFingerprint1 " + seal_.served;
      seal_.remedy_line = "MqttFingerprint1 " + seal_.served;
    } else if (line == "Seal learned") {
      seal_.state = web::Seal::learned;
      seal_.code = "trust_unconfirmed";
      seal_.reason = "a fingerprint was learned and nobody has confirmed it";
      seal_.remedy = "compare it with the broker's own certificate and confirm it";
      seal_.served = "3B:1C:9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC";
      seal_.remedy_line = "TlsConfirm " + seal_.served;
    } else if (line.starts_with("MqttFingerprint1 3B") || line.starts_with("TlsConfirm 3B") || line == "Seal sealed") {
      seal_.state = web::Seal::sealed;
      seal_.code.clear();
      seal_.reason.clear();
      seal_.remedy.clear();
      seal_.remedy_line.clear();
    }
    return PageDevice::run(line, caller);
  }
};

/// A month of a house, so that the plots have something to show.
void fill(web::PowerHistory& history, UtcTime now) {
  for (int minutes = 30 * 24 * 60; minutes > 60; --minutes) {
    const UtcTime at = now - seconds{60 * minutes};
    const double hour = std::fmod(static_cast<double>(at.time_since_epoch().count()) / 3.6e6, 24.0);
    const double house =
        350 + 1500 * std::exp(-(hour - 7.5) * (hour - 7.5) / 3) + 2600 * std::exp(-(hour - 19) * (hour - 19) / 5);
    history.add("main", at, static_cast<std::int64_t>(house * 1000 * (1 + 0.1 * std::sin(minutes))));
    if (minutes > 3 * 24 * 60)
      history.add("heatpump", at, static_cast<std::int64_t>(900'000 + 400'000 * std::sin(hour)));
  }
  for (int s = 3600; s > 0; s -= 5) history.add("main", now - seconds{s}, 2'000'000 + 1000 * (s % 400));
}

int serve(const std::string& directory, bool setup) {
  std::filesystem::create_directories(directory);
  boost::asio::io_context loop;
  const auto waits_without_work = boost::asio::make_work_guard(loop);
  StandardOutput log;
  MachineClock clock;
  auto cryptography = secrets::host::make_cryptography().value();
  auto hasher = secrets::host::make_password_hasher(loop).value();
  web::host::WebState state(directory);
  MovedDevice device;
  test::PageDesk desk;
  web::Access access;
  const auto add = [&](const char* name, web::Role role, const char* password) {
    bool done = false;
    hasher->hash(password, [&](const Result<std::string>& hash) {
      done = access.set_user({name, role, hash.value()}).has_value();
    });
    while (!done) loop.run_one();
  };
  add("admin", web::Role::admin, "three old copper pots");
  add("guest", web::Role::viewer, "seven small iron nails");

  web::Entrance entrance;
  const web::SiteParts parts{clock,
                             log,
                             *cryptography,
                             *hasher,
                             state,
                             entrance,
                             setup ? nullptr : &device,
                             setup ? &desk : nullptr,
                             web::page_assets()};
  const std::string code = secrets::make_code(*cryptography);
  web::Site site(parts, {{"meter.lan"}, web::MetricsAccess::loopback, web::SiteOptions::Api::on},
                 setup ? web::Access() : access, setup ? web::SetupGate(code, clock.now()) : web::SetupGate());
  fill(site.history(), *clock.utc());
  auto identity = state.identity({"localhost", "127.0.0.1"}, *clock.utc() - seconds{86'400}).value();
  auto server = web::host::Server::make(loop, clock, log, site, identity, {{"127.0.0.1", 0}}).value();
  std::printf("fingerprint %s\n", identity->fingerprint().c_str());
  if (setup) std::printf("code %s\n", code.c_str());
  std::printf("listening %u\n", static_cast<unsigned>(server->ports().at(0)));
  std::fflush(stdout);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](auto, int) { loop.stop(); });
  loop.run();
  return 0;
}

}  // namespace
}  // namespace meterseal

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return meterseal::serve(argv[1], argc > 2 && std::string_view(argv[2]) == "--setup");
}
