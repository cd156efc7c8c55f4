// `meterseal sim`: simulated meters on a pseudo-terminal or a TCP port, for trying the program and for testing readers
// of any make. Every line of its output says SIMULATED, so that nobody takes the values for real.

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config_address.hpp"
#include "app/verbs.hpp"
#include "meter/default_profiles.hpp"
#include "meter/errors.hpp"
#include "meter/sim/host/sim_line.hpp"

namespace meterseal::app {
namespace {

using meter::Profile;
using meter::sim::SimTime;
using meter::sim::host::SimLine;
using meter::sim::host::SimMeterOptions;
using meter::sim::host::SimOptions;
using meter::sim::host::Transport;

/// The command line as it was given.
struct SimArguments {
  std::vector<std::string> meters;  ///< PROFILE:ADDRESS
  std::string link;
  std::optional<std::uint16_t> tcp_port;
  std::string listen = "127.0.0.1";
  std::string framing = "modbus-tcp";
  std::uint32_t baud = 9600;
  std::string parity = "none";
  unsigned stop_bits = 1;
  std::uint32_t turnaround_ms = 20;
  std::string start;  ///< HH:MM
  std::uint32_t speed_up = 1;
  std::uint64_t seed = 1;
  std::vector<std::uint32_t> mute;  ///< addresses
  std::uint32_t corrupt_every = 0;
  std::uint32_t late_every = 0;
  std::uint32_t late_by_ms = 1500;
};

tl::unexpected<Error> bad(std::string_view where, std::string_view what) {
  return fail(meter::sim_options_invalid, where, what, "see meterseal sim --help");
}

/// Without --start the meters live through the day of this machine.
Result<SimTime> start_of_day_time(const std::string& text) {
  if (text.empty()) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min) + seconds(local.tm_sec);
  }
  std::uint64_t hour = 0;
  std::uint64_t minute = 0;
  const std::string_view view = text;
  if (view.size() != 5 || view[2] != ':' || !parse_decimal(view.substr(0, 2), 0, 23, hour) ||
      !parse_decimal(view.substr(3), 0, 59, minute)) {
    return bad("--start " + text, "expected a time of day such as 18:30");
  }
  return std::chrono::hours(hour) + std::chrono::minutes(minute);
}

Result<SimMeterOptions> read_meter(const std::string& text, std::span<const Profile> profiles,
                                   const SimArguments& arguments) {
  const std::string where = "--meter " + text;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad(where, "expected PROFILE:ADDRESS such as sdm630:1");
  std::uint64_t address = 0;
  if (!parse_decimal(std::string_view(text).substr(colon + 1), 1, 247, address)) {
    return bad(where, "expected an address from 1 to 247 after the colon");
  }
  const auto profile = meter::find_profile(profiles, text.substr(0, colon));
  if (!profile) {
    const Error& unknown = profile.error();
    return fail(unknown.code, where, Text<224>(unknown.where).add(" ").add(unknown.detail),
                "docs/formats/profiles.md lists the meters that can be simulated");
  }
  SimMeterOptions meter;
  meter.profile = **profile;
  meter.address = static_cast<std::uint8_t>(address);
  meter.settings.seed = arguments.seed + address;  // two meters of a site have different loads
  meter.turnaround = milliseconds(arguments.turnaround_ms);
  meter.faults.corrupt_every = arguments.corrupt_every;
  meter.faults.late_every = arguments.late_every;
  meter.faults.late_by = milliseconds(arguments.late_by_ms);
  return meter;
}

Result<void> mute(SimOptions& options, const std::vector<std::uint32_t>& addresses) {
  for (const std::uint32_t address : addresses) {
    bool found = false;
    for (SimMeterOptions& meter : options.meters) {
      if (meter.address != address) continue;
      meter.faults.is_silent = true;
      found = true;
    }
    if (!found) return bad("--mute " + std::to_string(address), "no meter has this address");
  }
  return {};
}

Result<SimOptions> options_of(const SimArguments& arguments) {
  const auto profiles = meter::load_profiles(meter::default_profile_texts());
  if (!profiles) return tl::unexpected(profiles.error());
  SimOptions options;
  for (const std::string& text : arguments.meters) {
    auto meter = read_meter(text, *profiles, arguments);
    if (!meter) return tl::unexpected(meter.error());
    options.meters.push_back(std::move(*meter));
  }
  if (const auto muted = mute(options, arguments.mute); !muted) return tl::unexpected(muted.error());
  const auto start = start_of_day_time(arguments.start);
  if (!start) return tl::unexpected(start.error());
  if (arguments.tcp_port) {
    options.transport = arguments.framing == "rtu" ? Transport::rtu_over_tcp : Transport::modbus_tcp;
    options.listen = arguments.listen;
    options.port = *arguments.tcp_port;
  }
  options.link = arguments.link;
  options.baud = arguments.baud;
  options.bits_per_char = static_cast<std::uint8_t>(9 + arguments.stop_bits + (arguments.parity == "none" ? 0 : 1));
  options.start = *start;
  options.speed_up = arguments.speed_up;
  return options;
}

std::string description(const SimLine& line, const SimArguments& arguments) {
  const std::string pace = std::to_string(arguments.baud) + " baud 8" + to_upper(arguments.parity.front()) +
                           std::to_string(arguments.stop_bits);
  if (!arguments.tcp_port) return line.path() + " (Modbus RTU, " + pace + ")";
  const std::string address = "tcp " + format(HostPort{arguments.listen, line.port()});
  if (arguments.framing == "modbus-tcp") return address + " (Modbus TCP)";
  return address + " (RTU over TCP, " + pace + ")";
}

void print_counters(const meter::sim::LineCounters& counters) {
  std::printf(
      "SIMULATED line ended: %llu requests, %llu answers, %llu damaged, %llu for other addresses, %llu collisions\n",
      static_cast<unsigned long long>(counters.requests), static_cast<unsigned long long>(counters.answers),
      static_cast<unsigned long long>(counters.garbage), static_cast<unsigned long long>(counters.strangers),
      static_cast<unsigned long long>(counters.collisions));
}

int simulate(const SimArguments& arguments) {
  auto options = options_of(arguments);
  if (!options) return print_error(options.error()), 2;
  for (const SimMeterOptions& meter : options->meters) {
    std::printf("SIMULATED %s at address %u%s\n", std::string(meter.profile.model.view()).c_str(), meter.address,
                meter.faults.is_silent ? ", silent" : "");
  }
  std::fflush(stdout);  // before the link exists: whoever sees it finds the lines above
  boost::asio::io_context io(1);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
  const auto line = SimLine::make(io, std::move(*options));
  if (!line) return print_error(line.error()), 2;
  std::printf("SIMULATED line: %s, every value is made up\n", description(**line, arguments).c_str());
  std::fflush(stdout);
  io.run();
  print_counters((*line)->counters());
  return 0;
}

void add_line_options(CLI::App& verb, SimArguments& arguments) {
  auto* link = verb.add_option("--link", arguments.link, "Make this symbolic link to the pseudo-terminal");
  auto* tcp = verb.add_option("--tcp", arguments.tcp_port, "Serve on this TCP port instead; 0 takes a free one");
  tcp->excludes(link)->type_name("PORT");
  verb.add_option("--listen", arguments.listen, "With --tcp: the numeric address to listen on")
      ->needs(tcp)
      ->type_name("ADDRESS")
      ->capture_default_str();
  verb.add_option("--framing", arguments.framing, "With --tcp: modbus-tcp, or rtu as a serial server gives it")
      ->needs(tcp)
      ->check(CLI::IsMember({"modbus-tcp", "rtu"}))
      ->type_name("")
      ->capture_default_str();
  verb.add_option("--baud", arguments.baud, "Pace of the line")->type_name("N")->capture_default_str();
  verb.add_option("--parity", arguments.parity, "With even or odd one bit more per character")
      ->check(CLI::IsMember({"none", "even", "odd"}))
      ->type_name("")
      ->capture_default_str();
  verb.add_option("--stop-bits", arguments.stop_bits, "Of each character")
      ->check(CLI::Range(1, 2))
      ->type_name("N")
      ->capture_default_str();
  link->type_name("PATH");
}

void add_meter_options(CLI::App& verb, SimArguments& arguments) {
  verb.add_option("--meter", arguments.meters,
                  "A meter on the line, as often as wanted; profiles: docs/formats/profiles.md")
      ->required()
      ->allow_extra_args(false)
      ->type_name("PROFILE:ADDRESS");
  verb.add_option("--turnaround-ms", arguments.turnaround_ms, "Time from request to answer")
      ->check(CLI::Range(0, 60000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--start", arguments.start, "Time of day that the meters begin with (default: this machine's)")
      ->type_name("HH:MM");
  verb.add_option("--speed-up", arguments.speed_up, "Simulated seconds per second")
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--seed", arguments.seed, "Another number, another household")->type_name("N")->capture_default_str();
}

void add_fault_options(CLI::App& verb, SimArguments& arguments) {
  verb.add_option("--mute", arguments.mute, "The meter at this address never answers")
      ->allow_extra_args(false)
      ->type_name("ADDRESS")
      ->group("Faults");
  verb.add_option("--corrupt-every", arguments.corrupt_every, "Damage one bit of each N-th answer")
      ->type_name("N")
      ->group("Faults");
  verb.add_option("--late-every", arguments.late_every, "Delay each N-th answer")->type_name("N")->group("Faults");
  verb.add_option("--late-ms", arguments.late_by_ms, "By how much")
      ->check(CLI::Range(0, 600000))
      ->type_name("N")
      ->group("Faults")
      ->capture_default_str();
}

}  // namespace

void add_sim_verb(CLI::App& program, Job& job) {
  const auto arguments = std::make_shared<SimArguments>();
  CLI::App* verb =
      program.add_subcommand("sim", "Simulates meters on a serial line or a TCP port, for trying and testing");
  add_line_options(*verb, *arguments);
  add_meter_options(*verb, *arguments);
  add_fault_options(*verb, *arguments);
  verb->footer(
      "Example: meterseal sim --link /tmp/bus --meter sdm630:1 --meter sdm120:2\n"
      "         then device = \"/tmp/bus\" in the configuration file; Ctrl-C ends it.\n"
      "Exit codes: 0 ended by a signal, 2 usage or a line that cannot be had");
  verb->callback([arguments, &job] { job = [arguments] { return simulate(*arguments); }; });
}

}  // namespace meterseal::app
