// How much of the line the bus uses: the time of a full cycle over all registers of an SDM630 on the paced simulated
// line, against the shortest possible one (tests/data/poll_timing.csv, computed by another program), and a mixed line
// of eight meters, of which one is dead, against the same line without the dead one. The simulated meters live on a
// thread of their own. Usage: bench_bus [cycles per row, default 20]

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "meter/csv_reader.hpp"
#include "meter/default_profiles.hpp"
#include "meter/host/bus_driver.hpp"
#include "meter/poll_plan.hpp"
#include "meter/sim/host/sim_line.hpp"
#include "support/loop.hpp"

namespace {

using namespace meterseal;
using namespace meterseal::meter;
using namespace meterseal::meter::host;

class Silent : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*tag*/, std::string_view /*text*/) override {}
};

/// Notes when each meter's first block came.
class Cycles : public BusObserver {
 public:
  explicit Cycles(std::size_t meters) : begun(meters) {}
  void on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t>) override {
    if (request == 0) begun[meter].push_back(at);
  }
  void on_identity(std::size_t, std::size_t, Instant, std::span<const std::uint16_t>) override {}
  void on_meter_state(std::size_t, Health) override {}
  void on_port_state(PortState) override {}

  std::vector<std::vector<Instant>> begun;
};

/// A simulated line with its own thread.
class Line {
 public:
  explicit Line(sim::host::SimOptions options) : line_(sim::host::SimLine::make(io_, std::move(options)).value()) {
    path_ = line_->path();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Line() {
    io_.stop();
    thread_.join();
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
  std::unique_ptr<sim::host::SimLine> line_;
  std::string path_;
  std::thread thread_;
};

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = load_profiles(default_profile_texts()).value();
  return all;
}

struct Asked {
  std::string profile;
  std::uint8_t address = 1;
};

sim::host::SimOptions options_of(const std::vector<Asked>& meters, std::uint32_t baud, milliseconds turnaround) {
  sim::host::SimOptions options;
  options.baud = baud;
  for (const Asked& asked : meters) {
    sim::host::SimMeterOptions meter;
    meter.profile = **find_profile(profiles(), asked.profile);
    meter.address = asked.address;
    meter.turnaround = turnaround;
    options.meters.push_back(meter);
  }
  return options;
}

ReadBlock block_of(const PollRequest& request) {
  return {request.table == Table::input ? Function::read_input : Function::read_holding, request.address,
          request.words};
}

MeterPlan plan_of(const Asked& asked, const PollPlan& poll, milliseconds gap, milliseconds slave_gap) {
  MeterPlan plan;
  plan.unit = asked.address;
  for (const PollRequest& request : poll.requests) plan.blocks.push_back(block_of(request));
  plan.gap = gap;
  plan.slave_change_gap = slave_gap;
  plan.poll_interval = milliseconds(0);  // back to back
  return plan;
}

/// Median time between the beginnings of two cycles of the first meter.
double cycle_ms(const std::string& device, std::uint32_t baud, std::vector<BusMeter> meters, std::size_t cycles,
                std::size_t warm_up) {
  boost::asio::io_context io;
  const test::SteadyClock clock;
  Silent log;
  Cycles seen(meters.size());
  SerialSettings serial;
  serial.device = device;
  serial.baud = baud;
  const auto driver = BusDriver::make(io, clock, log, {"bus", serial, std::move(meters)}, seen).value();
  driver->start();
  test::run_until(io, [&] { return seen.begun[0].size() > cycles + warm_up; }, std::chrono::minutes(5));
  driver->stop();
  const auto& begun = seen.begun[0];
  const auto span = begun.back() - begun[warm_up];
  return static_cast<double>(span.count()) / 1000 / static_cast<double>(begun.size() - 1 - warm_up);
}

struct Limit {
  std::string set;
  std::uint32_t baud = 0;
  unsigned turnaround_ms = 0;
  unsigned gap_ms = 0;
  std::string requests;
  std::string words;
  double cycle_ms = 0;
};

std::vector<Limit> read_limits() {
  std::ifstream file(METERSEAL_SOURCE_DIR "/tests/data/poll_timing.csv", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CsvReader reader(text);
  std::vector<Limit> limits;
  while (reader.next()) {
    const auto& fields = reader.fields();
    if (fields.size() < 8 || fields[0] != "SDM630" || fields[1] != "10") continue;
    const auto number = [&](std::size_t i) { return std::strtod(std::string(fields[i]).c_str(), nullptr); };
    limits.push_back({std::string(fields[0]), static_cast<std::uint32_t>(number(2)), static_cast<unsigned>(number(3)),
                      static_cast<unsigned>(number(4)), std::string(fields[5]), std::string(fields[6]), number(7)});
  }
  return limits;
}

void full_cycles(std::size_t cycles) {
  std::printf("full cycle of an SDM630, all documented registers, 8N1\n");
  std::printf("   baud  turnaround ms  gap ms  requests  words  shortest ms  measured ms  of the limit\n");
  const Profile& profile = **find_profile(profiles(), "SDM630");
  for (const Limit& limit : read_limits()) {
    const bool wanted = (limit.baud == 9600 || limit.baud == 19200) && limit.turnaround_ms == 20;
    if (!wanted) continue;
    const PollTiming timing{limit.baud, 10, milliseconds(limit.turnaround_ms), milliseconds(limit.gap_ms)};
    const PollPlan poll = make_poll_plan(profile, profile.all, timing).value();
    const Line line(options_of({{"SDM630", 1}}, limit.baud, milliseconds(limit.turnaround_ms)));
    const MeterPlan plan = plan_of({"SDM630", 1}, poll, milliseconds(limit.gap_ms), milliseconds(0));
    const double measured = cycle_ms(line.path(), limit.baud, {{"main", plan}}, cycles, 3);
    std::printf("%7u %14u %7u %9zu %6zu %12.1f %12.1f %12.1f%%\n", limit.baud, limit.turnaround_ms, limit.gap_ms,
                poll.requests.size(), poll.words(), limit.cycle_ms, measured, 100 * limit.cycle_ms / measured);
  }
}

void mixed_line(std::size_t cycles) {
  std::vector<Asked> live{{"SDM630", 1}};
  for (std::uint8_t address = 2; address <= 7; ++address) live.push_back({"SDM120", address});
  std::vector<BusMeter> meters;
  double limit_ms = 0;
  for (const Asked& asked : live) {
    const Profile& profile = **find_profile(profiles(), asked.profile);
    const PollTiming timing{9600, 10, milliseconds(20), profile.limits.gap};
    const PollPlan poll = make_poll_plan(profile, profile.telemetry, timing).value();
    const milliseconds slave_gap = std::max(profile.limits.slave_gap, profile.limits.gap);
    meters.push_back({asked.profile, plan_of(asked, poll, profile.limits.gap, slave_gap)});
    limit_ms += static_cast<double>((poll.expected - profile.limits.gap + slave_gap).count()) / 1000;
  }
  const Line line(options_of(live, 9600, milliseconds(20)));
  const double alone = cycle_ms(line.path(), 9600, meters, cycles, 3);
  MeterPlan dead = meters.back().plan;
  dead.unit = 8;
  meters.push_back({"dead", dead});
  const double with_dead = cycle_ms(line.path(), 9600, meters, cycles, 8);  // known to be silent by then
  std::printf("\nan SDM630 and six SDM120 on one line, 9600 8N1, telemetry registers, silences of their documents\n");
  std::printf("  shortest %.1f ms, measured %.1f ms: %.1f %% of the limit\n", limit_ms, alone, 100 * limit_ms / alone);
  std::printf("  with an eighth meter that is dead %.1f ms: it costs %.1f %% of the time\n", with_dead,
              100 * (with_dead - alone) / with_dead);
}

}  // namespace

int main(int argc, char** argv) try {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::size_t cycles = argc > 1 ? static_cast<std::size_t>(std::max(1, std::atoi(argv[1]))) : 20;
  full_cycles(cycles);
  mixed_line(std::max<std::size_t>(5, cycles / 2));
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 2;
}
