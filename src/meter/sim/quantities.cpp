#include "meter/sim/quantities.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

namespace meterseal::meter::sim {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

double apparent(const PhaseLoad& load) {
  return std::hypot(load.watts, load.vars);
}
double current(const PhaseLoad& load) {
  return load.volts > 0 ? apparent(load) / load.volts : 0;
}

/// The words of a name: "energy_active_import_l1" is energy, active, import, l1.
class Words {
 public:
  explicit Words(std::string_view name) : name_(name) {}

  [[nodiscard]] std::string_view at(std::size_t i) const {
    std::string_view rest = name_;
    for (; i > 0; --i) {
      const std::size_t end = rest.find('_');
      if (end == std::string_view::npos) return {};
      rest.remove_prefix(end + 1);
    }
    return rest.substr(0, rest.find('_'));
  }
  [[nodiscard]] bool has(std::string_view word) const {
    for (std::size_t i = 0; !at(i).empty(); ++i) {
      if (at(i) == word) return true;
    }
    return false;
  }
  /// The first phase that is named: 0 to 2.
  [[nodiscard]] std::optional<std::size_t> phase() const {
    for (const auto& [word, index] : {std::pair{"l1", 0U}, {"l2", 1U}, {"l3", 2U}}) {
      if (has(word)) return index;
    }
    return std::nullopt;
  }

 private:
  std::string_view name_;
};

template <class F>
double sum(const std::array<PhaseLoad, 3>& phases, F of) {
  double total = 0;
  for (const PhaseLoad& phase : phases) total += of(phase);
  return total;
}

double live_phases(const Load& load) {
  return std::max(1.0, sum(load.phases, [](const PhaseLoad& phase) { return phase.volts > 0 ? 1.0 : 0.0; }));
}

/// Between two lines a third of a turn apart. @source law of cosines
double between_lines(const PhaseLoad& a, const PhaseLoad& b) {
  return a.volts > 0 && b.volts > 0 ? std::sqrt(a.volts * a.volts + b.volts * b.volts + a.volts * b.volts) : 0;
}

double voltage(const Words& words, const Load& load) {
  const auto& [first, second, third] = load.phases;
  if (words.at(1) == "ln") return sum(load.phases, [](const PhaseLoad& p) { return p.volts; }) / live_phases(load);
  if (words.at(1) == "ll") {
    return (between_lines(first, second) + between_lines(second, third) + between_lines(third, first)) / 3;
  }
  if (words.at(2).empty()) return load.phases[words.phase().value_or(0)].volts;
  return words.at(1) == "l1"   ? between_lines(first, second)
         : words.at(1) == "l2" ? between_lines(second, third)
                               : between_lines(third, first);
}

/// Vector sum of three currents a third of a turn apart, each turned by its own angle.
double neutral_current(const Load& load) {
  double x = 0;
  double y = 0;
  for (std::size_t i = 0; i < load.phases.size(); ++i) {
    const PhaseLoad& phase = load.phases[i];
    const double angle = -2 * std::numbers::pi / 3 * static_cast<double>(i) - std::atan2(phase.vars, phase.watts);
    x += current(phase) * std::cos(angle);
    y += current(phase) * std::sin(angle);
  }
  return std::hypot(x, y);
}

double current_of(const Words& words, const Load& load) {
  if (words.has("neutral")) return neutral_current(load);
  if (const auto phase = words.phase()) return current(load.phases[*phase]);
  const double all = sum(load.phases, current);
  return words.has("avg") ? all / live_phases(load) : all;
}

double power_of(const Words& words, const Load& load) {
  const auto phase = words.phase();
  const double watts = phase ? load.phases[*phase].watts : sum(load.phases, [](const PhaseLoad& p) { return p.watts; });
  const double vars = phase ? load.phases[*phase].vars : sum(load.phases, [](const PhaseLoad& p) { return p.vars; });
  if (words.has("active")) {
    return words.has("import") ? std::max(watts, 0.0) : words.has("export") ? std::max(-watts, 0.0) : watts;
  }
  if (words.has("reactive")) return vars;
  if (words.has("apparent")) return phase ? apparent(load.phases[*phase]) : sum(load.phases, apparent);
  if (words.has("angle")) return std::atan2(vars, watts) * kDegrees;
  const double volt_amperes = std::hypot(watts, vars);
  const double factor = volt_amperes > 0 ? watts / volt_amperes : 1;
  return words.has("inverted") ? -factor : factor;
}

double direction(const Words& words, double import, double exported) {
  if (words.at(2) == "import" || words.at(2) == "q1") return import;
  if (words.at(2) == "export" || words.at(2) == "q4") return exported;
  if (words.at(2) == "net") return import - exported;
  return words.at(2) == "total" ? import + exported : 0;
}

double energy_of(const Words& words, const Quantities& quantities) {
  if (words.has("t2") || words.has("t3") || words.has("t4")) return 0;  // one tariff
  const auto phase = words.phase();
  Counters counters;
  Counters start;
  for (std::size_t i = 0; i < 3; ++i) {
    if (phase && *phase != i) continue;
    counters += quantities.counters[i];
    start += quantities.at_start[i];
  }
  const bool from_start = words.has("resettable") || words.has("partial");
  if (words.has("apparent")) return words.at(2) == "export" ? 0 : counters.apparent;
  if (words.has("reactive")) {
    return direction(words, counters.reactive_import - (from_start ? start.reactive_import : 0),
                     counters.reactive_export - (from_start ? start.reactive_export : 0));
  }
  return direction(words, counters.active_import - (from_start ? start.active_import : 0),
                   counters.active_export - (from_start ? start.active_export : 0));
}

double demand_of(const Words& words, const Quantities& quantities) {
  const bool is_max = words.has("max");
  if (words.has("current") && words.has("l1")) {
    return is_max ? quantities.demand_amperes_max : quantities.demand_amperes;
  }
  if (words.has("active") && !words.has("export"))
    return is_max ? quantities.demand_watts_max : quantities.demand_watts;
  return 0;
}

double clamped(double value, double low, double high) {
  return std::clamp(std::round(value), low, high);
}

std::uint64_t raw_bits(const Register& entry, double raw) {
  if (is_float(entry.type)) return std::bit_cast<std::uint32_t>(static_cast<float>(raw));
  const int bits = 16 * entry.words;
  const double span = std::ldexp(1.0, std::min(bits, 53));  // 2^53: the whole numbers that a double knows
  // A counter begins again at the end of its range; everything else stays there.
  if (!is_signed_integer(entry.type) && entry.unit == Unit::kilowatt_hour) {
    return static_cast<std::uint64_t>(std::fmod(std::round(std::fabs(raw)), span));
  }
  if (!is_signed_integer(entry.type)) return static_cast<std::uint64_t>(clamped(std::fabs(raw), 0, span - 1));
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(clamped(raw, -span / 2, span / 2 - 1)));
}

}  // namespace

void Counters::add(const PhaseLoad& load, double hours) {
  (load.watts >= 0 ? active_import : active_export) += std::fabs(load.watts) * hours / 1000;
  (load.vars >= 0 ? reactive_import : reactive_export) += std::fabs(load.vars) * hours / 1000;
  apparent += sim::apparent(load) * hours / 1000;
  ampere_hours += current(load) * hours;
}

Counters& Counters::operator+=(const Counters& other) {
  active_import += other.active_import;
  active_export += other.active_export;
  reactive_import += other.reactive_import;
  reactive_export += other.reactive_export;
  apparent += other.apparent;
  ampere_hours += other.ampere_hours;
  return *this;
}

double value_of(std::string_view name, const Quantities& quantities) {
  const Words words(name);
  const std::string_view kind = words.at(0);
  if (kind == "voltage") return voltage(words, quantities.load);
  if (kind == "current") return current_of(words, quantities.load);
  if (kind == "power" || kind == "phase") return name == "phase_sequence" ? 0 : power_of(words, quantities.load);
  if (kind == "frequency") return quantities.load.hertz;
  if (kind == "energy") return name == "energy_unit_prefix" ? 0 : energy_of(words, quantities);
  if (kind == "demand") return demand_of(words, quantities);
  if (kind == "thd") return words.has("voltage") ? 1.8 : 9.5;
  if (kind == "charge") {
    double all = 0;
    for (const Counters& counters : quantities.counters) all += counters.ampere_hours;
    return all;
  }
  if (name == "serial_number") return quantities.serial_number;
  if (name == "meter_code") return quantities.meter_code;
  return name == "ct_ratio" || name == "vt_ratio" ? 1 : 0;
}

std::vector<std::uint16_t> encode(const Register& entry, double value) {
  std::vector<std::uint16_t> words(entry.words);
  if (entry.type == RegisterType::ascii) {  // decimal digits, padded with NUL
    Text<40> digits;
    digits.add_uint(static_cast<std::uint64_t>(value));
    for (std::size_t i = 0; i < digits.size() && i / 2 < words.size(); ++i) {
      words[i / 2] = static_cast<std::uint16_t>(words[i / 2] | digits.view()[i] << (i % 2 == 0 ? 8 : 0));
    }
    return words;
  }
  const std::uint64_t bits = raw_bits(entry, value / std::pow(10, entry.scale));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t place = is_low_word_first(entry.type) ? i : words.size() - 1 - i;
    words[i] = static_cast<std::uint16_t>(bits >> (16 * place));
  }
  return words;
}

}  // namespace meterseal::meter::sim
