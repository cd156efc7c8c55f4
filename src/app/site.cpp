#include "app/site.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <random>
#include <vector>

#include "app/alarm.hpp"
#include "app/bus_reader.hpp"
#include "app/delivery.hpp"
#include "app/device.hpp"
#include "app/journal.hpp"
#include "app/presence.hpp"
#include "app/settings.hpp"
#include "app/stamper.hpp"
#include "app/telemetry.hpp"
#include "app/telemetry_schedule.hpp"
#include "console/console.hpp"
#include "core/json_writer.hpp"
#include "mqtt/host/client.hpp"
#include "outbox/host/sqlite_store.hpp"

namespace meterseal::app {

namespace {

using boost::asio::steady_timer;
using boost::system::error_code;

/// Without telemetry ticks the books are kept at least this often.
constexpr seconds kBookInterval{300};
/// An orderly end that takes longer is given up.
constexpr seconds kLongestEnd{5};

std::uint64_t random_bits() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

class RunningSite final : public Site, private ReadingObserver, private mqtt::host::ClientObserver {
 public:
  RunningSite(const SiteSetup& setup, std::string state_directory, const host::SystemClock& clock,
              const Calendar& calendar, Log& log)
      : setup_(setup),
        state_directory_(std::move(state_directory)),
        clock_(clock),
        calendar_(calendar),
        log_(log),
        signals_(loop_, SIGINT, SIGTERM, SIGHUP),
        second_timer_(loop_),
        telemetry_timer_(loop_),
        end_timer_(loop_) {}

  Result<void> open() {
    outbox::host::StoreSettings store;
    store.directory = state_directory_;
    store.max_bytes = setup_.config.outbox.max_bytes;
    auto opened = outbox::host::SqliteStore::open(loop_, log_, store);
    if (!opened) return tl::unexpected(opened.error());
    store_ = std::move(*opened);
    settings_.emplace(store_->found().values, store_->found().boot, random_bits());
    stamper_.emplace(clock_, store_->found().boot);
    for (const auto& known : setup_.trust) {
      if (known) known->recall(settings_->value(known->value_name()), log_);
    }
    if (auto read = make_buses(); !read) return read;
    make_parts();
    return {};
  }

  End run() override {
    tell_clock();
    delivery_->use(*client_);
    presence_->use(*client_);
    journal_->keep(settings_->changes_of_start());
    keep_damaged_books();
    wait_for_signal();
    tick_second();
    arm_telemetry();
    for (const auto& bus : buses_) bus->start();
    client_->start();
    loop_.run();
    return end_.value_or(End::stop);
  }

 private:
  Result<void> make_buses() {
    const StoredValue stored = [this](const std::string& name) { return settings_->value(name); };
    for (const BusPlan& plan : setup_.buses) {
      auto bus = BusReader::make(loop_, clock_, log_, plan, *stamper_, calendar_, stored, *this);
      if (!bus) return tl::unexpected(bus.error());
      for (const auto& meter : (*bus)->meters()) meters_.push_back(meter.get());
      buses_.push_back(std::move(*bus));
    }
    std::stable_partition(meters_.begin(), meters_.end(),
                          [](const MeterReader* meter) { return meter->plan().key == mqtt::kPrimaryKey; });
    return {};
  }

  void make_parts() {
    const Config& config = setup_.config;
    telemetry_.emplace(meters_, *stamper_, calendar_);
    DeviceActions actions;
    actions.keep_tele_period = [this](seconds period) { keep_tele_period(period); };
    actions.send_telemetry_soon = [this] { send_telemetry_soon(); };
    actions.restart = [this] { boost::asio::post(loop_, [this] { begin_end(End::restart); }); };
    device_.emplace(config, state_directory_, *settings_, clock_, calendar_, *telemetry_, std::move(actions));
    console_.emplace(*device_, config.mqtt.remote_commands);
    delivery_.emplace(loop_, clock_, log_, *store_, calendar_, setup_.topics, settings_->outbox());
    journal_.emplace(loop_, clock_, log_, *store_, *delivery_);
    presence_.emplace(config, setup_.topics, *device_, *telemetry_, clock_, log_);
    schedule_.emplace(clock_.now(), device_->tele_period());
    alarm_.emplace(loop_, clock_, log_, config.alarm, config.device.topic);
    client_ = mqtt::host::Client::make(loop_, clock_, log_, client_options(), *this);
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
    options.subscriptions = {std::string(setup_.topics.command_filter().view())};
    options.jitter_seed = settings_->seed();
    return options;
  }

  // ---- readings -> telemetry -> store

  void on_reading() override {
    if (is_first_due_known_) return;
    const Instant now = clock_.now();
    if (std::all_of(buses_.begin(), buses_.end(), [](const auto& bus) { return bus->is_settled(); })) {
      is_first_due_known_ = true;
      schedule_->all_meters_read(now);
    } else if (std::any_of(meters_.begin(), meters_.end(), [](const auto* m) { return m->has_full_round(); })) {
      schedule_->first_meter_read(now);
    } else {
      return;
    }
    arm_telemetry();
  }

  void arm_telemetry() {
    telemetry_timer_.cancel();
    if (!schedule_->due() || end_) return;
    telemetry_timer_.expires_after(*schedule_->due() - clock_.now());
    telemetry_timer_.async_wait([this](const error_code& replaced) {
      if (replaced || end_) return;
      send_telemetry();
      schedule_->done(clock_.now());
      arm_telemetry();
    });
  }

  void send_telemetry() {
    is_first_due_known_ = true;
    presence_->send_state();
    auto record = telemetry_->record(clock_.now());
    if (!record) {
      if (telemetry_guard_.tell(clock_.now())) log_.error("NRG", record.error());
    } else if (*record) {
      journal_->keep(std::move(**record), changed_books());
    }
    presence_->update_discovery();
  }

  [[nodiscard]] std::vector<outbox::NamedValue> changed_books() {
    std::vector<outbox::NamedValue> books;
    for (MeterReader* meter : meters_) {
      if (auto book = meter->book_to_keep()) books.push_back(std::move(*book));
    }
    books_kept_ = clock_.now();
    return books;
  }

  void keep_damaged_books() {
    for (const MeterReader* meter : meters_) {
      if (meter->damaged_book()) {
        journal_->keep({{MeterReader::damaged_book_name(meter->plan().name), *meter->damaged_book()}});
      }
    }
  }

  // ---- once a second: days end, the clock becomes known

  void tick_second() {
    second_timer_.expires_after(seconds{1});
    second_timer_.async_wait([this](const error_code& stopped) {
      if (stopped || end_) return;
      bool urgent = false;
      for (MeterReader* meter : meters_) {
        meter->tick();
        urgent = urgent || meter->is_book_urgent();
      }
      if (urgent || clock_.now() - books_kept_ >= kBookInterval) journal_->keep(changed_books());
      relabel();
      tick_second();
    });
    relabel();
  }

  void tell_clock() {
    if (clock_.utc()) return;
    log_.warn("CLK", "the clock of this machine is not known: readings are kept, and sent with their time when it is");
  }

  /// Gives their time to records of the time before the clock was known, of this boot and earlier ones.
  void relabel() {
    const auto utc = clock_.utc();
    if (is_relabelled_ || !utc) return;
    is_relabelled_ = true;
    log_.info("CLK", Text<160>("the clock is known: ").add(host::text_of(clock_.source())));
    const auto zero = *utc - std::chrono::duration_cast<milliseconds>(clock_.now().time_since_epoch());
    store_->relabel(stamper_->boot(), zero, [this](Result<std::size_t> count) {
      if (!count) {
        is_relabelled_ = false;  // again in a second
        return;
      }
      if (*count > 0) log_.info("OUT", Text<80>().add_uint(*count).add(" readings have got their time"));
      delivery_->on_relabelled();
    });
  }

  // ---- commands

  void keep_tele_period(seconds period) {
    journal_->keep({settings_->set_tele_period(period)});
    schedule_->set_period(period, clock_.now());
    arm_telemetry();
  }

  void send_telemetry_soon() {
    schedule_->ask(clock_.now());
    arm_telemetry();
  }

  // ---- the connection to the broker

  void on_connected(const mqtt::host::Broker& broker) override {
    device_->connected(broker);
    presence_->on_connected();
    delivery_->on_connected();
    for (const auto& known : setup_.trust) {
      if (known == nullptr || known != broker.tls || client_->tls() == nullptr) continue;
      if (auto changed = known->accepted(*client_->tls(), log_)) journal_->keep({std::move(*changed)});
    }
  }
  void on_disconnected() override { delivery_->on_disconnected(); }
  void on_message(const mqtt::Message& message) override {
    for (console::Reply& reply : console_->take(setup_.topics, message)) {
      presence_->reply(reply.name, std::move(reply.json));
    }
  }
  void on_published(mqtt::Token token) override { delivery_->on_published(token); }
  void on_rejected(mqtt::Token token, const Error& /*error*/) override { delivery_->on_rejected(token); }
  void on_failure(const mqtt::host::Broker& broker, const Error& error) override {
    if (error.code.error_class != ErrorClass::security) return;
    std::array<char, 2048> memory;
    JsonWriter json(memory);
    json.open_object().key("broker").text(broker.host).key("port").integer(broker.port);
    json.key("reason").text(error.code.name).key("detail").text(error.detail);
    json.key("remedy").text(error.remedy()).close_object();
    alarm_->raise(AlarmKind::security_refusal, std::string(json.view()));
  }

  // ---- the end

  void wait_for_signal() {
    signals_.async_wait([this](const error_code& stopped, int signal) {
      if (stopped) return;
      begin_end(signal == SIGHUP ? End::restart : End::stop);
      wait_for_signal();
    });
  }

  /// In the order in which nothing is lost: no new readings, what is known goes to the disk, the broker is told, what
  /// it has confirmed until then is deleted.
  void begin_end(End why) {
    if (end_) {
      if (why == End::stop) end_ = why;
      return;
    }
    end_ = why;
    log_.info("SYS", why == End::restart ? "restarting" : "stopping");
    for (const auto& bus : buses_) bus->stop();
    telemetry_timer_.cancel();
    second_timer_.cancel();
    journal_->keep(changed_books());
    presence_->say_offline();
    client_->stop([this] { journal_->flush([this] { loop_.stop(); }); });
    end_timer_.expires_after(kLongestEnd);
    end_timer_.async_wait([this](const error_code& /*error*/) {
      log_.warn("SYS", Text<160>("the orderly end took too long, ")
                           .add_uint(journal_->waiting())
                           .add(" readings that the store did not take are lost"));
      loop_.stop();
    });
  }

  // constant after construction
  const SiteSetup& setup_;
  const std::string state_directory_;
  const host::SystemClock& clock_;
  const Calendar& calendar_;
  Log& log_;

  // loop thread only
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_;
  steady_timer second_timer_;
  steady_timer telemetry_timer_;
  steady_timer end_timer_;
  std::unique_ptr<outbox::host::SqliteStore> store_;
  std::optional<Settings> settings_;
  std::optional<Stamper> stamper_;
  std::vector<std::unique_ptr<BusReader>> buses_;
  std::vector<MeterReader*> meters_;  ///< of all buses, the primary one first
  std::optional<Telemetry> telemetry_;
  std::optional<Device> device_;
  std::optional<console::Console> console_;
  std::optional<Delivery> delivery_;
  std::optional<Journal> journal_;
  std::optional<Presence> presence_;
  std::optional<TelemetrySchedule> schedule_;
  std::optional<Alarm> alarm_;
  std::unique_ptr<mqtt::host::Client> client_;
  bool is_first_due_known_ = false;
  bool is_relabelled_ = false;
  Instant books_kept_{};
  RepeatGuard telemetry_guard_;
  std::optional<End> end_;
};

}  // namespace

Result<std::unique_ptr<Site>> Site::open(const SiteSetup& setup, std::string state_directory,
                                         const host::SystemClock& clock, const Calendar& calendar, Log& log) {
  auto site = std::make_unique<RunningSite>(setup, std::move(state_directory), clock, calendar, log);
  if (auto opened = site->open(); !opened) return tl::unexpected(opened.error());
  return site;
}

}  // namespace meterseal::app
