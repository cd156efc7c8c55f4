// Days of the agent in minutes: its real parts from the bus to the message (BusDriver, readers, telemetry, journal, the
// SQLite store, delivery) on simulated time, with simulated meters on Modbus TCP and a broker that goes and comes.
// Then: no number is missing, each number says the same whenever it is sent, and no energy is missing or counted twice.
//
// Simulated time: this program's own steady_clock::now() and epoll_wait() stand in for those of the libraries. A wait
// in which nothing arrives does not wait: it moves the clock to the next timer. Only the store is waited for in
// earnest. METERSEAL_SOAK_HOURS=24 makes each run a day (./dev soak); default is an hour.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "app/agent/delivery.hpp"
#include "app/agent/journal.hpp"
#include "app/agent/meters.hpp"
#include "app/agent/settings.hpp"
#include "app/agent/telemetry.hpp"
#include "app/agent/telemetry_schedule.hpp"
#include "app/config/config.hpp"
#include "core/host/zone_calendar.hpp"
#include "meter/sim/host/sim_line.hpp"
#include "mqtt/errors.hpp"
#include "outbox/host/sqlite_store.hpp"
#include "support/fakes.hpp"
#include "support/profiles.hpp"
#include "support/temp_directory.hpp"
#include "support/test_site.hpp"

namespace {

std::atomic<std::int64_t> simulated_ns{1'000'000'000};
std::atomic<int> store_works{0};

}  // namespace

// NOLINTBEGIN(cert-dcl58-cpp,readability-identifier-naming): these are the library's own names
namespace std::chrono {
inline namespace _V2 {
steady_clock::time_point steady_clock::now() noexcept {
  return time_point(nanoseconds(simulated_ns.load()));
}
}  // namespace _V2
}  // namespace std::chrono

/// Without it Asio's timers depend on its time-outs of epoll_wait() alone.
extern "C" int timerfd_create(int /*clock*/, int /*flags*/) noexcept {
  errno = ENOSYS;
  return -1;
}

extern "C" int epoll_wait(int epoll, epoll_event* events, int room, int timeout_ms) {
  const auto wait = [&](int ms) {
    return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, room, ms, nullptr, 0));
  };
  int ready = wait(0);
  if (ready != 0 || timeout_ms == 0) return ready;
  if (store_works > 0) return wait(60'000);
  sched_yield();  // the kernel's own threads may have something under way
  ready = wait(0);
  if (ready == 0) simulated_ns += std::int64_t{timeout_ms < 0 ? 1000 : timeout_ms} * 1'000'000;
  return ready;
}
// NOLINTEND(cert-dcl58-cpp,readability-identifier-naming)

namespace meterseal::app {
namespace {

using boost::system::error_code;
using std::chrono::hours;
using std::chrono::minutes;

class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(UtcTime start) : zero_(start - std::chrono::duration_cast<milliseconds>(started_)) {}
  [[nodiscard]] Instant now() const override {
    return Instant(
        std::chrono::duration_cast<LoopClock::duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  [[nodiscard]] std::optional<UtcTime> utc() const override {
    if (!is_known) return std::nullopt;
    return zero_ + std::chrono::duration_cast<milliseconds>(now().time_since_epoch()) + step;
  }
  [[nodiscard]] LoopClock::duration passed() const { return now().time_since_epoch() - started_; }

  bool is_known = true;
  milliseconds step{0};

 private:
  const LoopClock::duration started_ = now().time_since_epoch();
  const UtcTime zero_;
};

/// The real store, which says when it works.
class WatchedStore : public outbox::Store {
 public:
  explicit WatchedStore(std::unique_ptr<outbox::host::SqliteStore> store) : store_(std::move(store)) {}
  ~WatchedStore() override {
    store_.reset();
    store_works = 0;
  }
  WatchedStore(const WatchedStore&) = delete;
  WatchedStore& operator=(const WatchedStore&) = delete;

  [[nodiscard]] const outbox::host::Found& found() const { return store_->found(); }

  void commit(outbox::Commit commit, std::function<void(Result<outbox::Committed>)> done) override {
    store_->commit(std::move(commit), watched(std::move(done)));
  }
  void fetch(outbox::Sequence after, std::size_t limit,
             std::function<void(Result<std::vector<outbox::Record>>)> done) override {
    store_->fetch(after, limit, watched(std::move(done)));
  }
  void relabel(BootId boot, UtcTime zero, std::function<void(Result<std::size_t>)> done) override {
    store_->relabel(boot, zero, watched(std::move(done)));
  }
  void depth(std::function<void(Result<outbox::Depth>)> done) override { store_->depth(watched(std::move(done))); }

 private:
  template <class T>
  static std::function<void(Result<T>)> watched(std::function<void(Result<T>)> done) {
    ++store_works;
    return [done = std::move(done)](Result<T> result) {
      --store_works;
      done(std::move(result));
    };
  }

  std::unique_ptr<outbox::host::SqliteStore> store_;
};

/// What the broker's subscriber has seen.
struct Received {
  std::map<std::uint64_t, std::set<std::string>> texts;  ///< by number
  std::map<std::uint64_t, int> times;
};

/// A broker that is up or down, and the client that talks to it. A message needs 20 ms to it, and its PUBACK 20 ms
/// back; what is under way when the connection breaks may have arrived or not.
class ScriptedBroker : public mqtt::host::Client {
 public:
  ScriptedBroker(boost::asio::io_context& loop, Received& received) : loop_(loop), received_(received) {}

  void use(Delivery& delivery) { delivery_ = &delivery; }
  void go_up() {
    if (std::exchange(is_up_, true)) return;
    delivery_->on_connected();
  }
  void go_down() {
    if (!std::exchange(is_up_, false)) return;
    under_way_.clear();
    delivery_->on_disconnected();
  }

  void start() override {}
  void stop(std::function<void()> done) override { done(); }
  [[nodiscard]] bool is_online() const override { return is_up_; }
  [[nodiscard]] std::size_t window_left() const override { return kWindow - under_way_.size(); }
  [[nodiscard]] const trust::host::TlsClient* tls() const override { return nullptr; }
  [[nodiscard]] Result<void> publish(mqtt::Message /*message*/) override { return {}; }
  [[nodiscard]] Result<void> publish(mqtt::Token token, mqtt::Message message) override {
    if (!is_up_) return fail(mqtt::not_connected, "broker", "down");
    if (window_left() == 0) return fail(mqtt::window_full, "broker", "full");
    const auto timer = std::make_shared<boost::asio::steady_timer>(loop_, milliseconds{20});
    under_way_[token] = timer;
    timer->async_wait([this, token, timer, message = std::move(message)](const error_code& broken) {
      if (broken) return;
      const auto json = nlohmann::json::parse(message.payload);
      const auto number = json["Seq"].get<std::uint64_t>();
      received_.texts[number].insert(message.payload);
      ++received_.times[number];
      timer->expires_after(milliseconds{20});
      timer->async_wait([this, token, timer](const error_code& lost) {
        if (lost || under_way_.erase(token) == 0) return;
        delivery_->on_published(token);
      });
    });
    return {};
  }

 private:
  static constexpr std::size_t kWindow = 20;

  boost::asio::io_context& loop_;
  Received& received_;
  Delivery* delivery_ = nullptr;
  bool is_up_ = false;
  std::map<mqtt::Token, std::shared_ptr<boost::asio::steady_timer>> under_way_;
};

/// One life of the agent's process.
class Life {
 public:
  Life(const Config& config, const std::string& directory, const std::string& boot_id, const SimulatedClock& clock,
       const Calendar& calendar, Log& log, boost::asio::io_context& loop, Received& received)
      : clock_(clock),
        loop_(loop),
        plans_(*make_site_plan(config, test::default_profiles())),
        store_(open(loop, log, directory, boot_id)),
        settings_(store_.found().values, store_.found().boot, 1),
        stamper_(clock, store_.found().boot),
        meters_(*Meters::make(loop, clock, log, plans_, stamper_, calendar,
                              [this](const std::string& name) { return settings_.value(name); })),
        telemetry_(meters_->in_order(), stamper_, calendar),
        broker_(loop, received),
        delivery_(loop, clock, log, store_, calendar, topics_, settings_.outbox(), {}),
        journal_(loop, clock, log, store_, delivery_),
        schedule_(clock.now(), seconds{10}) {
    delivery_.use(broker_);
    broker_.use(delivery_);
    journal_.keep(settings_.changes_of_start());
    tick();
    arm();
    meters_->start([this] { on_reading(); });
  }
  ~Life() { meters_->stop(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  [[nodiscard]] ScriptedBroker& broker() { return broker_; }
  [[nodiscard]] std::uint64_t records_made() const { return records_made_; }
  void stop_telemetry() {
    telemetry_timer_.cancel();
    is_ending_ = true;
  }
  [[nodiscard]] bool has_nothing_to_commit() const { return journal_.waiting() == 0; }

 private:
  static std::unique_ptr<outbox::host::SqliteStore> open(boost::asio::io_context& loop, Log& log,
                                                         const std::string& directory, const std::string& boot_id) {
    outbox::host::StoreSettings settings;
    settings.directory = directory;
    settings.boot_id_file = boot_id;
    return std::move(*outbox::host::SqliteStore::open(loop, log, settings));
  }

  void on_reading() {
    if (schedule_.is_settled() || is_ending_) return;
    if (meters_->are_settled()) schedule_.all_meters_read(clock_.now());
    arm();
  }

  void arm() {
    telemetry_timer_.expires_after(schedule_.due().value_or(clock_.now()) - clock_.now());
    telemetry_timer_.async_wait([this](const error_code& replaced) {
      if (replaced || is_ending_) return;
      if (!telemetry_.is_empty()) {
        const bool due = meters_->is_a_book_urgent() || clock_.now() - books_kept_ >= seconds{59};
        if (due) books_kept_ = clock_.now();
        journal_.keep(telemetry_.record(clock_.now()).value(),
                      due ? meters_->books_to_keep() : std::vector<outbox::NamedValue>());
        ++records_made_;
      }
      schedule_.done(clock_.now());
      arm();
    });
  }

  void tick() {
    second_timer_.expires_after(seconds{1});
    second_timer_.async_wait([this](const error_code& stopped) {
      if (stopped) return;
      meters_->tick(schedule_.due());
      if (meters_->is_a_book_urgent()) journal_.keep(meters_->books_to_keep());
      relabel();
      tick();
    });
  }

  void relabel() {
    const auto utc = clock_.utc();
    if (!utc) is_labelled_ = false;
    if (is_labelled_ || !utc || journal_.waiting() > 0) return;
    is_labelled_ = true;
    const auto zero = *utc - std::chrono::duration_cast<milliseconds>(clock_.now().time_since_epoch());
    store_.relabel(stamper_.boot(), zero, [this](const Result<std::size_t>& count) {
      EXPECT_TRUE(count);
      delivery_.on_relabelled();
    });
  }

  const SimulatedClock& clock_;
  boost::asio::io_context& loop_;
  const std::vector<BusPlan> plans_;
  WatchedStore store_;
  Settings settings_;
  const Stamper stamper_;
  std::unique_ptr<Meters> meters_;
  Telemetry telemetry_;
  const mqtt::Topics topics_ = *mqtt::Topics::make("%prefix%/%topic%/", "soak");
  ScriptedBroker broker_;
  Delivery delivery_;
  Journal journal_;
  TelemetrySchedule schedule_;
  boost::asio::steady_timer telemetry_timer_{loop_};
  boost::asio::steady_timer second_timer_{loop_};
  Instant books_kept_;
  bool is_labelled_ = false;
  bool is_ending_ = false;
  std::uint64_t records_made_ = 0;
};

constexpr double kEndOfRegisterKwh = 42'949'672.96;  ///< of the OR-WE-514: 32 bits of 10 Wh

struct Scenario {
  const char* name;
  std::int64_t start_s;  ///< UTC
  bool steps;            ///< the wall clock jumps both ways, and is unknown for a while
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

/// Seconds of one run.
double length_s() {
  const char* text = std::getenv("METERSEAL_SOAK_HOURS");
  return 3600 * (text == nullptr ? 1.0 : std::strtod(text, nullptr));
}

struct Soak : testing::TestWithParam<Scenario> {
  Soak() : calendar(std::move(*host::ZoneCalendar::open("Europe/Berlin"))), clock(start()) {
    line = std::move(*meter::sim::host::SimLine::make(loop, meters()));
    const std::string site = test::changed(test::kSite, "device = \"/dev/ttyUSB0\"",
                                           "tcp = \"127.0.0.1:" + std::to_string(line->port()) + "\"");
    const std::vector<std::string> names{"SDM630", "SDM120", "OR-WE-514"};
    config = *parse_config(
        site +
            "primary = true\n[[bus.meter]]\naddress = 2\nprofile = \"sdm120\"\nname = \"flat\"\nenergy_ms = 5000\n"
            "[[bus.meter]]\naddress = 3\nprofile = \"or-we-514\"\nname = \"old\"\n",
        "site.toml", names);
    host_boots(1);
    live();
  }

  [[nodiscard]] static UtcTime start() { return UtcTime(seconds(GetParam().start_s)); }

  meter::sim::host::SimOptions meters() {
    meter::sim::host::SimOptions options;
    options.transport = meter::sim::host::Transport::modbus_tcp;
    for (const auto& [profile, address] : {std::pair("SDM630", 1), std::pair("SDM120", 2), std::pair("OR-WE-514", 3)}) {
      meter::sim::host::SimMeterOptions meter;
      meter.profile = test::default_profile(profile);
      meter.address = static_cast<std::uint8_t>(address);
      meter.settings.seed = static_cast<std::uint64_t>(address);
      options.meters.push_back(meter);
    }
    options.meters[2].settings.start_import_kwh = kEndOfRegisterKwh - 0.02;
    options.meters[2].settings.start_export_kwh = 0;
    options.meters[0].faults.late_every = 997;
    options.meters[0].faults.late_by = std::chrono::milliseconds(1500);
    options.time = [this] { return std::chrono::duration_cast<meter::sim::SimTime>(hours{18} + clock.passed()); };
    return options;
  }

  void host_boots(int number) { std::ofstream(directory.path() + "/boot") << "boot " << number << '\n'; }

  void live() {
    life = std::make_unique<Life>(config, directory.path() + "/state", directory.path() + "/boot", clock, *calendar,
                                  log, loop, received);
    if (broker_is_up) life->broker().go_up();
  }
  void kill() {
    made_in_former_lives += life->records_made();
    life.reset();
    ++kills;
    live();
  }
  void broker(bool up) {
    broker_is_up = up;
    up ? life->broker().go_up() : life->broker().go_down();
  }

  void run_until(double part) {
    const auto end = std::chrono::duration<double>(length_s() * part);
    while (clock.passed() < end) loop.run_one();
  }
  void run_for_s(double s) {
    run_until(std::chrono::duration<double>(clock.passed()).count() / length_s() + s / length_s());
  }

  void go_through_it() {
    run_until(0.10);
    broker(false);
    run_until(0.13);
    broker(true);
    run_until(0.20);
    if (GetParam().steps) clock.step += minutes{37};
    run_until(0.25);
    if (GetParam().steps) clock.step -= minutes{37};
    run_until(0.30);
    if (GetParam().steps) clock.is_known = false;
    run_until(0.33);
    clock.is_known = true;
    run_until(0.35);
    kill();
    run_until(0.40);
    for (int i = 0; i < 10; ++i) {
      broker(false);
      run_for_s(3.01);
      broker(true);
      run_for_s(2.03);
    }
    run_until(0.55);
    broker(false);
    run_until(0.58);
    host_boots(2);
    kill();
    run_until(0.60);
    if (GetParam().steps) clock.step += hours{2};
    run_until(0.65);
    broker(true);
    run_until(0.70);
    if (GetParam().steps) clock.step -= hours{2};
    run_until(0.85);
    kill();
    run_until(1);
  }

  void drain() {
    life->stop_telemetry();
    const auto limit = clock.passed() + hours{2};
    const auto is_done = [&] {
      return life->has_nothing_to_commit() && store_works == 0 && received.texts.size() >= committed_at_least();
    };
    while (!is_done() && clock.passed() < limit) loop.run_one();
  }
  /// A kill may take the record that was being committed.
  [[nodiscard]] std::size_t committed_at_least() const { return made() - kills; }
  [[nodiscard]] std::size_t made() const { return made_in_former_lives + life->records_made(); }

  /// Of each number the message, in order.
  [[nodiscard]] std::vector<nlohmann::json> messages() const {
    std::vector<nlohmann::json> all;
    all.reserve(received.texts.size());
    for (const auto& [number, texts] : received.texts) all.push_back(nlohmann::json::parse(*texts.begin()));
    return all;
  }

  std::unique_ptr<host::ZoneCalendar> calendar;
  test::CollectingLog log;
  test::TempDirectory directory;
  SimulatedClock clock;
  boost::asio::io_context loop;
  std::unique_ptr<meter::sim::host::SimLine> line;
  Config config;
  Received received;
  std::unique_ptr<Life> life;
  bool broker_is_up = true;
  std::uint64_t made_in_former_lives = 0;
  std::size_t kills = 0;
};

/// kWh of all messages for one meter: of the book, of the meter's own register, and the sum of Period.
struct Energy {
  double total = 0;
  double last = 0;
  double register_rise = 0;
  double periods = 0;
  std::size_t falls = 0;
};

Energy energy_of(const std::vector<nlohmann::json>& messages, const char* meter) {
  std::optional<double> first_total;
  std::optional<double> last_total;
  std::optional<double> last_register;
  Energy energy;
  for (const auto& message : messages) {
    if (!message.contains(meter) || !message[meter]["Total"].is_number()) continue;
    const auto& shown = message[meter];
    const double total = shown["Total"];
    // A meter without a counter of import alone does not tell its register.
    const double own = shown.contains("ImportActive") ? shown["ImportActive"].get<double>() : total;
    if (last_total && total < *last_total - 1e-9) ++energy.falls;
    if (last_register) {
      energy.register_rise += own - *last_register;
      if (shown["Period"].is_number()) energy.periods += shown["Period"].get<double>() / 1000;
    }
    first_total = first_total.value_or(total);
    last_total = energy.last = total;
    last_register = own;
  }
  energy.total = last_total.value_or(0) - first_total.value_or(0);
  return energy;
}

/// Messages that tell of power and of no energy since the one before: their counters are older than they are.
std::size_t without_energy(const std::vector<nlohmann::json>& messages) {
  std::size_t count = 0;
  for (const auto& message : messages) {
    if (!message.contains("ENERGY")) continue;
    const auto& shown = message["ENERGY"];
    double power = 0;
    for (const auto& phase : shown["Power"]) power += phase.is_number() ? phase.get<double>() : 0;
    if (power < 720 || shown["Period"].is_null()) continue;  // 2 Wh in 10 s
    double period = 0;
    for (const auto& phase : shown["Period"]) period += phase.is_number() ? phase.get<double>() : 0;
    if (period == 0) ++count;
  }
  return count;
}

TEST_P(Soak, LosesNothingAndDoublesNothing) {
  go_through_it();
  drain();

  ASSERT_FALSE(received.texts.empty());
  const std::uint64_t last = received.texts.rbegin()->first;
  EXPECT_EQ(received.texts.size(), last) << "a number is missing";
  EXPECT_EQ(received.texts.begin()->first, 1U);
  EXPECT_LE(last, made());
  EXPECT_GE(last, committed_at_least());
  EXPECT_GT(static_cast<double>(last), 0.95 * length_s() / 10);
  for (const auto& [number, texts] : received.texts) EXPECT_EQ(texts.size(), 1U) << number << " says different things";

  const auto all = messages();
  for (const char* meter : {"ENERGY", "flat", "old"}) {
    const Energy energy = energy_of(all, meter);
    EXPECT_GT(energy.total, 0.03 * length_s() / 3600) << meter;
    EXPECT_EQ(energy.falls, 0U) << meter;
    EXPECT_NEAR(energy.total, energy.register_rise, 0.011) << meter;
    EXPECT_NEAR(energy.total, energy.periods, 0.02 + 0.0005 * static_cast<double>(last)) << meter;
  }
  EXPECT_LT(without_energy(all), all.size() / 50) << "only where an answer came late";
  EXPECT_GT(energy_of(all, "old").last, kEndOfRegisterKwh) << "its counter began again";
  RecordProperty("messages", static_cast<int>(last));
}

/// A day of a clock that jumps is no day.
struct SoakWithoutSteps : Soak {};

TEST_P(SoakWithoutSteps, ClosesEachDayWithWhatItCounted) {
  go_through_it();
  drain();
  double today = 0;
  int days = 0;
  std::string date;
  for (const auto& message : messages()) {
    const auto& shown = message["ENERGY"];
    if (!shown["Today"].is_number()) continue;
    const auto time = message["Time"].get<std::string>();
    // Within a second of midnight the reading may be of one day and the book of the other.
    if (time.ends_with("T23:59:59") || time.ends_with("T00:00:00")) continue;
    const std::string day = time.substr(0, 10);
    if (!date.empty() && day != date) {
      ++days;
      EXPECT_NEAR(shown["Yesterday"].get<double>(), today, 0.02);
      EXPECT_LT(shown["Today"].get<double>(), 0.02);
    }
    date = day;
    today = shown["Today"];
  }
  EXPECT_GE(days, 1);
}

constexpr Scenario kOverMidnight{"OverMidnight", 1792877400, false};                         // 2026-10-24T21:30Z
constexpr Scenario kOverTheEndOfSummerTime{"OverTheEndOfSummerTime", 1792888200, true};      // 2026-10-25T00:30Z
constexpr Scenario kOverTheBeginOfSummerTime{"OverTheBeginOfSummerTime", 1774744200, true};  // 2026-03-29T00:30Z

std::string name_of(const testing::TestParamInfo<Scenario>& scenario) {
  return scenario.param.name;
}

INSTANTIATE_TEST_SUITE_P(Days, Soak, testing::Values(kOverMidnight, kOverTheEndOfSummerTime, kOverTheBeginOfSummerTime),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Days, SoakWithoutSteps, testing::Values(kOverMidnight), name_of);

}  // namespace
}  // namespace meterseal::app
