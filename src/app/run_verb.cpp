// `meterseal run`: reads the configuration, then lives until it is told to stop. `Restart 1` and SIGHUP begin a new
// life in the same process, with the configuration file as it is then.

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "app/agent/settings.hpp"
#include "app/agent/site_setup.hpp"
#include "app/device_side.hpp"
#include "app/errors.hpp"
#include "app/face/backup.hpp"
#include "app/face/first_boot.hpp"
#include "app/face/log_tail.hpp"
#include "app/face/setup_desk.hpp"
#include "app/log.hpp"
#include "app/site.hpp"
#include "app/verbs.hpp"
#include "core/host/system_clock.hpp"
#include "core/host/zone_calendar.hpp"
#include "web/host/web_state.hpp"

namespace meterseal::app {

namespace {

constexpr int kGood = 0;
constexpr int kRefused = 2;

struct RunArguments {
  std::string config;  ///< empty: the default place, else what the set-up made
  std::string state;
  std::vector<std::string> setup_listen{"0.0.0.0:8443"};
  bool setup_access_point = false;
  std::string log_level = "info";
};

int refuse(const Error& error) {
  print_error(error);
  return kRefused;
}

host::ClockTrust trust_of(ClockTrust trust) {
  return trust == ClockTrust::trusted ? host::ClockTrust::trusted : host::ClockTrust::automatic;
}

/// A setting that fits no more, because the file has changed since, does not keep the device from starting.
tl::expected<std::unique_ptr<SiteSetup>, std::vector<Error>> load_with_settings(const std::string& file,
                                                                                const std::string& state, Log& log) {
  Overlay overlay = kept_overlay(file, state);
  auto loaded = load_site(file, overlay);
  if (loaded || overlay.values.empty()) return loaded;
  overlay.values.clear();
  auto without = load_site(file, overlay);
  if (!without) return without;
  for (const Error& error : loaded.error()) log.error("CFG", error);
  log.warn("CFG", "what was set by command does not fit the configuration file any more and is left out");
  return without;
}

/// The file may have been changed for the new life. When it cannot be used the old life goes on, because the person who
/// could mend it may be far away.
void load_again(const std::string& file, const std::string& state, std::unique_ptr<SiteSetup>& setup, Log& log) {
  auto loaded = load_with_settings(file, state, log);
  if (!loaded) {
    for (const Error& error : loaded.error()) log.error("CFG", error);
    log.warn("CFG", "going on with the configuration as it was before");
    return;
  }
  if ((*loaded)->config.device.timezone != setup->config.device.timezone) {
    log.warn("CFG", "device.timezone takes effect when the service is started anew");
  }
  setup = std::move(*loaded);
}

/// @return what to do then, or nullopt: go on with the site
std::optional<int> set_up(const RunArguments& arguments, const std::string& state, Log& log) {
  if (!arguments.config.empty() || is_there(kDefaultConfig) || !is_first_boot(state)) return std::nullopt;
  std::vector<HostPort> listen;
  for (const std::string& text : arguments.setup_listen) {
    const auto address = parse_host_port(text, 8443);
    if (!address) return refuse(make_error(bad_argument, "--setup-listen", text + " " + address.error()));
    listen.push_back(*address);
  }
  const auto calendar = host::ZoneCalendar::open("");
  if (!calendar) return refuse(calendar.error());
  const host::SystemClock clock(host::ClockTrust::automatic);
  const SetupRadio radio = arguments.setup_access_point ? SetupRadio::access_point : SetupRadio::none;
  switch (run_first_boot(state, listen, radio, clock, **calendar, log)) {
    case FirstBoot::finished: take_up_restore(state, log); return std::nullopt;
    case FirstBoot::stopped: return kGood;
    case FirstBoot::failed: return kRefused;
  }
  return kRefused;
}

/// Between two lives nobody would take signals: a SIGHUP in those milliseconds would end the process, and a service
/// manager would take that for a wish.
class SignalKeeper {
 public:
  SignalKeeper() : signals_(loop_, SIGINT, SIGTERM, SIGHUP) { wait(); }

  /// What was asked for since the last call.
  [[nodiscard]] std::optional<End> take() {
    loop_.poll();
    return std::exchange(asked_, std::nullopt);
  }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (asked_ != End::stop) asked_ = signal == SIGHUP ? End::restart : End::stop;
      wait();
    });
  }

  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_;
  std::optional<End> asked_;
};

/// From start to stop, over all restarts. @return nullopt: it was reset
std::optional<int> live(const std::string& file, const std::string& state, LogLevel level, LogTail& log,
                        SignalKeeper& signals) {
  web::Entrance entrance;
  auto loaded = load_with_settings(file, state, log);
  if (!loaded) {
    for (const Error& error : loaded.error()) print_error(error);
    return kRefused;
  }
  std::unique_ptr<SiteSetup> setup = std::move(*loaded);
  const auto calendar = host::ZoneCalendar::open(setup->config.device.timezone);
  if (!calendar) return refuse(calendar.error());
  for (;;) {
    for (const std::string& warning : setup->config.warnings) log.warn("CFG", warning);
    host::SystemClock clock(trust_of(setup->config.device.clock));
    auto site = Site::open(*setup, state, clock, **calendar, log, level, entrance);
    if (!site) return refuse(site.error());
    const auto asked = signals.take();  // before the site could take it itself
    End end = asked ? *asked : (*site)->run();
    // The last moment of a site takes none either. It has taken those before, or begins anew anyway.
    if (signals.take() == End::stop) end = End::stop;
    site->reset();  // closes the store before the next life opens it
    switch (end) {
      case End::stop: return kGood;
      case End::restart:
        take_up_restore(state, log);
        load_again(file, state, setup, log);
        break;
      case End::reset: return std::nullopt;
    }
  }
}

/// A reset may have been cut short by a power cut: what the database knows of the owner goes before the mark does.
Result<void> forget_owner(const std::string& state, Log& log) {
  return change_values(state, log, [](const Values& kept) {
    Values nothing;
    for (const auto& [name, value] : kept) {
      if (is_of_owner(name) || name == kClockFloor) nothing.emplace_back(name, "");
    }
    return nothing;
  });
}

void finish_reset(const std::string& state, Log& log) {
  const web::host::WebState kept(state);
  if (!kept.is_reset_begun()) return;
  if (auto forgotten = forget_owner(state, log); !forgotten) return log.error("SYS", forgotten.error());
  kept.finish_reset();
}

int run_agent(const RunArguments& arguments) {
  const auto level = parse_log_level(arguments.log_level);
  if (!level) return refuse(level.error());
  const std::string state = state_directory(arguments.state);
  const auto standard_error = make_log(*level, log_style(std::getenv("JOURNAL_STREAM")));
  LogTail log(*standard_error);
  SignalKeeper signals;
  for (;;) {
    web::host::WebState(state).clear_leftovers();
    finish_reset(state, log);
    take_up_restore(state, log);  // before it is asked whether this is a first boot
    if (const auto ended = set_up(arguments, state, log)) return *ended;
    const auto ended = live(site_file(arguments.config, state), state, *level, log, signals);
    if (ended) return *ended;
  }
}

}  // namespace

void add_run_verb(CLI::App& program, Job& job) {
  auto* verb = program.add_subcommand("run", "Reads the meters and publishes them until it is stopped.");
  auto arguments = std::make_shared<RunArguments>();
  verb->add_option(
      "--config", arguments->config,
      "configuration file (default: /etc/meterseal/meterseal.toml, else what the set-up of the page made)");
  verb->add_option("--setup-listen", arguments->setup_listen,
                   "where the page of the first set-up is served, with neither a file nor a device set up before")
      ->capture_default_str();
  verb->add_flag("--setup-access-point", arguments->setup_access_point,
                 "opens a Wi-Fi access point with a random key, which stands in the log, while the first set-up lasts")
      ->envname("METERSEAL_SETUP_ACCESS_POINT");
  verb->add_option("--state", arguments->state,
                   "folder for what is kept (default: $STATE_DIRECTORY, else /var/lib/meterseal)");
  verb->add_option("--log-level", arguments->log_level, "error, warning, info or debug")->capture_default_str();
  verb->footer(
      "SIGTERM and SIGINT end it in an orderly way, SIGHUP restarts it with the changed file.\n"
      "Example: meterseal run --config /etc/meterseal/meterseal.toml\n"
      "Exit codes: 0 stopped in an orderly way, 2 usage, configuration or state directory");
  verb->callback([arguments, &job] { job = [arguments] { return run_agent(*arguments); }; });
}

}  // namespace meterseal::app
