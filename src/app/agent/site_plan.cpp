#include "app/agent/site_plan.hpp"

#include <algorithm>
#include <iterator>

#include "mqtt/energy_payload.hpp"

namespace meterseal::app {

namespace {

namespace line = meter::host;

line::Parity parity_of(Parity parity) {
  switch (parity) {
    case Parity::none: return line::Parity::none;
    case Parity::even: return line::Parity::even;
    case Parity::odd: return line::Parity::odd;
  }
  return line::Parity::none;
}

line::Rs485 rs485_of(Rs485 rs485) {
  switch (rs485) {
    case Rs485::automatic: return line::Rs485::automatic;
    case Rs485::kernel: return line::Rs485::kernel;
    case Rs485::off: return line::Rs485::off;
  }
  return line::Rs485::automatic;
}

line::SerialSettings settings_of(const SerialLine& serial) {
  return {serial.device, serial.baud, parity_of(serial.parity), serial.stop_bits, rs485_of(serial.rs485)};
}

line::TcpSettings settings_of(const TcpLine& tcp) {
  const bool rtu = tcp.framing == Framing::rtu;
  return {tcp.address.host, tcp.address.port, rtu ? meter::Framing::rtu : meter::Framing::mbap};
}

/// Behind a gateway that speaks Modbus TCP the gateway itself keeps the silences of its line.
bool keeps_silence(const BusConfig& bus) {
  const auto* tcp = std::get_if<TcpLine>(&bus.line);
  return tcp == nullptr || tcp->framing == Framing::rtu;
}

meter::PollTiming timing_of(const BusConfig& bus, milliseconds gap) {
  const auto* serial = std::get_if<SerialLine>(&bus.line);
  if (serial == nullptr) return meter::kNetworkTiming;
  meter::PollTiming timing;
  timing.baud = serial->baud;
  timing.bits_per_char = line::bits_per_character(settings_of(*serial));
  timing.gap = gap;
  return timing;
}

meter::ReadBlock block_of(const meter::PollRequest& request) {
  const bool input = request.table == meter::Table::input;
  return {input ? meter::Function::read_input : meter::Function::read_holding, request.address, request.words};
}

milliseconds slow_interval(const meter::Profile& profile, const MeterConfig& config) {
  return config.energy_poll.value_or(std::max<milliseconds>(config.poll, profile.limits.slow_interval));
}

/// Registers that lie within requests that are sent anyway need none of their own.
/// @return the others
std::vector<std::uint16_t> take_along(const meter::Profile& profile, const std::vector<std::uint16_t>& registers,
                                      std::vector<meter::PollRequest>& requests) {
  std::vector<std::uint16_t> others;
  for (const std::uint16_t index : registers) {
    const meter::Register& entry = profile.registers[index];
    const auto request = std::find_if(requests.begin(), requests.end(), [&](const meter::PollRequest& sent) {
      return sent.table == entry.table && sent.address <= entry.address && entry.end() <= sent.address + sent.words;
    });
    if (request == requests.end()) {
      others.push_back(index);
      continue;
    }
    auto& read = request->registers;
    read.insert(std::lower_bound(read.begin(), read.end(), index), index);
  }
  return others;
}

/// The requests of a meter: what is read at each poll, then what is read less often.
struct Groups {
  std::vector<meter::PollRequest> requests;
  std::size_t slow = 0;  ///< so many of them, the last ones
  microseconds expected{};
};

Result<Groups> group(const meter::Profile& profile, const MeterConfig& config, const meter::PollTiming& timing) {
  const auto& wanted = config.read == ReadScope::all ? profile.all : profile.telemetry;
  const bool apart = slow_interval(profile, config) > config.poll;
  std::vector<std::uint16_t> fast;
  std::vector<std::uint16_t> slow;
  for (const std::uint16_t index : wanted) {
    (apart && profile.registers[index].group == meter::Group::slow ? slow : fast).push_back(index);
  }
  if (fast.empty()) fast.swap(slow);
  auto polled = meter::make_poll_plan(profile, fast, timing);
  if (!polled) return tl::unexpected(polled.error());
  Groups groups{std::move(polled->requests), 0, polled->expected};
  slow = take_along(profile, slow, groups.requests);
  if (slow.empty()) return groups;
  auto seldom = meter::make_poll_plan(profile, slow, timing);
  if (!seldom) return tl::unexpected(seldom.error());
  groups.slow = seldom->requests.size();
  groups.expected += seldom->expected;
  std::move(seldom->requests.begin(), seldom->requests.end(), std::back_inserter(groups.requests));
  return groups;
}

struct PlannedMeter {
  MeterPlan plan;
  line::BusMeter on_bus;
  microseconds round{};  ///< all its requests on this line
};

Result<PlannedMeter> plan_meter(const BusConfig& bus, const MeterConfig& config,
                                std::span<const meter::Profile> profiles) {
  const auto found = meter::find_profile(profiles, config.profile);
  if (!found) return tl::unexpected(found.error());
  const meter::Profile& profile = **found;

  const bool silent = keeps_silence(bus);
  const milliseconds gap = config.gap.value_or(silent ? profile.limits.gap : milliseconds{0});
  const milliseconds change_gap =
      config.gap.value_or(silent ? std::max(profile.limits.slave_gap, gap) : milliseconds{0});
  auto poll = group(profile, config, timing_of(bus, gap));
  if (!poll) return tl::unexpected(poll.error());

  PlannedMeter planned;
  MeterPlan& plan = planned.plan;
  plan.name = config.name;
  plan.key = config.primary ? std::string(mqtt::kPrimaryKey) : config.name;
  plan.profile = &profile;
  plan.requests = std::move(poll->requests);
  for (const std::uint16_t index : profile.identity) plan.identity.push_back(meter::single_request(profile, index));
  plan.read = config.read;
  plan.invert = config.invert;
  planned.round = poll->expected + change_gap;

  meter::MeterPlan& on_bus = planned.on_bus.plan;
  planned.on_bus.name = config.name;
  on_bus.unit = config.address;
  for (const auto& request : plan.requests) on_bus.blocks.push_back(block_of(request));
  for (const auto& request : plan.identity) on_bus.identity.push_back(block_of(request));
  on_bus.response_timeout = config.timeout.value_or(profile.limits.timeout);
  on_bus.gap = gap;
  on_bus.slave_change_gap = change_gap;
  on_bus.poll_interval = config.poll;
  on_bus.slow_blocks = poll->slow;
  on_bus.slow_interval = slow_interval(profile, config);
  // Who gives an interval wants that one.
  plan.reads_before_telemetry = poll->slow > 0 && !config.energy_poll;
  return planned;
}

Result<BusPlan> plan_bus(const BusConfig& bus, std::string name, std::span<const meter::Profile> profiles) {
  BusPlan plan;
  plan.settings.name = std::move(name);
  std::visit([&](const auto& settings) { plan.settings.port = settings_of(settings); }, bus.line);
  LoopClock::duration round{0};
  LoopClock::duration longest_timeout{0};
  for (const MeterConfig& config : bus.meters) {
    auto planned = plan_meter(bus, config, profiles);
    if (!planned) return tl::unexpected(planned.error());
    round += planned->round;
    longest_timeout = std::max<LoopClock::duration>(longest_timeout, planned->on_bus.plan.response_timeout);
    plan.settings.meters.push_back(std::move(planned->on_bus));
    plan.meters.push_back(std::move(planned->plan));
  }
  for (std::size_t i = 0; i < plan.meters.size(); ++i) {
    const auto freshness = [&](LoopClock::duration interval) {
      return std::max(interval, round) + round + longest_timeout;
    };
    const meter::MeterPlan& on_bus = plan.settings.meters[i].plan;
    plan.meters[i].freshness = freshness(on_bus.poll_interval);
    // A slow block begins with a poll: up to one interval of those later.
    plan.meters[i].slow_freshness =
        on_bus.slow_blocks > 0 ? freshness(on_bus.slow_interval + on_bus.poll_interval) : plan.meters[i].freshness;
  }
  return plan;
}

}  // namespace

Result<std::vector<BusPlan>> make_site_plan(const Config& config, std::span<const meter::Profile> profiles) {
  std::vector<BusPlan> plans;
  for (const BusConfig& bus : config.buses) {
    auto plan = plan_bus(bus, "bus" + std::to_string(plans.size() + 1), profiles);
    if (!plan) return tl::unexpected(plan.error());
    plans.push_back(std::move(*plan));
  }
  return plans;
}

mqtt::MeterShape shape_of(const MeterPlan& plan) {
  const auto& wanted = plan.read == ReadScope::all ? plan.profile->all : plan.profile->telemetry;
  std::vector<meter::Measurand> polled;
  std::vector<meter::Measurand> slow;
  polled.reserve(wanted.size());
  for (const std::uint16_t index : wanted) {
    const meter::Register& entry = plan.profile->registers[index];
    polled.push_back(entry.what);
    if (entry.group == meter::Group::slow) slow.push_back(entry.what);
  }
  return {plan.profile->phases == 3 ? mqtt::Phases::three : mqtt::Phases::one, polled, slow};
}

std::string character_frame(const BusConfig& bus) {
  const auto* serial = std::get_if<SerialLine>(&bus.line);
  if (serial == nullptr) return {};
  constexpr std::string_view letters = "NEO";
  return std::string("8") + letters[static_cast<std::size_t>(serial->parity)] + std::to_string(serial->stop_bits);
}

}  // namespace meterseal::app
