#include "meter/sim/sim_meter.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::meter::sim {
namespace {

// @source MODBUS Application Protocol V1.1b3, 7
enum Exception : std::uint8_t {
  kIllegalFunction = 1,
  kIllegalAddress = 2,
  kIllegalValue = 3
};

constexpr std::uint8_t kReadHolding = 3;
constexpr std::uint8_t kReadInput = 4;
constexpr std::uint8_t kWriteOne = 6;
constexpr std::uint8_t kDiagnostics = 8;
constexpr std::uint8_t kWriteMany = 16;

constexpr std::int64_t kSecond = 1000;
// Above this much simulated time in one call the curve is sampled, not summed second by second.
constexpr std::int64_t kExactSpan = std::int64_t{2} * 86400 * kSecond;
constexpr double kHourMs = 3600.0 * kSecond;
constexpr SimTime kDemandWindow = std::chrono::minutes(15);

Pdu exception(std::uint8_t function, Exception code) {
  Pdu pdu;
  pdu.push_back(static_cast<std::uint8_t>(function | 0x80U));
  pdu.push_back(code);
  return pdu;
}

Pdu copy(Bytes bytes) {
  Pdu pdu;
  for (const std::uint8_t byte : bytes) pdu.push_back(byte);
  return pdu;
}

const Register* register_at(const Profile& profile, Table table, std::uint32_t address) {
  const auto found = std::ranges::find_if(profile.registers, [&](const Register& entry) {
    return entry.table == table && entry.is_polled && entry.address <= address && address < entry.end();
  });
  return found == profile.registers.end() ? nullptr : &*found;
}

}  // namespace

SimMeter::SimMeter(Profile profile, const SimMeterSettings& settings, SimTime start)
    : profile_(std::move(profile)), curve_(settings.seed, profile_.phases, settings.solar_peak_watts), now_(start) {
  for (std::size_t i = 0; i < profile_.phases; ++i) {
    quantities_.counters[i].active_import = settings.start_import_kwh / profile_.phases;
    quantities_.counters[i].active_export = settings.start_export_kwh / profile_.phases;
  }
  quantities_.at_start = quantities_.counters;
  quantities_.load = curve_.at(start);
  quantities_.serial_number = 20000000 + static_cast<std::uint32_t>(settings.seed % 1000000);
  quantities_.meter_code = profile_.limits.meter_code.value_or(0);
}

void SimMeter::advance_to(SimTime time) {
  const std::int64_t span = (time - now_).count();
  const std::int64_t step = span > kExactSpan ? 60 * kSecond : kSecond;
  while (now_ < time) {
    // The curve is constant within a second, so whole steps end where a second ends.
    const std::int64_t into_step = ((now_.count() % step) + step) % step;
    const SimTime until = std::min(time, now_ + SimTime(step - into_step));
    const double hours = static_cast<double>((until - now_).count()) / kHourMs;
    quantities_.load = curve_.at(now_);
    for (std::size_t i = 0; i < profile_.phases; ++i) quantities_.counters[i].add(quantities_.load.phases[i], hours);
    add_demand(until - now_);
    now_ = until;
  }
  quantities_.load = curve_.at(now_);
}

void SimMeter::add_demand(SimTime span) {
  double watts = 0;
  for (const PhaseLoad& phase : quantities_.load.phases) watts += phase.watts;
  const double amperes = value_of("current_l1", quantities_);
  if (demand_span_ >= kDemandWindow) demand_span_ = SimTime{};
  demand_span_ += span;
  // A mean that needs no sum.
  const double weight = static_cast<double>(span.count()) / static_cast<double>(demand_span_.count());
  quantities_.demand_watts += (watts - quantities_.demand_watts) * weight;
  quantities_.demand_amperes += (amperes - quantities_.demand_amperes) * weight;
  if (demand_span_ < kDemandWindow) return;
  quantities_.demand_watts_max = std::max(quantities_.demand_watts_max, quantities_.demand_watts);
  quantities_.demand_amperes_max = std::max(quantities_.demand_amperes_max, quantities_.demand_amperes);
}

Pdu SimMeter::answer(Bytes request) const {
  ByteReader reader(request);
  const std::uint8_t function = reader.u8();
  if (reader.failed() || function > 63 || (profile_.limits.functions >> function & 1) == 0) {
    return exception(function, kIllegalFunction);
  }
  if (function == kReadHolding || function == kReadInput) {
    const std::uint16_t address = reader.u16();
    const std::uint16_t count = reader.u16();
    if (reader.failed() || reader.left() != 0) return exception(function, kIllegalValue);
    return read(function, address, count);
  }
  if (function == kDiagnostics) {
    const bool is_echo = reader.u16() == 0;
    return is_echo && !reader.failed() ? copy(request) : exception(function, kIllegalFunction);
  }
  // Settings of a simulated meter do not change: a write is refused as one of a value that is not allowed.
  const bool is_write = function == kWriteOne || function == kWriteMany;
  return exception(function, is_write ? kIllegalValue : kIllegalFunction);
}

Pdu SimMeter::read(std::uint8_t function, std::uint16_t address, std::uint16_t count) const {
  const Table table = function == kReadInput ? Table::input : Table::holding;
  const Holes holes = profile_.limits.holes;
  if (count == 0 || count > profile_.limits.max_words) return exception(function, kIllegalValue);
  // An Eastron refuses what begins or ends inside a float, and answers a single word with something.
  // @source Eastron SDM630 protocol 1.8, 2.0: exception 02; user capture: FC03 0023 x1 answered 0000
  const bool is_within_float = holes == Holes::zero && count > 1 && (address % 2 != 0 || count % 2 != 0);
  if (is_within_float) return exception(function, kIllegalAddress);

  Pdu pdu;
  pdu.push_back(function);
  pdu.push_back(static_cast<std::uint8_t>(2 * count));
  const Register* entry = nullptr;
  std::vector<std::uint16_t> words;
  for (std::uint32_t at = address; at < std::uint32_t{address} + count; ++at) {
    if (entry == nullptr || at >= entry->end()) {
      entry = register_at(profile_, table, at);
      if (entry != nullptr) words = encode(*entry, value_of(entry->name, quantities_));
    }
    std::uint16_t word = holes == Holes::ones ? 0xFFFF : 0;
    if (entry != nullptr) {
      const bool is_part = holes == Holes::zero && count < entry->words;
      word = is_part ? std::uint16_t{0} : words[at - entry->address];
    } else {
      const bool is_answered = is_inside_map(table, at) || (holes == Holes::zero && table == Table::holding);
      if (holes == Holes::unknown || holes == Holes::exception || !is_answered) {
        return exception(function, kIllegalAddress);
      }
    }
    pdu.push_back(static_cast<std::uint8_t>(word >> 8));
    pdu.push_back(static_cast<std::uint8_t>(word));
  }
  return pdu;
}

bool SimMeter::is_inside_map(Table table, std::uint32_t address) const {
  const auto is_of = [table](const Register& entry) { return entry.table == table; };
  const auto& registers = profile_.registers;
  const auto first = std::ranges::find_if(registers, is_of);
  const auto last = std::find_if(registers.rbegin(), registers.rend(), is_of);
  return first != registers.end() && address >= first->address && address < last->end();
}

}  // namespace meterseal::meter::sim
