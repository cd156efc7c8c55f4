#include "app/agent/device.hpp"

#include "app/agent/site_plan.hpp"
#include "app/version.hpp"
#include "console/errors.hpp"
#include "core/host/system_clock.hpp"
#include "mqtt/discovery.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::app {

namespace {

// Of look-up, connect, handshake and CONNACK each, and of a packet: mqtt/host/client.hpp.
constexpr seconds kConnectTimeout{10};
constexpr std::uint32_t kMaxPacket = 256 * 1024;

std::string build_time() {
  return std::string(mqtt::format_time(civil_utc(host::build_date())).view());
}

}  // namespace

Device::Device(const Config& config, const std::string& state_directory, const Settings& settings, const Clock& clock,
               const Calendar& calendar, Telemetry& telemetry, DeviceActions actions)
    : config_(config),
      state_directory_(state_directory),
      settings_(settings),
      clock_(clock),
      calendar_(calendar),
      telemetry_(telemetry),
      actions_(std::move(actions)),
      machine_(read_machine_texts()),
      build_time_(build_time()),
      mac_(mqtt::discovery_mac(settings.seed()).view()),
      serial_config_(character_frame(config.buses.front())),
      started_(clock.now()) {}

void Device::connected(const mqtt::host::Broker& broker) {
  broker_host_ = broker.host;
  broker_port_ = broker.port;
  transport_ = broker.tls ? mqtt::Transport::tls : mqtt::Transport::plaintext;
  ++connects_;
}

seconds Device::tele_period() const {
  return config_.device.tele_period.value_or(settings_.tele_period());
}

mqtt::Facts Device::facts() const {
  mqtt::Facts facts;
  facts.host = host_facts();
  facts.network = network_facts();
  facts.mqtt = mqtt_facts();
  facts.device.name = config_.device.name;
  facts.device.topic = config_.device.topic;
  facts.device.tele_period = tele_period();
  if (const auto* serial = std::get_if<SerialLine>(&config_.buses.front().line)) facts.device.baud = serial->baud;
  facts.device.serial_config = serial_config_;
  if (const auto utc = clock_.utc()) {
    facts.utc = civil_utc(*utc);
    facts.local = calendar_.local(*utc);
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
  facts.uptime = std::chrono::duration_cast<seconds>(clock_.now() - started_);
  facts.boot_count = settings_.starts();
  facts.restart_reason = text_of(settings_.start());
  facts.program_kb = load.program_memory_kb;
  facts.free_kb = free_kb(state_directory_);
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
  facts.client_id = config_.mqtt.client_id;
  facts.user = config_.mqtt.user;
  facts.connects = connects_;
  facts.keep_alive = config_.mqtt.keep_alive;
  facts.timeout = kConnectTimeout;
  facts.max_packet = kMaxPacket;
  return facts;
}

std::string Device::sensor_body() const {
  return telemetry_.body(clock_.now()).value_or(std::string());
}

Result<void> Device::set_tele_period(seconds period) {
  if (config_.device.tele_period) {
    return fail(console::fixed_by_file, "TelePeriod", "fixed by the configuration file");
  }
  actions_.keep_tele_period(period);
  return {};
}

}  // namespace meterseal::app
