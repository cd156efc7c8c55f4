#include "app/site.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "app/agent/alarm.hpp"
#include "app/agent/broker_client.hpp"
#include "app/agent/command_budget.hpp"
#include "app/agent/delivery.hpp"
#include "app/agent/device.hpp"
#include "app/agent/expiry_alarm.hpp"
#include "app/agent/journal.hpp"
#include "app/agent/meters.hpp"
#include "app/agent/presence.hpp"
#include "app/agent/settings.hpp"
#include "app/agent/stamper.hpp"
#include "app/agent/telemetry.hpp"
#include "app/agent/telemetry_schedule.hpp"
#include "app/agent/trust_console.hpp"
#include "app/agent/trust_events.hpp"
#include "app/face/authority_desk.hpp"
#include "app/face/bus_scan.hpp"
#include "app/face/page_device.hpp"
#include "app/face/web_face.hpp"
#include "console/console.hpp"
#include "console/errors.hpp"
#include "console/host/socket_server.hpp"
#include "core/host/start_up_pages.hpp"
#include "mqtt/host/client.hpp"
#include "outbox/host/sqlite_store.hpp"
#include "web/access.hpp"
#include "web/event_log.hpp"
#include "web/host/web_state.hpp"
#include "web/site.hpp"

namespace meterseal::app {

namespace {

using boost::asio::steady_timer;
using boost::system::error_code;

/// Telemetry takes the books along once a minute: a meter's counter tells again what was booked since, and each page
/// that is written wears the card. What the counter cannot tell again is kept at once.
constexpr seconds kBooksWithRecords{59};
/// Without telemetry they are kept at least this often.
constexpr seconds kBooksAlone{300};
/// After it, what only the start needed is given back.
constexpr seconds kStartUp{5};
/// Between two restarts by command.
constexpr seconds kShortestLife{10};
/// An orderly end that takes longer is given up.
constexpr seconds kLongestEnd{5};
/// From the last setting to the restart that it needs. @source Tasmota 15.2: about 2 s
constexpr seconds kAfterSettings{2};
/// The last reply gets this long on its way.
constexpr milliseconds kFarewell{500};

std::uint64_t random_bits() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

/// cmnd/.../TelePeriod and its payload as a line, for the event log, which keeps the command alone.
std::string line_of(const mqtt::Message& message) {
  const auto slash = message.topic.rfind('/');
  return message.topic.substr(slash == std::string::npos ? 0 : slash + 1) + " " +
         message.payload.substr(0, console::kMaxLine);
}

std::string way_of(const console::Caller& caller) {
  switch (caller.source) {
    case console::Source::local: return "the local socket";
    case console::Source::mqtt: return "MQTT";
    case console::Source::web: return "the page";
    case console::Source::http: return "/cm";
  }
  return {};
}

/// What exists before the site does, because it can fail.
struct Opened {
  std::unique_ptr<boost::asio::io_context> loop = std::make_unique<boost::asio::io_context>(1);
  std::unique_ptr<outbox::host::SqliteStore> store;
  std::unique_ptr<Settings> settings;
  std::unique_ptr<Stamper> stamper;
  std::unique_ptr<Meters> meters;
};

class RunningSite final : public Site, private mqtt::host::ClientObserver {
 public:
  RunningSite(const SiteSetup& setup, std::string state_directory, host::SystemClock& clock, const Calendar& calendar,
              LogTail& log, LogLevel log_level, web::Entrance& entrance, Opened opened)
      : setup_(setup),
        state_directory_(std::move(state_directory)),
        clock_(clock),
        log_(log),
        entrance_(entrance),
        opened_(std::move(opened)),
        loop_(*opened_.loop),
        store_(*opened_.store),
        settings_(*opened_.settings),
        meters_(*opened_.meters),
        signals_(loop_, SIGINT, SIGTERM, SIGHUP),
        second_timer_(loop_),
        telemetry_timer_(loop_),
        end_timer_(loop_),
        restart_timer_(loop_),
        setting_timer_(loop_),
        console_timer_(loop_),
        telemetry_(meters_.in_order(), *opened_.stamper, calendar),
        scan_(loop_, clock, meters_, setup.profiles, setup.config.buses, setup.source.overlay.owner),
        desk_(setup.config, setup.source, state_directory_, setting_actions()),
        device_(DeviceParts{setup.config, state_directory_, settings_, desk_, clock, calendar, telemetry_, meters_,
                            log_level},
                device_actions()),
        trust_(setup.config, setup.trust, trust_actions()),
        console_(device_, setup.config.mqtt.remote_commands),
        delivery_(loop_, clock, log, store_, calendar, setup.topics, settings_.outbox(),
                  delivery_settings(setup.config)),
        journal_(loop_, clock, log, store_, delivery_),
        presence_(setup.config, setup.topics, device_, telemetry_, clock, log),
        schedule_(clock.now(), device_.tele_period()),
        alarm_(loop_, clock, log, setup.config.alarm, setup.config.device.topic),
        expiry_alarm_(clock, log, alarm_),
        trust_events_({setup, state_directory_, log, journal_, alarm_, expiry_alarm_, [this] { connect_anew(); },
                       [this](UtcTime proven) { raise_clock_floor(proven); }}),
        client_(std::make_unique<BrokerClient>(loop_, clock, log_, setup.config.mqtt, setup.topics, client_options(),
                                               static_cast<mqtt::host::ClientObserver&>(*this))) {
    if (setup.config.web) {
      page_ = std::make_unique<PageDevice>(
          PageParts{loop_, setup, state_directory_, clock, calendar, log, device_, scan_, meters_, console_, store_,
                    delivery_, [this] { connect_anew(); }, [this](auto done) { journal_.try_flush(std::move(done)); },
                    [this] { restart_with_settings(); }});
    }
    console_.on_waiting([this](Instant at) { wake_console_at(at); });
    delivery_.use(*client_);
    presence_.use(*client_);
  }

  End run() override {
    tell_clock();
    journal_.keep(settings_.changes_of_start());
    journal_.keep(meters_.damaged_books());
    wait_for_signal();
    open_console();
    tick_second();
    arm_telemetry();
    meters_.start([this] { on_reading(); });
    if (page_ && setup_.config.web)
      face_ =
          WebFace::open({loop_, *setup_.config.web, state_directory_, clock_, log_, entrance_, page_.get(), nullptr});
    connect();
    loop_.run();
    return end_.value_or(End::stop);
  }

 private:
  [[nodiscard]] DeviceActions device_actions() {
    DeviceActions actions;
    actions.keep_tele_period = [this](seconds period) { keep_tele_period(period); };
    actions.send_telemetry_soon = [this] { send_telemetry_soon(); };
    // After the replies have been handed over.
    actions.restart = [this] { restart_soon("Restart 1 by " + way_of(console_.caller())); };
    actions.start_scan = [this](const console::ScanRange& range) { return scan_.start(range); };
    actions.cancel_scan = [this] { scan_.cancel(); };
    actions.scan = [this] { return scan_.state(); };
    actions.clock_floor = [this] { return clock_.floor(); };
    actions.reset_clock_floor = [this] {
      clock_.reset_floor();
      journal_.keep({settings_.set_clock_floor(std::nullopt)});
    };
    actions.reset = [this] { return reset(); };
    actions.set_web_password = [this](std::string password) { return set_web_password(std::move(password)); };
    actions.trust = [this] { return trust_.has_broker() ? &trust_ : nullptr; };
    return actions;
  }

  [[nodiscard]] SettingActions setting_actions() {
    SettingActions actions;
    actions.keep = [this](std::vector<outbox::NamedValue> values) { journal_.keep(std::move(values)); };
    actions.restart_soon = [this] { restart_with_settings(); };
    return actions;
  }

  [[nodiscard]] TrustActions trust_actions() {
    TrustActions actions;
    actions.keep = [this](std::vector<outbox::NamedValue> values) { journal_.keep(std::move(values)); };
    actions.connect_anew = [this] { connect_anew(); };
    actions.connection = [this] { return client_->tls(); };
    return actions;
  }

  [[nodiscard]] mqtt::host::ClientOptions client_options() const {
    const MqttConfig& config = setup_.config.mqtt;
    mqtt::host::ClientOptions options;
    for (std::size_t i = 0; i < config.brokers.size(); ++i) {
      options.brokers.push_back({config.brokers[i].address.host, config.brokers[i].address.port, setup_.trust[i]});
    }
    options.version = config.version;
    options.client_id = config.client_id;
    options.user = config.user;
    options.password = config.password;
    options.will = Presence::will(setup_.topics);
    options.keep_alive = config.keep_alive;
    options.jitter_seed = settings_.seed();
    return options;
  }

  // ---- readings -> telemetry -> store

  void on_reading() {
    if (schedule_.is_settled()) return;
    const auto due = schedule_.due();
    if (meters_.has_one_answered()) schedule_.first_answer(clock_.now());
    if (meters_.are_settled()) schedule_.all_meters_read(clock_.now());
    if (schedule_.due() != due) arm_telemetry();
  }

  void arm_telemetry() {
    telemetry_timer_.cancel();
    const auto due = schedule_.due();
    if (!due || end_) return;
    telemetry_timer_.expires_after(*due - clock_.now());
    telemetry_timer_.async_wait([this](const error_code& replaced) {
      if (replaced || end_) return;
      send_telemetry();
      schedule_.done(clock_.now());
      arm_telemetry();
    });
  }

  void send_telemetry() {
    presence_.send_state();
    if (!telemetry_.is_empty()) keep_record();
    presence_.update_discovery();
  }

  void keep_record() {
    auto record = telemetry_.record(clock_.now());
    if (record) {
      const bool with_books = are_books_due(kBooksWithRecords);
      journal_.keep(std::move(*record), with_books ? changed_books() : std::vector<outbox::NamedValue>());
    } else if (telemetry_guard_.tell(clock_.now())) {
      log_.error("NRG", record.error());
    }
  }

  [[nodiscard]] bool are_books_due(seconds interval) const {
    return meters_.is_a_book_urgent() || clock_.now() - books_kept_ >= interval;
  }

  [[nodiscard]] std::vector<outbox::NamedValue> changed_books() {
    books_kept_ = clock_.now();
    return meters_.books_to_keep();
  }

  // ---- once a second: days end, the clock becomes known

  void tick_second() {
    second_timer_.expires_after(seconds{1});
    second_timer_.async_wait([this](const error_code& stopped) {
      if (stopped || end_) return;
      meters_.tick(schedule_.due());
      if (are_books_due(kBooksAlone)) journal_.keep(changed_books());
      relabel();
      if (!has_settled_ && clock_.now() - started_ >= kStartUp) {
        has_settled_ = true;
        host::give_back_start_up_pages();
      }
      expiry_alarm_.look();
      trust_events_.look_for_confirmation();
      if (page_) page_->tick();
      if (face_) face_->tick();
      tick_second();
    });
    relabel();
  }

  void tell_clock() {
    if (clock_.utc()) return;
    if (clock_.floor() > host::build_date()) {
      log_.warn("CLK", "a broker once proved a later time than this clock may say: if that was wrong, `ClockFloor 0`");
    }
    log_.warn("CLK", "the clock of this machine is not known: readings are kept, and sent with their time when it is");
  }

  /// Gives their time to records of the time before the clock was known, of this boot and earlier ones.
  void relabel() {
    const auto utc = clock_.utc();
    if (!utc && is_relabelled_) tell_clock();
    if (!utc) is_relabelled_ = false;  // it was set back
    // What still waits in memory would stay without its time.
    if (is_relabelled_ || !utc || journal_.waiting() > 0) return;
    is_relabelled_ = true;
    log_.info("CLK", Text<160>("the clock is known: ").add(host::text_of(clock_.source())));
    const auto zero = *utc - std::chrono::duration_cast<milliseconds>(clock_.now().time_since_epoch());
    store_.relabel(opened_.stamper->boot(), zero, [this](Result<std::size_t> count) {
      if (!count) {
        is_relabelled_ = false;  // again in a second
        return;
      }
      if (*count > 0) log_.info("OUT", Text<80>().add_uint(*count).add(" readings have got their time"));
      delivery_.on_relabelled();
    });
  }

  void raise_clock_floor(UtcTime proven) {
    if (proven <= clock_.floor()) return;
    clock_.raise_floor(proven);
    journal_.keep({settings_.set_clock_floor(proven)});
  }

  // ---- commands

  /// A life lasts at least kShortestLife, so that repeated restarts neither wear the flash nor keep the meters unread.
  void restart_soon(std::string why) {
    restart_timer_.expires_after(std::max(started_ + kShortestLife - clock_.now(), LoopClock::duration::zero()));
    restart_timer_.async_wait([this, why = std::move(why)](const error_code& replaced) {
      if (!replaced) begin_end(End::restart, why);
    });
  }

  /// Settings come in groups (host, user, password): the restart waits for the last one, and for a Backlog; not
  /// for one that came by MQTT, which could keep it back for ever.
  void restart_with_settings() {
    setting_timer_.expires_after(kAfterSettings);
    setting_timer_.async_wait([this](const error_code& replaced) {
      if (replaced || end_) return;
      console_.has_own_waiting() ? restart_with_settings() : restart_soon("settings have changed");
    });
  }

  /// What the owner has made of this device goes; what the meters have told stays.
  Result<void> reset() {
    if (auto begun = web::host::WebState(state_directory_).begin_reset(); !begun) return begun;
    log_.warn("SYS", "reset: settings, trust and users are forgotten");
    is_reset_ = true;
    forget_settings();
    // After the reply has been sent.
    restart_timer_.expires_after(kFarewell);
    restart_timer_.async_wait([this](const error_code& replaced) {
      if (!replaced) begin_end(End::reset, "Reset 1 at the device");
    });
    return {};
  }

  void forget_settings() {
    std::vector<outbox::NamedValue> nothing;
    for (const std::string& name : settings_.names()) {
      if (is_of_owner(name)) nothing.emplace_back(name, "");
    }
    // What was kept first in this life.
    for (const console::Setting setting : console::kSettings) {
      if (const auto name = kept_name(setting); !name.empty()) nothing.emplace_back(name, "");
    }
    for (const auto& known : setup_.trust) {
      if (known == nullptr) continue;
      nothing.emplace_back(known->value_name(), "");
      nothing.emplace_back(known->setting_name(), "");
    }
    journal_.keep(std::move(nothing));
  }

  Result<void> set_web_password(std::string password) {
    constexpr const char* kAdmin = "admin";
    if (!face_)
      return fail(console::not_possible, "WebPassword",
                  "the page is not served: [web] in the configuration file says where, WebServer 2 switches it on");
    if (auto good = web::check_password(kAdmin, password); !good) {
      const Error& weak = good.error();
      return fail(weak.code, weak.where, Text<224>("the password ").add(weak.detail));
    }
    face_->set_password(kAdmin, std::move(password), [this](const Result<void>& set) {
      if (!set) log_.error("WEB", set.error());
    });
    return {};
  }

  void wake_console_at(Instant at) {
    console_timer_.expires_after(std::max(at - clock_.now(), LoopClock::duration::zero()));
    console_timer_.async_wait([this](const error_code& replaced) {
      if (replaced || end_) return;
      console_.wake([this](const console::Caller& caller, console::Replies replies) {
        take_late_replies(caller, std::move(replies));
      });
    });
  }

  /// Who asked for them locally has had the answer to the Backlog: the log has the rest.
  void take_late_replies(const console::Caller& caller, console::Replies replies) {
    for (console::Reply& reply : replies) {
      if (caller.source == console::Source::mqtt) {
        presence_.reply(reply.name, std::move(reply.json));
      } else {
        log_.info("RSL", reply.name + " = " + reply.json);
      }
    }
  }

  /// Without it everything else goes on: the device can still be asked by MQTT.
  void open_console() {
    auto socket =
        console::host::SocketServer::open(loop_, state_directory_ + "/console.sock", [this](std::string_view line) {
          auto replies = console_.run(line);
          note_command("the local socket", line, replies);
          return replies;
        });
    if (!socket) return log_.error("CFG", socket.error());
    console_socket_ = std::move(*socket);
  }

  /// Without a page the log of the program has the same lines, under the same bounds.
  void note_command(std::string_view from, std::string_view line, const console::Replies& replies) {
    if (face_) return face_->note_command(from, line, replies);
    web::note_command(events_, {"command", "", from}, line, replies);
  }

  void keep_tele_period(seconds period) {
    journal_.keep({settings_.set_tele_period(period)});
    schedule_.set_period(period, clock_.now());
    arm_telemetry();
  }

  void send_telemetry_soon() {
    schedule_.ask(clock_.now());
    arm_telemetry();
  }

  // ---- the connection to the broker

  void on_connected(const mqtt::host::Broker& broker) override {
    device_.connected(broker);
    if (page_) page_->connected(broker, client_->tls());
    trust_.note_refusal(broker.host, broker.port, {});
    presence_.on_connected();
    delivery_.on_connected();
    trust_events_.accepted(broker, client_->tls());
  }
  void on_disconnected() override {
    delivery_.on_disconnected();
    console_.forget_remote();
    if (page_) page_->disconnected();
  }
  void on_message(const mqtt::Message& message) override {
    if (delivery_.take(message)) return;
    if (!commands_.take(clock_.now(), static_cast<int>(console::commands_in(setup_.topics, message)))) {
      if (flood_guard_.tell(clock_.now()))
        log_.warn("MQTT", "more commands than this device answers: the rest is dropped");
      return;
    }
    auto replies = console_.take(setup_.topics, message);
    if (!replies.empty()) note_command("MQTT", line_of(message), replies);
    for (console::Reply& reply : replies) presence_.reply(reply.name, std::move(reply.json));
  }
  void on_published(mqtt::Token token) override { delivery_.on_published(token); }
  void on_rejected(mqtt::Token token, const Error& /*error*/) override { delivery_.on_rejected(token); }
  void on_failure(const mqtt::host::Broker& broker, const Error& error) override {
    if (page_) page_->failed(broker, error);
    trust_.note_refusal(broker.host, broker.port, std::string(error.code.name));
    trust_events_.failed(broker, error);
  }
  void on_judged(const mqtt::host::Broker& broker, const trust::host::TlsClient& tls) override {
    trust_events_.judged(broker, tls);
  }

  void connect() {
    if (!setup_.config.mqtt.brokers.empty()) return client_->start();
    log_.warn("MQTT", "no broker is named: readings are kept until MqttHost names one");
  }

  /// What was recorded is on the disk before a connection relies on it: while the store refuses it, the connection that
  /// there is goes on. Later: this may be the middle of a handshake.
  void connect_anew() {
    if (std::exchange(is_connect_wanted_, true)) return;  // however often it is asked for meanwhile
    boost::asio::post(loop_, [this] {
      journal_.flush([this] {
        is_connect_wanted_ = false;
        if (end_) return;
        client_->stop([this] {
          if (!end_) connect();
        });
      });
    });
  }

  // ---- the end

  void wait_for_signal() {
    signals_.async_wait([this](const error_code& stopped, int signal) {
      if (stopped) return;
      const char* name = signal == SIGTERM ? "SIGTERM" : "SIGINT";
      signal == SIGHUP ? begin_end(End::restart, "SIGHUP") : begin_end(End::stop, name);
      wait_for_signal();
    });
  }

  /// In the order in which nothing is lost: no new readings, what is known goes to the disk, the broker is told, what
  /// it has confirmed until then is deleted.
  void begin_end(End end, std::string_view why) {
    if (end_) {
      if (end == End::stop) end_ = end;
      return;
    }
    end_ = is_reset_ && end == End::restart ? End::reset : end;
    log_.info("SYS", Text<96>(end == End::stop ? "stopping: " : "restarting: ").add(why));
    meters_.stop();
    telemetry_timer_.cancel();
    second_timer_.cancel();
    journal_.keep(changed_books());
    presence_.say_offline();
    client_->stop([this] {
      if (is_reset_) forget_settings();  // and what was learned since
      journal_.flush([this] { loop_.stop(); });
    });
    end_timer_.expires_after(kLongestEnd);
    end_timer_.async_wait([this](const error_code& /*error*/) {
      log_.warn("SYS", Text<160>("the orderly end took too long, ")
                           .add_uint(journal_.waiting())
                           .add(" readings that the store did not take are lost"));
      loop_.stop();
    });
  }

  // constant after construction
  const SiteSetup& setup_;
  const std::string state_directory_;
  host::SystemClock& clock_;
  Log& log_;
  web::Entrance& entrance_;

  // loop thread only
  Opened opened_;
  boost::asio::io_context& loop_;
  outbox::Store& store_;
  Settings& settings_;
  Meters& meters_;
  boost::asio::signal_set signals_;
  steady_timer second_timer_;
  steady_timer telemetry_timer_;
  steady_timer end_timer_;
  steady_timer restart_timer_;
  steady_timer setting_timer_;
  steady_timer console_timer_;
  Telemetry telemetry_;
  BusScan scan_;
  SettingDesk desk_;
  Device device_;
  TrustConsole trust_;
  console::Console console_;
  std::unique_ptr<console::host::SocketServer> console_socket_;
  Delivery delivery_;
  Journal journal_;
  Presence presence_;
  TelemetrySchedule schedule_;
  Alarm alarm_;
  ExpiryAlarm expiry_alarm_;
  TrustEvents trust_events_;
  std::unique_ptr<mqtt::host::Client> client_;
  bool is_relabelled_ = false;
  bool is_connect_wanted_ = false;
  Instant books_kept_;
  RepeatGuard telemetry_guard_;
  std::optional<End> end_;
  web::EventLog events_{clock_, log_};  ///< while there is no page
  bool is_reset_ = false;
  CommandBudget commands_;
  RepeatGuard flood_guard_;
  const Instant started_ = clock_.now();
  bool has_settled_ = false;
  std::unique_ptr<PageDevice> page_;  ///< nullptr: no page is wanted
  std::unique_ptr<WebFace> face_;     ///< nullptr: or it cannot be served
};

}  // namespace

Result<std::unique_ptr<Site>> Site::open(const SiteSetup& setup, std::string state_directory, host::SystemClock& clock,
                                         const Calendar& calendar, LogTail& log, LogLevel log_level,
                                         web::Entrance& entrance) {
  Opened opened;
  outbox::host::StoreSettings store_settings;
  store_settings.directory = state_directory;
  store_settings.max_bytes = setup.config.outbox.max_bytes;
  store_settings.when_full = setup.config.outbox.when_full;
  auto store = outbox::host::SqliteStore::open(*opened.loop, log, store_settings);
  if (!store) return tl::unexpected(store.error());
  opened.store = std::move(*store);
  const outbox::host::Found& found = opened.store->found();
  opened.settings = std::make_unique<Settings>(found.values, found.boot, random_bits());
  opened.stamper = std::make_unique<Stamper>(clock, found.boot);
  const Settings& settings = *opened.settings;
  if (const auto floor = settings.clock_floor()) clock.raise_floor(*floor);
  AuthorityDesk(state_directory, setup.trust).take_up(log);
  for (const auto& known : setup.trust) {
    if (known) known->recall(settings.value(known->value_name()), settings.value(known->setting_name()), log);
  }
  auto meters = Meters::make(*opened.loop, clock, log, setup.buses, *opened.stamper, calendar,
                             [&settings](const std::string& name) { return settings.value(name); });
  if (!meters) return tl::unexpected(meters.error());
  opened.meters = std::move(*meters);
  return std::make_unique<RunningSite>(setup, std::move(state_directory), clock, calendar, log, log_level, entrance,
                                       std::move(opened));
}

}  // namespace meterseal::app
