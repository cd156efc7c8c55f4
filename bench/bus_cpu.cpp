// What one exchange on a serial line costs: time against the physical limit of the line, CPU and wake-ups of the loop
// thread. The line is a pseudo-terminal on which a thread releases each byte when a half-duplex line would.
// Usage: bench_bus_cpu [seconds per row, default 5]

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "meter/host/bus_driver.hpp"
#include "meter/line_timing.hpp"
#include "support/bus_world.hpp"
#include "support/loop.hpp"

namespace {

using namespace meterseal;
using namespace meterseal::meter;
using namespace meterseal::meter::host;

struct Row {
  std::uint32_t baud;
  std::uint16_t words;
  milliseconds turnaround;
};

class PacedMeter {
 public:
  PacedMeter(const Row& row) : row_(row), master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    char name[128] = "";
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0 ||
        ::ptsname_r(master_, name, sizeof(name)) != 0) {
      std::perror("pseudo-terminal");
      std::exit(2);
    }
    device_ = name;
    thread_ = std::thread([this] { serve(); });
  }
  ~PacedMeter() {
    stopped_ = true;
    thread_.join();
    ::close(master_);
  }
  PacedMeter(const PacedMeter&) = delete;
  PacedMeter& operator=(const PacedMeter&) = delete;
  [[nodiscard]] const std::string& device() const { return device_; }

 private:
  static void sleep_until(const timespec& from, microseconds after) {
    timespec at = from;
    const std::int64_t ns = at.tv_nsec + after.count() * 1000;
    at.tv_sec += ns / 1'000'000'000;
    at.tv_nsec = ns % 1'000'000'000;
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
  }

  void serve() {
    const LineTiming line = LineTiming::serial(row_.baud, 10);
    test::Octets request;
    while (!stopped_) {
      pollfd ready{master_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      std::uint8_t bytes[64];
      const ssize_t n = ::read(master_, bytes, sizeof(bytes));
      if (n <= 0) {
        std::this_thread::yield();  // not opened yet
        continue;
      }
      request.insert(request.end(), bytes, bytes + n);
      if (request.size() < 8) continue;
      timespec start{};
      ::clock_gettime(CLOCK_MONOTONIC, &start);
      const auto answer = test::answer_to({request[0], {static_cast<Function>(request[1]), 0, row_.words}});
      request.clear();
      const microseconds before = line.wire_time(8) + row_.turnaround;
      for (std::size_t i = 0; i < answer.size(); ++i) {
        sleep_until(start, before + line.wire_time(i + 1));
        (void)!::write(master_, &answer[i], 1);
      }
    }
  }

  const Row row_;
  const int master_;
  std::string device_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

struct Silent : Log {
  void write(LogLevel level, std::string_view, std::string_view text) override {
    if (level == LogLevel::error) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

struct Counting : BusObserver {
  void on_block(std::size_t, std::size_t, Instant, std::span<const std::uint16_t>) override { ++blocks; }
  void on_identity(std::size_t, std::size_t, Instant, std::span<const std::uint16_t>) override {}
  void on_meter_state(std::size_t, Health) override {}
  void on_port_state(PortState) override {}
  std::uint64_t blocks = 0;
};

struct Usage {
  double cpu_s;
  long wake_ups;
};
Usage usage_of_this_thread() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return {static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9, used.ru_nvcsw};
}

void measure(const Row& row, std::chrono::seconds duration) {
  const PacedMeter paced(row);
  boost::asio::io_context io;
  test::SteadyClock clock;
  Silent log;
  Counting seen;
  SerialSettings serial;
  serial.device = paced.device();
  serial.baud = row.baud;
  BusMeter meter;
  meter.name = "paced";
  meter.plan.blocks = {{Function::read_input, 0, row.words}};
  meter.plan.poll_interval = milliseconds(0);
  const auto driver = BusDriver::make(io, clock, log, {"bus", serial, {meter}}, seen).value();
  driver->start();
  test::run_until(io, [&] { return seen.blocks == 20; }, std::chrono::minutes(1));  // the turnaround is known by then
  const Instant start = clock.now();
  const Usage before = usage_of_this_thread();
  const std::uint64_t first = seen.blocks;
  test::run_until(io, [&] { return clock.now() - start >= duration && seen.blocks > first; }, std::chrono::minutes(1));
  const auto n = static_cast<double>(seen.blocks - first);
  const Usage after = usage_of_this_thread();
  const double cycle_ms = static_cast<double>((clock.now() - start).count()) / 1000 / n;
  const LineTiming line = LineTiming::serial(row.baud, 10);
  const auto limit = line.wire_time(8) + row.turnaround + line.wire_time(answer_length(Framing::rtu, row.words)) +
                     line.frame_silence();
  const double limit_ms = static_cast<double>(limit.count()) / 1000;
  const MeterCounters& counters = driver->counters(0);
  std::printf("%7u %6u %8lld %10.1f %10.1f %8.1f%% %10.0f %9.2f %7u %10.1f\n", row.baud, row.words,
              static_cast<long long>(row.turnaround.count()), limit_ms, cycle_ms, 100 * limit_ms / cycle_ms,
              (after.cpu_s - before.cpu_s) * 1e6 / n, static_cast<double>(after.wake_ups - before.wake_ups) / n,
              static_cast<unsigned>(counters.timeouts + counters.crc_errors),
              static_cast<double>(driver->turnaround(0).count()) / 1000);
  driver->stop();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::chrono::seconds duration(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5);
  std::printf("   baud  words  turn ms   limit ms   cycle ms  of limit     CPU us  wake-ups  faults learned ms\n");
  const Row rows[] = {{9600, 80, milliseconds(0)},   {9600, 80, milliseconds(20)},  {9600, 2, milliseconds(20)},
                      {19200, 80, milliseconds(20)}, {38400, 80, milliseconds(20)}, {115200, 80, milliseconds(5)}};
  for (const Row& row : rows) measure(row, duration);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 2;
}
