#include <array>
#include <map>

#include "web/view_json.hpp"

namespace meterseal::web {

namespace {

struct Reading {
  std::string_view name;
  std::string_view help;
  Metric::Kind kind;
  unsigned scale;
  Value (*of)(const MeterView& meter);
};

constexpr auto kGauge = Metric::Kind::gauge;
constexpr auto kCounter = Metric::Kind::counter;

/// Base units, as Prometheus wants them. @source Prometheus, metric and label naming
constexpr Reading kReadings[] = {
    {"power_watts", "Active power, import positive", kGauge, 3, [](const MeterView& m) { return m.whole.power_mw; }},
    {"apparent_power_voltamperes", "Apparent power", kGauge, 3,
     [](const MeterView& m) { return m.whole.apparent_mva; }},
    {"power_factor_ratio", "Power factor", kGauge, 3, [](const MeterView& m) { return m.whole.factor_permille; }},
    {"frequency_hertz", "Frequency", kGauge, 3, [](const MeterView& m) { return m.frequency_mhz; }},
    {"energy_watthours_total", "Imported active energy", kCounter, 3, [](const MeterView& m) { return m.total_mwh; }},
    {"exported_energy_watthours_total", "Exported active energy", kCounter, 3,
     [](const MeterView& m) { return m.exported_mwh; }},
};

struct PhaseReading {
  std::string_view name;
  std::string_view help;
  Value (*of)(const PhaseValues& phase);
};
constexpr PhaseReading kPhaseReadings[] = {
    {"phase_voltage_volts", "Voltage of a phase", [](const PhaseValues& p) { return p.voltage_mv; }},
    {"phase_current_amperes", "Current of a phase", [](const PhaseValues& p) { return p.current_ma; }},
    {"phase_power_watts", "Active power of a phase", [](const PhaseValues& p) { return p.power_mw; }},
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string sample(const Metric& metric) {
  std::string text = "meterseal_" + std::string(metric.name);
  char separator = '{';
  for (const auto& [name, value] : metric.labels) {
    text += separator + std::string(name) + "=\"" + escaped(value) + '"';
    separator = ',';
  }
  if (separator == ',') text += '}';
  std::array<char, 32> memory{};
  TextWriter number(memory);
  number.add_fixed(metric.value, metric.scale, metric.scale);
  return text + ' ' + std::string(number.view()) + '\n';
}

std::vector<Metric> reading_metrics(const std::vector<MeterView>& meters) {
  std::vector<Metric> metrics;
  for (const MeterView& meter : meters) {
    metrics.push_back(
        {"meter_up", "1: the meter answers", kGauge, {{"meter", meter.name}}, meter.trouble.empty() ? 1 : 0, 0});
    for (const Reading& reading : kReadings) {
      if (const Value value = reading.of(meter))
        metrics.push_back({reading.name, reading.help, reading.kind, {{"meter", meter.name}}, *value, reading.scale});
    }
    for (std::size_t i = 0; i < meter.phases.size(); ++i) {
      for (const PhaseReading& reading : kPhaseReadings) {
        const Value value = reading.of(meter.phases[i]);
        if (!value) continue;
        metrics.push_back(
            {reading.name, reading.help, kGauge, {{"meter", meter.name}, {"phase", std::to_string(i + 1)}}, *value, 3});
      }
    }
  }
  return metrics;
}

}  // namespace

std::string metrics_text(DeviceView& device) {
  std::vector<Metric> metrics = reading_metrics(device.meters());
  for (Metric& metric : device.metrics()) metrics.push_back(std::move(metric));
  // All samples of a name stand together behind its type, which the format asks for.
  std::map<std::string_view, std::string> families;
  for (const Metric& metric : metrics) {
    std::string& family = families[metric.name];
    if (family.empty()) {
      const std::string name = "meterseal_" + std::string(metric.name);
      family = "# HELP " + name + ' ' + std::string(metric.help) + "\n# TYPE " + name +
               (metric.kind == kCounter ? " counter\n" : " gauge\n");
    }
    family += sample(metric);
  }
  std::string text;
  for (const auto& [name, family] : families) text += family;
  return text;
}

}  // namespace meterseal::web
