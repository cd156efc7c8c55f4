// What a confirmed message costs: our client against libmosquitto, in the same run, over TLS 1.3 to the same broker.
// Each keeps the same window of QoS 1 messages full; the rounds alternate. CPU is that of the publishing thread alone.
// Usage: bench_mqtt [messages per round, default 20000]

#include <mosquitto.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "mqtt/host/client.hpp"
#include "support/loop.hpp"
#include "support/mosquitto.hpp"
#include "support/mqtt_client.hpp"
#include "support/temp_directory.hpp"
#include "support/test_pki.hpp"

namespace {

using namespace meterseal;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kPayload = 350;  // bytes, as one SENSOR message of a three-phase meter
constexpr int kRounds = 5;

struct Silent : Log {
  void write(LogLevel level, std::string_view, std::string_view text) override {
    if (level == LogLevel::error) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

/// The day does not matter here: everything is pinned by its CA and valid for decades.
class BenchClock : public test::SteadyClock {
 public:
  [[nodiscard]] std::optional<UtcTime> utc() const override { return test::kToday; }
};

double thread_cpu_s() {
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9;
}

/// One round: how long, how much CPU, and how long each message waited for its PUBACK.
struct Round {
  double wall_s = 0;
  double cpu_s = 0;
  std::vector<double> waits_ms;
};

class Stopwatch {
 public:
  explicit Stopwatch(std::size_t messages) : sent_(messages) { round_.waits_ms.reserve(messages); }
  void sent(std::size_t i) { sent_[i] = std::chrono::steady_clock::now(); }
  void confirmed(std::size_t i) {
    const std::chrono::duration<double, std::milli> wait = std::chrono::steady_clock::now() - sent_[i];
    round_.waits_ms.push_back(wait.count());
  }
  [[nodiscard]] std::size_t count() const { return round_.waits_ms.size(); }
  Round stop() {
    round_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    round_.cpu_s = thread_cpu_s() - cpu_;
    return std::move(round_);
  }

 private:
  std::vector<SteadyTime> sent_;
  Round round_;
  SteadyTime start_ = std::chrono::steady_clock::now();
  double cpu_ = thread_cpu_s();
};

Round ours(const test::Mosquitto& broker, const std::string& ca_file, std::size_t messages, std::size_t window) {
  boost::asio::io_context io;
  BenchClock clock;
  Silent log;
  test::RecordingMqttObserver seen;
  trust::host::TlsSettings settings;
  settings.policy.mode = trust::Mode::ca;
  settings.ca_file = ca_file;
  auto options = test::options_for(broker.port(), trust::host::TlsContext::make(settings).value());
  options.client_id = "ours";
  const auto client = mqtt::host::Client::make(io, clock, log, std::move(options), seen);
  client->start();
  if (!test::run_until(io, [&] { return seen.connects == 1; })) std::exit(2);
  const std::string payload(kPayload, 'x');
  seen.published.reserve(messages);
  Stopwatch watch(messages);
  std::size_t next = 0;
  const auto offer = [&] {
    while (next < messages && next < watch.count() + window) {
      watch.sent(next);
      if (!client->publish(next, {"tele/bench/SENSOR", payload, mqtt::Qos::at_least_once, false})) std::exit(2);
      ++next;
    }
  };
  seen.then_published = [&](mqtt::Token token) {
    watch.confirmed(token);
    offer();
  };
  offer();
  if (!test::run_until(io, [&] { return watch.count() == messages; }, std::chrono::minutes(5))) std::exit(2);
  return watch.stop();
}

/// libmosquitto on this thread, as its own examples use it.
class Theirs {
 public:
  Theirs(const test::Mosquitto& broker, const std::string& ca_file, std::size_t messages, std::size_t window)
      : messages_(messages), window_(window), watch_(messages) {
    handle_ = ::mosquitto_new("theirs", true, this);
    ::mosquitto_int_option(handle_, MOSQ_OPT_TCP_NODELAY, 1);
    ::mosquitto_max_inflight_messages_set(handle_, static_cast<unsigned>(window));
    ::mosquitto_tls_set(handle_, ca_file.c_str(), nullptr, nullptr, nullptr, nullptr);
    ::mosquitto_connect_callback_set(
        handle_, [](mosquitto*, void* self, int) { static_cast<Theirs*>(self)->is_connected_ = true; });
    ::mosquitto_publish_callback_set(handle_, [](mosquitto*, void* self, int id) {
      auto* theirs = static_cast<Theirs*>(self);
      theirs->watch_.confirmed(theirs->number_of_[static_cast<std::size_t>(id)]);
      theirs->offer();
    });
    if (::mosquitto_connect(handle_, "127.0.0.1", broker.port(), 30) != MOSQ_ERR_SUCCESS) std::exit(2);
    loop_until([this] { return is_connected_; });
  }
  ~Theirs() { ::mosquitto_destroy(handle_); }
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;

  Round run() {
    watch_ = Stopwatch(messages_);
    offer();
    loop_until([this] { return watch_.count() == messages_; });
    return watch_.stop();
  }

 private:
  template <class F>
  void loop_until(F done) {
    while (!done()) {
      if (::mosquitto_loop(handle_, 1000, 1) != MOSQ_ERR_SUCCESS) std::exit(2);
    }
  }
  void offer() {
    while (next_ < messages_ && next_ < watch_.count() + window_) {
      watch_.sent(next_);
      int id = 0;
      ::mosquitto_publish(handle_, &id, "tele/bench/SENSOR", static_cast<int>(payload_.size()), payload_.data(), 1,
                          false);
      number_of_[static_cast<std::size_t>(id)] = next_++;
    }
  }

  const std::string payload_ = std::string(kPayload, 'x');
  const std::size_t messages_;
  const std::size_t window_;
  Stopwatch watch_;
  mosquitto* handle_ = nullptr;
  bool is_connected_ = false;
  std::size_t next_ = 0;
  std::vector<std::size_t> number_of_ = std::vector<std::size_t>(65'536);
};

struct Figures {
  double rate;
  double cpu_us;
  double p50_ms;
  double p99_ms;
};

/// The median round for rate and CPU, all messages for the waits.
Figures figures_of(std::vector<Round> rounds, std::size_t messages) {
  const auto median = [&](auto of) {
    std::vector<double> values;
    for (const Round& round : rounds) values.push_back(of(round));
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  std::vector<double> waits;
  for (const Round& round : rounds) waits.insert(waits.end(), round.waits_ms.begin(), round.waits_ms.end());
  std::sort(waits.begin(), waits.end());
  const auto n = static_cast<double>(messages);
  return {n / median([](const Round& r) { return r.wall_s; }), median([](const Round& r) { return r.cpu_s; }) * 1e6 / n,
          waits[waits.size() / 2], waits[waits.size() * 99 / 100]};
}

void print(const char* who, std::size_t window, const Figures& figures) {
  std::printf("%-14s %6zu %10.0f %12.1f %14.2f %14.2f\n", who, window, figures.rate, figures.cpu_us, figures.p50_ms,
              figures.p99_ms);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::size_t messages = argc > 1 ? static_cast<std::size_t>(std::max(100, std::atoi(argv[1]))) : 20'000;
  ::mosquitto_lib_init();
  const test::TempDirectory folder;
  test::Request root = test::root_request();
  root.from = test::day(2020, 1, 1);
  root.until = test::day(2049, 1, 1);
  const test::Issued ca = test::issue(root);
  test::Request leaf = test::leaf_request(ca, "DNS:localhost,IP:127.0.0.1");
  leaf.from = root.from;
  leaf.until = root.until;
  const test::Issued identity = test::issue(leaf);
  test::MosquittoSettings settings;
  settings.certificate = folder.file("broker.pem");
  settings.key = folder.file("broker.key");
  settings.log_type = "error";
  test::write_file(settings.certificate, identity.pem());
  test::write_file(settings.key, identity.key_pem());
  test::write_file(folder.file("ca.pem"), ca.pem());
  const test::Mosquitto broker(settings);
  if (!broker.is_running()) {
    std::fputs("mosquitto does not start\n", stderr);
    return 2;
  }
  std::printf("QoS 1 over TLS 1.3, MQTT 3.1.1, %zu bytes, %d rounds of %zu messages each, alternating\n", kPayload,
              kRounds, messages);
  std::printf("%-14s %6s %10s %12s %14s %14s\n", "client", "window", "message/s", "CPU us/msg", "PUBACK p50 ms",
              "PUBACK p99 ms");
  for (const std::size_t window : {std::size_t{20}, std::size_t{1}}) {
    const std::size_t n = window == 1 ? messages / 4 : messages;
    std::vector<Round> a;
    std::vector<Round> b;
    for (int i = 0; i < kRounds; ++i) {
      a.push_back(ours(broker, folder.file("ca.pem"), n, window));
      b.push_back(Theirs(broker, folder.file("ca.pem"), n, window).run());
    }
    const Figures mine = figures_of(std::move(a), n);
    const Figures theirs = figures_of(std::move(b), n);
    print("meterseal", window, mine);
    print("libmosquitto", window, theirs);
    std::printf("%-14s %6zu %9.2fx %11.2fx %13.2fx %13.2fx\n", "ours / theirs", window, mine.rate / theirs.rate,
                mine.cpu_us / theirs.cpu_us, mine.p50_ms / theirs.p50_ms, mine.p99_ms / theirs.p99_ms);
  }
  ::mosquitto_lib_cleanup();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
