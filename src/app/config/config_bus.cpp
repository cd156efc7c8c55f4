#include <algorithm>
#include <array>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "core/nearest.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kModbusTcpPort = 502;  // @source IANA service name mbap
constexpr std::size_t kMaxBuses = 16;
constexpr std::size_t kMaxMeters = 64;
constexpr std::size_t kMaxMeterName = 32;
constexpr std::array kBaudRates{1200, 2400, 4800, 9600, 19'200, 38'400, 57'600, 115'200};

/// Names that stand beside the meters' names in SENSOR.
constexpr std::array<std::string_view, 7> kReservedNames{"ENERGY", "Time", "TimeEstimated", "Outbox",
                                                         "Seq",    "Boot", "Loss"};

/// Letters and digits in lower case: "SDM630-Modbus" and "sdm630_modbus" are one profile.
std::string bare_name(std::string_view name) {
  std::string bare;
  for (const char c : name) {
    if (c != '-' && c != '_') bare.push_back(to_lower(c));
  }
  return bare;
}

bool is_meter_name(std::string_view name) {
  const auto good = [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxMeterName && std::all_of(name.begin(), name.end(), good);
}

std::string profile_of(Section& section, std::span<const std::string> profiles) {
  if (!section.has("profile")) section.problem(config_missing_key, "profile", "is missing");
  const auto asked = section.text("profile");
  if (!asked) return {};
  const auto found = std::find_if(profiles.begin(), profiles.end(),
                                  [&](const std::string& known) { return bare_name(known) == bare_name(*asked); });
  if (found != profiles.end()) return *found;
  const std::vector<std::string_view> names(profiles.begin(), profiles.end());
  const std::string_view close = nearest(*asked, names);
  section.problem(config_bad_value, "profile",
                  quoted(*asked) + " is not a known meter" +
                      (close.empty() ? std::string() : "; did you mean \"" + std::string(close) + "\"?"),
                  "profiles/models.csv lists the known meters");
  return {};
}

std::string name_of(Section& section) {
  if (!section.has("name")) section.problem(config_missing_key, "name", "is missing");
  const auto name = section.text("name");
  if (!name) return {};
  const bool reserved = std::any_of(kReservedNames.begin(), kReservedNames.end(),
                                    [&](std::string_view word) { return equals_ignoring_case(word, *name); });
  if (reserved) {
    section.problem(config_bad_value, "name", quoted(*name) + " is a word of the telemetry itself");
  } else if (!is_meter_name(*name)) {
    section.problem(config_bad_value, "name", quoted(*name) + " is not 1 to 32 letters, digits, '-' and '_'");
  }
  return *name;
}

std::optional<milliseconds> duration(Section& section, std::string_view key, std::int64_t low, std::int64_t high) {
  const auto value = section.integer(key, low, high);
  return value ? std::optional(milliseconds{*value}) : std::nullopt;
}

struct AddressRange {
  std::int64_t low, high;
};

MeterConfig read_meter(Section& section, std::span<const std::string> profiles, AddressRange addresses) {
  static constexpr Choice<ReadScope> kScopes[] = {{"telemetry", ReadScope::telemetry}, {"all", ReadScope::all}};
  MeterConfig meter;
  if (!section.has("address")) section.problem(config_missing_key, "address", "is missing");
  meter.address = static_cast<std::uint8_t>(section.integer("address", addresses.low, addresses.high).value_or(0));
  meter.profile = profile_of(section, profiles);
  meter.name = name_of(section);
  meter.primary = section.boolean("primary").value_or(false);
  meter.invert = section.boolean("invert").value_or(false);
  meter.poll = duration(section, "poll_ms", 100, 3'600'000).value_or(meter.poll);
  meter.energy_poll = duration(section, "energy_ms", 100, 3'600'000);
  if (meter.energy_poll < meter.poll && meter.energy_poll) {
    section.problem(config_bad_value, "energy_ms", "is shorter than poll_ms");
  }
  meter.timeout = duration(section, "timeout_ms", 20, 10'000);
  meter.gap = duration(section, "gap_ms", 0, 1000);
  meter.read = section.choice("read", kScopes).value_or(meter.read);
  section.finish();
  return meter;
}

SerialLine read_serial(Section& section, const std::string& file) {
  static constexpr Choice<Parity> kParities[] = {{"none", Parity::none}, {"even", Parity::even}, {"odd", Parity::odd}};
  static constexpr Choice<Rs485> kModes[] = {
      {"auto", Rs485::automatic}, {"kernel", Rs485::kernel}, {"off", Rs485::off}};
  SerialLine line;
  line.device = resolve(file, section.text("device").value_or(""));
  if (section.has("device") && line.device.empty()) section.problem(config_bad_value, "device", "is empty");
  if (const auto baud = section.integer("baud", 1200, 115'200)) {
    if (std::find(kBaudRates.begin(), kBaudRates.end(), *baud) == kBaudRates.end()) {
      section.problem(config_bad_value, "baud", std::to_string(*baud) + " is not a usual rate (1200 to 115200)");
    }
    line.baud = static_cast<std::uint32_t>(*baud);
  }
  line.parity = section.choice("parity", kParities).value_or(line.parity);
  line.stop_bits = static_cast<std::uint8_t>(section.integer("stop_bits", 1, 2).value_or(line.stop_bits));
  line.rs485 = section.choice("rs485", kModes).value_or(line.rs485);
  section.allow("framing");
  if (section.has("framing")) section.problem(config_conflict, "framing", "belongs to tcp, not to device");
  return line;
}

TcpLine read_tcp(Section& section) {
  static constexpr Choice<Framing> kFramings[] = {{"modbus-tcp", Framing::modbus_tcp}, {"rtu", Framing::rtu}};
  TcpLine line;
  const std::string text = section.text("tcp").value_or("");
  const auto address = parse_host_port(text, kModbusTcpPort);
  if (!address) section.problem(config_bad_value, "tcp", quoted(text) + " " + address.error());
  line.address = address.value_or(HostPort{});
  line.framing = section.choice("framing", kFramings).value_or(line.framing);
  for (const std::string_view key : {"baud", "parity", "stop_bits", "rs485"}) {
    section.allow(key);
    if (section.has(key)) section.problem(config_conflict, key, "belongs to device, not to tcp");
  }
  return line;
}

std::variant<SerialLine, TcpLine> read_line(Section& section, const std::string& file) {
  const bool tcp = section.has("tcp");
  if (tcp && section.has("device")) section.problem(config_conflict, "tcp", "stands beside device; a bus has one line");
  if (!tcp && !section.has("device")) section.problem(config_missing_key, "device", "is missing (or tcp)");
  if (!tcp) return read_serial(section, file);
  section.allow("device");
  return read_tcp(section);
}

/// 0 is the broadcast of a serial line and nobody answers it; a TCP unit may use it.
/// @source Modbus over serial line V1.02, 2.2; Modbus messaging on TCP/IP V1.0b, 4.4.2
AddressRange addresses_of(const BusConfig& bus) {
  const auto* tcp = std::get_if<TcpLine>(&bus.line);
  return tcp != nullptr && tcp->framing == Framing::modbus_tcp ? AddressRange{0, 255} : AddressRange{1, 247};
}

std::string line_name(const BusConfig& bus) {
  if (const auto* serial = std::get_if<SerialLine>(&bus.line)) return serial->device;
  const HostPort& address = std::get<TcpLine>(bus.line).address;
  return address.host.empty() ? std::string() : format(address);
}

/// Reads the buses one after the other and compares each with those before it.
class SiteReader {
 public:
  SiteReader(std::span<const std::string> profiles, Problems& problems) : profiles_(profiles), problems_(problems) {}

  void read_bus(const Node& table) {
    const std::string path = "bus[" + std::to_string(buses_.size() + 1) + "]";
    Section section(table, path, problems_);
    buses_.push_back({read_line(section, problems_.file()), {}});
    check_line(table.line, path);
    const auto meters = section.tables("meter");
    if (!section.has("meter")) section.problem(config_missing_key, "meter", "is missing: a bus needs a [[bus.meter]]");
    for (std::size_t i = 0; i < meters.size(); ++i) {
      if (declared_.size() == kMaxMeters) {
        section.problem(config_bad_value, "meter", "makes more than 64 meters altogether");
        break;
      }
      Section meter(*meters[i], path + ".meter[" + std::to_string(i + 1) + "]", problems_);
      declared_.push_back(
          {buses_.size() - 1, meters[i]->line, read_meter(meter, profiles_, addresses_of(buses_.back()))});
      check_meter(meter);
    }
    section.finish();
  }

  std::vector<BusConfig> finish() {
    const bool chosen = std::any_of(declared_.begin(), declared_.end(), [](const auto& d) { return d.meter.primary; });
    if (!chosen && !declared_.empty()) declared_.front().meter.primary = true;
    for (Declared& declared : declared_) buses_[declared.bus].meters.push_back(std::move(declared.meter));
    return std::move(buses_);
  }

 private:
  struct Declared {
    std::size_t bus;
    int line;
    MeterConfig meter;
  };

  void check_line(int line, const std::string& path) {
    const std::string name = line_name(buses_.back());
    for (std::size_t i = 0; i + 1 < buses_.size(); ++i) {
      if (name.empty() || line_name(buses_[i]) != name) continue;
      problems_.add(config_conflict, line,
                    path + ": " + quoted(name) + " is bus[" + std::to_string(i + 1) + "] already");
    }
  }

  /// The newest meter against all before it.
  void check_meter(Section& section) {
    const auto& [bus, line, meter] = declared_.back();
    const auto first = [&](const auto& condition) {
      return std::find_if(declared_.begin(), declared_.end() - 1, condition);
    };
    const auto end = declared_.end() - 1;
    const auto at = [](const Declared& other) { return " (line " + std::to_string(other.line) + ")"; };
    const auto neighbour = first([&](const Declared& d) { return d.bus == bus && d.meter.address == meter.address; });
    if (section.has("address") && neighbour != end) {
      section.problem(config_conflict, "address",
                      "address " + std::to_string(meter.address) + " is that of " + quoted(neighbour->meter.name) +
                          at(*neighbour) + " on the same bus");
    }
    const auto namesake = first([&](const Declared& d) { return equals_ignoring_case(d.meter.name, meter.name); });
    if (!meter.name.empty() && namesake != end) {
      section.problem(config_conflict, "name", quoted(meter.name) + " is the name of another meter" + at(*namesake));
    }
    const auto primary = first([](const Declared& d) { return d.meter.primary; });
    if (meter.primary && primary != end) {
      section.problem(config_conflict, "primary", quoted(primary->meter.name) + " is primary already");
    }
  }

  std::span<const std::string> profiles_;
  Problems& problems_;
  std::vector<BusConfig> buses_;
  std::vector<Declared> declared_;
};

}  // namespace

std::vector<BusConfig> read_buses(Section& root, Problems& problems, std::span<const std::string> profiles) {
  const auto tables = root.tables("bus");
  if (!root.has("bus")) root.problem(config_missing_key, "bus", "is missing: there is no [[bus]] to read");
  if (tables.size() > kMaxBuses) root.problem(config_bad_value, "bus", "has more than 16 entries");
  SiteReader reader(profiles, problems);
  for (std::size_t i = 0; i < std::min(tables.size(), kMaxBuses); ++i) reader.read_bus(*tables[i]);
  return reader.finish();
}

}  // namespace meterseal::app
