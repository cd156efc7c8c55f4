#include "app/agent/device.hpp"

#include "app/agent/site_plan.hpp"
#include "app/version.hpp"
#include "console/errors.hpp"
#include "console/reply.hpp"
#include "console/trust_control.hpp"
#include "core/host/system_clock.hpp"
#include "mqtt/discovery.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::app {

namespace {

// Of look-up, connect, handshake and CONNACK each, and of a packet: mqtt/host/client.hpp.
constexpr seconds kConnectTimeout{10};
constexpr std::uint32_t kMaxPacket = 256 * 1024;

std::string_view name_of(web::MetricsAccess access) {
  switch (access) {
    case web::MetricsAccess::off: return "off";
    case web::MetricsAccess::token: return "token";
    case web::MetricsAccess::loopback: return "loopback";
  }
  return {};
}

std::string_view name_of(console::RemoteCommands commands) {
  switch (commands) {
    case console::RemoteCommands::none: return "none";
    case console::RemoteCommands::safe: return "safe";
    case console::RemoteCommands::all: return "all";
  }
  return {};
}

/// As Tasmota counts them.
std::uint32_t level_number(LogLevel level) {
  switch (level) {
    case LogLevel::error:
    case LogLevel::warning: return 1;
    case LogLevel::info: return 2;
    case LogLevel::debug: return 3;
  }
  return 0;
}

ledger::Correction correction_of(console::EnergyCounter counter) {
  switch (counter) {
    case console::EnergyCounter::total: return ledger::Correction::total;
    case console::EnergyCounter::today: return ledger::Correction::today;
    case console::EnergyCounter::yesterday: return ledger::Correction::yesterday;
  }
  return ledger::Correction::total;
}

std::string port_of(const BusConfig& bus) {
  if (const auto* serial = std::get_if<SerialLine>(&bus.line)) return serial->device;
  return format(std::get<TcpLine>(bus.line).address);
}

std::string build_time() {
  return std::string(mqtt::format_time(civil_utc(host::build_date())).view());
}

}  // namespace

Device::Device(const DeviceParts& parts, DeviceActions actions)
    : parts_(parts),
      actions_(std::move(actions)),
      machine_(read_machine_texts()),
      build_time_(build_time()),
      mac_(mqtt::discovery_mac(parts.settings.seed()).view()),
      serial_config_(character_frame(parts.config.buses.front())),
      started_(parts.clock.now()) {}

void Device::connected(const mqtt::host::Broker& broker) {
  broker_host_ = broker.host;
  broker_port_ = broker.port;
  transport_ = broker.tls ? mqtt::Transport::tls : mqtt::Transport::plaintext;
  ++connects_;
}

seconds Device::tele_period() const {
  return parts_.config.device.tele_period.value_or(parts_.settings.tele_period());
}

mqtt::Facts Device::facts() const {
  mqtt::Facts facts;
  facts.host = host_facts();
  facts.network = network_facts();
  facts.mqtt = mqtt_facts();
  facts.switches = switch_facts();
  facts.device.name = parts_.config.device.name;
  facts.device.topic = parts_.config.device.topic;
  facts.device.tele_period = tele_period();
  if (const auto* serial = std::get_if<SerialLine>(&parts_.config.buses.front().line)) facts.device.baud = serial->baud;
  facts.device.serial_config = serial_config_;
  if (const auto utc = parts_.clock.utc()) {
    facts.utc = civil_utc(*utc);
    facts.local = parts_.calendar.local(*utc);
    facts.host.started_utc = civil_utc(*utc - facts.host.uptime);
  }
  return facts;
}

mqtt::HostFacts Device::host_facts() const {
  const MachineLoad load = read_machine_load();
  mqtt::HostFacts facts;
  facts.model = machine_.model;
  facts.hardware = machine_.hardware;
  facts.kernel = machine_.kernel;
  facts.cpu_mhz = machine_.cpu_mhz;
  facts.version = program_version();
  facts.build_time = build_time_;
  facts.tls_library = tls_library_version();
  facts.uptime = std::chrono::duration_cast<seconds>(parts_.clock.now() - started_);
  facts.boot_count = parts_.settings.starts();
  facts.restart_reason = text_of(parts_.settings.start());
  facts.program_kb = load.program_memory_kb;
  facts.free_kb = free_kb(parts_.state_directory);
  facts.heap_kb = load.available_memory_kb;
  facts.load_percent = load.load_percent;
  return facts;
}

mqtt::NetworkFacts Device::network_facts() const {
  network_ = read_network_texts();
  mqtt::NetworkFacts facts;
  facts.hostname = machine_.hostname;
  facts.ip_address = network_.ip_address;
  facts.gateway = network_.gateway;
  facts.netmask = network_.netmask;
  facts.dns1 = network_.dns1;
  facts.dns2 = network_.dns2;
  facts.mac = mac_;
  return facts;
}

mqtt::MqttFacts Device::mqtt_facts() const {
  mqtt::MqttFacts facts;
  facts.host = broker_host_;
  facts.port = broker_port_;
  facts.transport = transport_;
  facts.client_id = parts_.config.mqtt.client_id;
  facts.user = parts_.config.mqtt.user;
  facts.connects = connects_;
  facts.keep_alive = parts_.config.mqtt.keep_alive;
  facts.timeout = kConnectTimeout;
  facts.max_packet = kMaxPacket;
  return facts;
}

std::string Device::sensor_body() const {
  return parts_.telemetry.body(parts_.clock.now()).value_or(std::string());
}

mqtt::SwitchFacts Device::switch_facts() const {
  const Config& config = parts_.config;
  const auto is = [](bool on) { return on ? mqtt::Switch::on : mqtt::Switch::off; };
  mqtt::SwitchFacts facts;
  facts.page = is(config.web.has_value());
  facts.api = is(config.web && config.web->api == web::SiteOptions::Api::on);
  if (config.web) facts.metrics = name_of(config.web->metrics);
  facts.discovery = is(config.mqtt.discovery);
  facts.remote_commands = name_of(config.mqtt.remote_commands);
  const console::TrustControl* trust = actions_.trust();
  facts.fingerprint = is(trust != nullptr && trust->state().policy.mode == trust::Mode::fingerprint);
  facts.journal_level = level_number(parts_.log_level);
  ota_url_ = parts_.desk.state(console::Setting::ota_url).value;
  facts.ota_url = ota_url_;
  return facts;
}

Result<void> Device::set_tele_period(seconds period) {
  if (parts_.config.device.tele_period) return console::fixed_in_file("TelePeriod", "device.tele_period");
  actions_.keep_tele_period(period);
  return {};
}

Result<void> Device::set_web_password(std::string password) {
  if (parts_.config.web && !parts_.config.web->password.empty())
    return console::fixed_in_file("WebPassword", "web.password_file");
  return actions_.set_web_password(std::move(password));
}

MeterReader* Device::meter_of(std::size_t number) const {
  const auto& meters = parts_.meters.in_order();
  return number < meters.size() ? meters[number] : nullptr;
}

std::vector<console::MeterHealth> Device::meters() const {
  const Instant now = parts_.clock.now();
  std::vector<console::MeterHealth> list;
  for (MeterReader* reader : parts_.meters.in_order()) {
    console::MeterHealth meter;
    meter.name = reader->plan().name;
    meter.model = reader->plan().profile->model.view();
    for (const BusConfig& bus : parts_.config.buses) {
      for (const MeterConfig& declared : bus.meters) {
        if (declared.name != meter.name) continue;
        meter.address = declared.address;
        meter.port = port_of(bus);
      }
    }
    if (const auto newest = reader->newest(now)) meter.age = std::chrono::duration_cast<seconds>(now - *newest);
    if (const auto fault = parts_.meters.port_fault_of(*reader)) meter.port_trouble = port_trouble(*fault);
    list.push_back(std::move(meter));
  }
  return list;
}

std::optional<console::EnergyTotals> Device::energy(std::size_t meter) const {
  const MeterReader* reader = meter_of(meter);
  const auto totals = reader == nullptr ? std::nullopt : reader->totals();
  if (!totals) return std::nullopt;
  console::EnergyTotals energy{totals->total.value, totals->today.value, totals->yesterday.value, std::nullopt};
  if (totals->exported) energy.exported_mwh = totals->exported->value;
  return energy;
}

Result<void> Device::set_energy(std::size_t meter, console::EnergyCounter counter, std::int64_t wh) {
  constexpr std::int64_t kMost_wh = ledger::kMaxEnergyMwh / 1000;
  MeterReader* reader = meter_of(meter);
  if (reader == nullptr || !reader->totals())
    return fail(console::not_possible, "energy", "no meter of this number has been read");
  if (wh > kMost_wh) return fail(console::bad_argument, "energy", "more Wh than any meter counts");
  if (!reader->correct(correction_of(counter), ledger::MilliWattHours{wh * 1000}))
    return fail(console::not_possible, "energy",
                "Total would be less than Today: set the one first that makes room for the other");
  return {};
}

}  // namespace meterseal::app
