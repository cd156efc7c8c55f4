#include "app/face/page_device.hpp"

#include <algorithm>
#include <array>

#include "app/config/site_edit.hpp"
#include "app/device_side.hpp"
#include "app/face/proposal.hpp"
#include "app/face/renewal_view.hpp"
#include "app/face/setup_text.hpp"
#include "app/face/site_file.hpp"
#include "core/host/private_file.hpp"
#include "meter/errors.hpp"
#include "mqtt/live_values.hpp"
#include "trust/errors.hpp"
#include "trust/host/tls_client.hpp"
#include "trust/pin.hpp"
#include "web/errors.hpp"
#include "web/view_json.hpp"

namespace meterseal::app {

namespace {

constexpr seconds kDepthInterval{5};
constexpr const char* kFixedByFile = "Fixed by the configuration file";

using mqtt::Quantity;
using mqtt::Slot;
using web::Fact;
using web::Metric;
using web::Seal;
using web::SealView;
using web::Setting;

web::PhaseValues values_of(const mqtt::LiveValues& live, Slot slot) {
  return {live.of(Quantity::voltage, slot),        live.of(Quantity::current, slot),
          live.of(Quantity::power, slot),          live.of(Quantity::apparent_power, slot),
          live.of(Quantity::reactive_power, slot), live.of(Quantity::factor, slot)};
}

std::string_view text_of(trust::TrustedBy by) {
  switch (by) {
    case trust::TrustedBy::pin_certificate: return "the fingerprint of its certificate";
    case trust::TrustedBy::pin_key: return "the fingerprint of its key";
    case trust::TrustedBy::pin_tasmota_key: return "the fingerprint of its key, in Tasmota's form";
    case trust::TrustedBy::same_key: return "its key, which is the one of the former certificate";
    case trust::TrustedBy::same_ca: return "the authority that signed the former certificate";
    case trust::TrustedBy::learned: return "the fingerprint that was learned and confirmed";
    case trust::TrustedBy::ca: return "a certificate authority";
    case trust::TrustedBy::ca_and_pin: return "a certificate authority and its fingerprint";
  }
  return {};
}

/// "812 KiB", "12.4 MiB", "70.4 GiB"
std::string size_text(std::uint64_t kib) {
  constexpr std::uint64_t kStep = 1024;
  if (kib < kStep) return std::to_string(kib) + " KiB";
  const bool is_large = kib >= kStep * kStep;
  const std::uint64_t tenths = kib * 10 / (is_large ? kStep * kStep : kStep);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (is_large ? " GiB" : " MiB");
}

std::string_view name_of(trust::Mode mode) {
  switch (mode) {
    case trust::Mode::off: return "off";
    case trust::Mode::fingerprint: return "fingerprint";
    case trust::Mode::ca: return "ca";
    case trust::Mode::ca_fingerprint: return "ca+fingerprint";
  }
  return {};
}

/// The forms' settings that are kept by the device.
constexpr std::pair<std::string_view, console::Setting> kPageSettings[] = {
    {"MqttHost", console::Setting::mqtt_host},         {"MqttPort", console::Setting::mqtt_port},
    {"MqttClient", console::Setting::mqtt_client},     {"MqttUser", console::Setting::mqtt_user},
    {"MqttPassword", console::Setting::mqtt_password}, {"Topic", console::Setting::topic},
    {"FullTopic", console::Setting::full_topic},       {"FriendlyName", console::Setting::device_name},
};

/// The console line inside a remedy: "only if ...: MqttFingerprint1 AA:BB". Empty: there is none, or this build's
/// console does not know it.
std::string line_in(std::string_view remedy) {
  for (const auto& [command, word] :
       {std::pair{"MqttFingerprint", "MqttFingerprint1 "}, {"TlsConfirm", "TlsConfirm "}}) {
    const auto at = remedy.find(word);
    if (at != std::string_view::npos && console::find_command(command) != nullptr)
      return std::string(remedy.substr(at));
  }
  return {};
}

/// The fingerprint at its end. Empty: none
std::string fingerprint_in(std::string_view remedy) {
  constexpr std::size_t kLength = 95;  // 32 bytes, 31 colons
  if (remedy.size() < kLength) return {};
  const std::string_view end = remedy.substr(remedy.size() - kLength);
  return end.find_first_not_of("0123456789ABCDEF:") == std::string_view::npos ? std::string(end) : std::string();
}

/// The value behind the only key of a reply: {"TelePeriod":300}. nullopt: it is a refusal
std::optional<std::string> value_in(const console::Replies& replies) {
  if (replies.size() != 1 || replies[0].json.starts_with("{\"Command\":")) return std::nullopt;
  const std::string& json = replies[0].json;
  const auto colon = json.find("\":");
  if (colon == std::string::npos || !json.ends_with('}')) return std::nullopt;
  std::string value = json.substr(colon + 2, json.size() - colon - 3);
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  return value;
}

}  // namespace

const BrokerConfig* PageDevice::config_of(const HostPort& address) const {
  const auto& brokers = parts_.setup.config.mqtt.brokers;
  const auto found = std::find_if(brokers.begin(), brokers.end(), [&](const auto& b) { return b.address == address; });
  return found == brokers.end() ? nullptr : &*found;
}

/// nullptr: none of this device's brokers, or one without TLS.
const BrokerTrust* PageDevice::trust_of(std::string_view broker) const {
  const auto& brokers = parts_.setup.config.mqtt.brokers;
  for (std::size_t i = 0; i < brokers.size(); ++i) {
    if (format(brokers[i].address) == broker) return parts_.setup.trust[i].get();
  }
  return nullptr;
}

SealView PageDevice::seal() const {
  SealView seal = seal_;
  const BrokerTrust* known = trust_of(seal.broker);
  if (known != nullptr) seal.mode = name_of(known->policy().mode);
  // A broker that was refused shows whose certificate nobody should plan for.
  if (known != nullptr && known->served() && seal.state != Seal::refused)
    seal.renewal = renewal_view({known->policy(), known->lineage()}, known->fixed(), *known->served());
  return seal;
}

void PageDevice::connected(const mqtt::host::Broker& broker, const trust::host::TlsClient* tls) {
  ++connects_;
  const HostPort address{broker.host, broker.port};
  seal_ = {};
  seal_.broker = format(address);
  if (const BrokerConfig* config = config_of(address)) seal_.mode = name_of(config->tls.policy.mode);
  seal_.state = tls == nullptr ? Seal::plaintext : Seal::sealed;
  if (tls == nullptr) {
    seal_.reason = "the configuration file allows plaintext: everybody on the way can read and change what is sent";
    seal_.remedy = "set up TLS at the broker and mqtt.tls.mode here";
    return;
  }
  const trust::host::TlsSummary& summary = tls->summary();
  seal_.version = summary.version;
  seal_.suite = summary.suite;
  seal_.expires = summary.facts.not_after;
  seal_.served = trust::format_sha256(summary.facts.certificate).view();
  if (const auto* trusted = std::get_if<trust::Trusted>(&tls->verdict())) seal_.by = text_of(trusted->by());
}

void PageDevice::disconnected() {
  seal_.state = Seal::offline;
  seal_.reason = "the connection has ended; it is tried again";
}

void PageDevice::failed(const mqtt::host::Broker& broker, const Error& error) {
  const HostPort address{broker.host, broker.port};
  const bool is_security = error.code.error_class == ErrorClass::security;
  if (is_security) ++refusals_[std::string(error.code.name)];
  seal_ = {};
  seal_.state = is_security ? Seal::refused : Seal::offline;
  seal_.broker = format(address);
  if (const BrokerConfig* config = config_of(address)) seal_.mode = name_of(config->tls.policy.mode);
  seal_.code = error.code.name;
  seal_.reason = error.detail.view();
  seal_.remedy = error.remedy();
  if (error.code == trust::unconfirmed) seal_.state = Seal::learned;
  if (is_security) {
    seal_.served = fingerprint_in(error.remedy());
    seal_.remedy_line = line_in(error.remedy());
  }
}

void PageDevice::tick() {
  const Instant now = parts_.clock.now();
  if (depth_asked_ && now - *depth_asked_ < kDepthInterval) return;
  depth_asked_ = now;
  parts_.store.depth([this, alive = std::weak_ptr<const int>(alive_)](Result<outbox::Depth> depth) {
    if (!alive.expired() && depth) depth_ = *depth;
  });
}

std::optional<CivilTime> PageDevice::local_time() const {
  const auto utc = parts_.clock.utc();
  if (!utc) return std::nullopt;
  return parts_.calendar.local(*utc);
}

web::MeterView PageDevice::view_of(MeterReader& reader) const {
  const Instant now = parts_.clock.now();
  const mqtt::MeterTelemetry telemetry = reader.telemetry(now);
  const mqtt::LiveValues live(telemetry);
  web::MeterView view;
  view.name = reader.plan().name;
  view.model = reader.plan().profile->model;
  view.whole = values_of(live, Slot::whole);
  if (reader.plan().profile->phases == 3) {
    for (const Slot slot : mqtt::kPhaseSlots) view.phases.push_back(values_of(live, slot));
  }
  view.frequency_mhz = live.measured(meter::Measurand::frequency);
  if (telemetry.totals) {
    view.today_mwh = telemetry.totals->today.value;
    view.yesterday_mwh = telemetry.totals->yesterday.value;
    view.total_mwh = telemetry.totals->total.value;
    if (telemetry.totals->exported) view.exported_mwh = telemetry.totals->exported->value;
  }
  const auto newest = reader.newest(now);
  if (newest) view.age = std::chrono::duration_cast<seconds>(now - *newest);
  if (newest) return view;
  const auto fault = parts_.meters.port_fault_of(reader);
  view.trouble = fault ? port_trouble(*fault) + "; " + std::string(fault->remedy())
                       : "gives no readings: check its wires, address, baud rate and parity";
  return view;
}

std::vector<web::MeterView> PageDevice::meters() {
  std::vector<web::MeterView> views;
  for (MeterReader* reader : parts_.meters.in_order()) views.push_back(view_of(*reader));
  return views;
}

std::vector<Fact> PageDevice::facts() {
  const mqtt::Facts facts = parts_.device.facts();
  const auto text = [](std::string_view view) { return std::string(view); };
  const Config& config = parts_.setup.config;
  std::vector<Fact> list{
      {"Program", "Version", text(facts.host.version)},
      {"Program", "Topic", config.device.topic},
      {"Program", "Client", config.mqtt.client_id},
      {"Program", "MQTT commands may change",
       config.mqtt.remote_commands == console::RemoteCommands::none   ? "nothing"
       : config.mqtt.remote_commands == console::RemoteCommands::safe ? "what is harmless"
                                                                      : "everything but what is local"},
      {"Program", "Home Assistant discovery", config.mqtt.discovery ? "on" : "off"},
      {"Program", "Memory", size_text(read_machine_load().program_memory_kb)},
      {"Network", "Host name", text(facts.network.hostname)},
      {"Network", "Address", text(facts.network.ip_address)},
      {"Network", "Gateway", text(facts.network.gateway)},
      {"Network", "DNS", text(facts.network.dns1)},
      {"Storage", "State directory", parts_.state_directory},
      {"Storage", "Waiting records", std::to_string(depth_.records)},
      {"Storage", "Free", size_text(free_kb(parts_.state_directory))},
  };
  for (const BrokerConfig& broker : config.mqtt.brokers)
    list.push_back({"Brokers", format(broker.address), "known by " + std::string(name_of(broker.tls.policy.mode))});
  return list;
}

void PageDevice::add_bus_metrics(std::vector<Metric>& list) const {
  constexpr auto kCounter = Metric::Kind::counter;
  for (const auto& bus : parts_.meters.buses()) {
    for (std::size_t i = 0; i < bus->meters().size(); ++i) {
      const std::string& name = bus->plan().meters[i].name;
      const meter::MeterCounters counters = bus->counters(i);
      const auto add = [&](std::string_view kind, std::uint64_t count) {
        list.push_back({"bus_errors_total",
                        "Requests to the meter that went wrong",
                        kCounter,
                        {{"meter", name}, {"kind", std::string(kind)}},
                        static_cast<std::int64_t>(count),
                        0});
      };
      list.push_back({"bus_requests_total",
                      "Requests to the meter",
                      kCounter,
                      {{"meter", name}},
                      static_cast<std::int64_t>(counters.requests),
                      0});
      add("timeout", counters.timeouts);
      add("crc", counters.crc_errors);
      add("exception", counters.exceptions);
      add("late", counters.late_answers);
    }
  }
}

std::vector<Metric> PageDevice::metrics() {
  constexpr auto kGauge = Metric::Kind::gauge;
  constexpr auto kCounter = Metric::Kind::counter;
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  const bool is_online = seal_.state == Seal::sealed || seal_.state == Seal::plaintext;
  std::vector<Metric> list{
      {"outbox_records",
       "Records that wait to be confirmed, by the broker or as mqtt.delivery says by a receiver",
       kGauge,
       {},
       number(depth_.records),
       0},
      {"outbox_bytes", "Their size", kGauge, {}, number(depth_.bytes), 0},
      {"mqtt_connected", "1: the broker has accepted the connection", kGauge, {}, is_online ? 1 : 0, 0},
      {"mqtt_connects_total", "Accepted connections since the start", kCounter, {}, connects_, 0},
      {"sealed",
       "1: connected, and the broker has proved who it is",
       kGauge,
       {},
       seal_.state == Seal::sealed ? 1 : 0,
       0},
      {"resident_memory_bytes",
       "Memory of the program",
       kGauge,
       {},
       number(read_machine_load().program_memory_kb) * 1024,
       0},
  };
  const Delivery::PublishTimes& times = parts_.delivery.publish_times();
  list.push_back({"publish_seconds_sum",
                  "Time from offering a record to the broker's acknowledgement, in all",
                  kCounter,
                  {},
                  number(times.sum.count()),
                  3});
  list.push_back(
      {"publish_seconds_count", "Records acknowledged since the start", kCounter, {}, number(times.count), 0});
  list.push_back({"publish_seconds_max", "The longest of these times", kGauge, {}, number(times.longest.count()), 3});
  add_bus_metrics(list);
  for (const auto& [code, count] : refusals_)
    list.push_back({"tls_refusals_total", "Brokers that were refused", kCounter, {{"reason", code}}, count, 0});
  if (seal_.expires) {
    list.push_back({"broker_certificate_expiry_timestamp_seconds",
                    "When the broker's certificate ends",
                    kGauge,
                    {{"broker", seal_.broker}},
                    std::chrono::duration_cast<seconds>(seal_.expires->time_since_epoch()).count(),
                    0});
  }
  return list;
}

/// What the file declares for good about how the broker is known.
bool PageDevice::is_trust_fixed(std::string_view command) const {
  const auto& brokers = parts_.setup.config.mqtt.brokers;
  if (brokers.empty()) return false;
  const console::FixedByFile& fixed = brokers.front().tls.fixed;
  if (command == "TlsMode") return fixed.mode;
  if (command == "TlsRenewal") return fixed.renewal;
  return command.starts_with("MqttFingerprint") && fixed.pins;
}

Setting PageDevice::setting(std::string_view command) const {
  const Config& config = parts_.setup.config;
  for (const auto& [name, setting] : kPageSettings) {
    if (command != name) continue;
    const console::SettingState state = parts_.device.setting(setting);
    return {state.value, state.fixed_by.empty() ? Setting::State::open : Setting::State::fixed, kFixedByFile};
  }
  if (command == "Timezone") {
    const std::string& zone = config.device.timezone;
    if (!zone.empty()) return {zone, Setting::State::fixed, kFixedByFile};
    return {"that of this machine", Setting::State::fixed, "Changed on the machine: timedatectl set-timezone NAME"};
  }
  auto value = value_in(parts_.console.run(command, {console::Source::web, console::Rights::view}));
  if (!value) return {};
  // Tasmota's word for no fingerprint.
  if (command.starts_with("MqttFingerprint") && *value == "0") value->clear();
  const bool is_fixed = is_trust_fixed(command) || (command == "TelePeriod" && config.device.tele_period);
  return {std::move(*value), is_fixed ? Setting::State::fixed : Setting::State::open, kFixedByFile};
}

/// Those of the broker, else those of the first one: whoever sets up a new broker has the same ones at hand.
AuthoritiesAtHand PageDevice::authorities_for(const std::string& address) const {
  const auto to = parse_host_port(address, 8883);
  const BrokerTrust* known = to ? trust_of(format(*to)) : nullptr;
  if (known == nullptr && !parts_.setup.trust.empty()) known = parts_.setup.trust.front().get();
  if (known == nullptr) return {};
  const trust::host::TlsSettings& settings = known->settings();
  return {settings.ca_builtin, settings.ca_file, settings.ca_path};
}

void PageDevice::start(web::Task task, const std::string& argument, std::function<void(std::string)> done) {
  if (task == web::Task::fetch_fingerprint) return tasks_.fetch_fingerprint(argument, authorities_for(argument), done);
  const auto to = parse_host_port(argument, 8883);
  if (!to || task != web::Task::check_connection)
    return done(R"({"error":"this is no address","hint":"HOST or HOST:PORT"})");
  tasks_.examine(examination_of(patient_at(*to)),
                 [done](const std::vector<Check>& checks) { done(steps_json(checks)); });
}

/// One of this device's brokers with all that is known of it now, or a stranger.
Patient PageDevice::patient_at(const HostPort& address) const {
  Patient patient;
  patient.to = address;
  const auto& brokers = parts_.setup.config.mqtt.brokers;
  for (std::size_t i = 0; i < brokers.size(); ++i) {
    if (brokers[i].address != address) continue;
    patient.broker = brokers[i];
    patient.mqtt = parts_.setup.config.mqtt;
    const auto& trust = parts_.setup.trust[i];
    if (trust == nullptr) continue;
    patient.broker->tls.policy = trust->policy();
    patient.broker->tls.ca_file.path = trust->settings().ca_file;
    patient.broker->tls.ca_path.path = trust->settings().ca_path;
    patient.lineage = trust->lineage();
  }
  return patient;
}

PageTasks::Examination PageDevice::examination_of(Patient patient) const {
  const bool is_trusted = parts_.setup.config.device.clock == ClockTrust::trusted;
  return {std::move(patient), parts_.state_directory,
          is_trusted ? host::ClockTrust::trusted : host::ClockTrust::automatic};
}

/// The broker that the forms are about. Without one there is nothing that could be proved.
Patient PageDevice::first_patient() const {
  const auto& brokers = parts_.setup.config.mqtt.brokers;
  return brokers.empty() ? Patient() : patient_at(brokers.front().address);
}

void PageDevice::prove_authorities(const std::string& pem, std::function<void(web::Proof)> done) {
  Patient patient = first_patient();
  if (!patient.broker || patient.broker->tls.policy.mode == trust::Mode::off)
    return done({web::Proof::Outcome::holds, {}});
  auto trial = authority_desk_.lay_out(pem);
  if (!trial) return done({web::Proof::Outcome::fails, web::error_json(trial.error())});
  patient.broker->tls.ca_file.path = *trial;
  patient.broker->tls.ca_path.path.clear();
  tasks_.examine(examination_of(std::move(patient)), [this, done = std::move(done)](const std::vector<Check>& checks) {
    authority_desk_.clear_away();
    done({is_proved(checks) ? web::Proof::Outcome::holds : web::Proof::Outcome::fails, steps_json(checks)});
  });
}

Result<void> PageDevice::keep_authorities(std::string_view pem, web::Proof::Outcome proved) {
  auto kept = authority_desk_.keep(pem);
  // Somebody has just mended what was wrong, or there is a connection that the new authorities may refuse.
  if (kept && (proved == web::Proof::Outcome::fails || seal_.state != Seal::sealed)) parts_.connect_anew();
  return kept;
}

bool PageDevice::needs_proof(const std::vector<std::string>& lines) const {
  return proposed(first_patient(), lines).has_value();
}

void PageDevice::prove(const std::vector<std::string>& lines, std::function<void(web::Proof)> done) {
  auto patient = proposed(first_patient(), lines);
  if (!patient) return done({web::Proof::Outcome::holds, {}});
  tasks_.examine(examination_of(std::move(*patient)), [done = std::move(done)](const std::vector<Check>& checks) {
    done({is_proved(checks) ? web::Proof::Outcome::holds : web::Proof::Outcome::fails, steps_json(checks)});
  });
}

Result<void> PageDevice::change_meters(const web::MeterChange& change) {
  const ConfigSource& source = parts_.setup.source;
  if (source.overlay.owner != FileOwner::device)
    return fail(web::bad_form, "meters", "buses and meters are declared in " + source.file,
                "change that file and restart the service");
  if (!change.port.empty()) {
    if (auto good = check_port(change.port); !good) return good;
    if (change.port.starts_with('/') && !change.may_be_missing && !is_there(change.port))
      return fail(meter::port_missing, change.port, "the port " + change.port + " is not there");
  }
  const auto site = host::read_private_file(source.file, kLargestBackup);
  if (site.state != host::FileState::read) return fail(web::state_unwritable, source.file, site.fault);
  return edit_site(site.text, change)
      .and_then([&](const std::string& text) { return keep_site(parts_.state_directory, text, source.overlay); })
      .map(parts_.restart);
}

void PageDevice::back_up(const std::string& passphrase, std::function<void(Result<std::string>)> done) {
  const auto utc = parts_.clock.utc();
  const std::int64_t made_s = utc ? std::chrono::floor<seconds>(utc->time_since_epoch()).count() : 0;
  parts_.settle([this, alive = std::weak_ptr<const int>(alive_), made_s, passphrase,
                 done = std::move(done)](const Result<void>& settled) {
    if (alive.expired()) return;
    if (!settled) return done(tl::unexpected(settled.error()));
    backup_desk_.back_up(made_s, parts_.setup.config.device.topic, passphrase, done);
  });
}

}  // namespace meterseal::app
