#include "console/trust_commands.hpp"

#include <array>

#include "console/errors.hpp"
#include "console/reply.hpp"
#include "console/trust_control.hpp"
#include "core/json_writer.hpp"
#include "trust/pin.hpp"

namespace meterseal::console {

namespace {

constexpr std::size_t kCaRoom = std::size_t{16} * 1024;

using trust::Learn;
using trust::Mode;
using trust::Renewal;

constexpr std::uint32_t kNoDiscovery = 19;   // Tasmota's SetOption19: no discovery for Home Assistant
constexpr std::uint32_t kApi = 128;          // Tasmota's SetOption128: commands by HTTP
constexpr std::uint32_t kTls = 103;          // Tasmota's SetOption103: TLS on
constexpr std::uint32_t kFingerprint = 132;  // Tasmota's SetOption132: fingerprint instead of CA

bool has_broker(const DeviceControl& device) {
  return !device.setting(Setting::mqtt_host).value.empty();
}

constexpr std::string_view kNoBroker = "no broker is named yet: MqttHost names it";
constexpr std::string_view kSwitch = "1 (on) or 0 (off)";

Result<TrustControl*> control_of(DeviceControl& device, std::string_view command) {
  TrustControl* control = device.trust();
  if (control == nullptr && !has_broker(device)) return fail(not_possible, command, kNoBroker);
  if (control == nullptr)
    return fail(not_possible, command,
                "the broker is reached without TLS, so that nobody proves who it is: mqtt.tls.mode in the "
                "configuration file switches TLS on");
  return control;
}

std::string_view name_of(Mode mode) {
  switch (mode) {
    case Mode::fingerprint: return "fingerprint";
    case Mode::ca: return "ca";
    case Mode::ca_fingerprint: return "ca+fingerprint";
    case Mode::off: return "off";
  }
  return {};
}

std::string_view name_of(Renewal renewal) {
  switch (renewal) {
    case Renewal::same_key: return "same-key";
    case Renewal::same_ca: return "same-ca";
    case Renewal::manual: return "manual";
  }
  return {};
}

std::string shown(const std::optional<trust::Pin>& pin) {
  return pin ? std::string(trust::format_pin(*pin).view()) : std::string();
}

tl::unexpected<Error> fixed(std::string_view command, std::string_view key) {
  return fixed_in_file(command, Text<48>("mqtt.tls.").add(key));
}

/// SetOption19: Tasmota's discovery is on with 0. SetOption128: /cm is on with 1.
Result<Replies> run_switch(const std::string& key, Setting setting, std::string_view on, const CommandLine& line,
                           DeviceControl& device) {
  SettingState state = device.setting(setting);
  if (!line.is_query()) {
    const auto asked = parse_number(line.data);
    if (asked != 0 && asked != 1) return fail(bad_argument, key, kSwitch);
    const std::string wanted = std::to_string(*asked) == on ? "1" : "0";
    if (state.value != wanted) {
      if (!state.fixed_by.empty()) return fixed_in_file(key, state.fixed_by);
      if (auto set = device.set(setting, {NewValue::Kind::text, wanted}); !set) return tl::unexpected(set.error());
      state = device.setting(setting);
    }
  }
  return text_reply(key, (state.value == "1") == (on == "1") ? "ON" : "OFF");
}

bool has_pin(const trust::Policy& policy) {
  return policy.pins[0].has_value() || policy.pins[1].has_value();
}

tl::unexpected<Error> bad_pin(const Error& error) {
  return fail(error.code, error.where,
              Text<224>("the fingerprint ").add(error.detail).add("; meterseal tls fingerprint HOST shows it"),
              error.hint);
}

/// What follows from the mode and the fingerprints as they are now.
void add_notes(Answer& answer, const trust::Policy& policy) {
  const bool is_pinned = has_pin(policy);
  if (policy.mode == Mode::ca && is_pinned)
    answer.add("Note", "the fingerprint is not looked at in mode ca: SetOption132 1 switches to it");
  if (policy.mode != Mode::fingerprint || is_pinned) return;
  if (policy.learn == Learn::off) answer.add("Note", "no fingerprint is set: nothing is sent until there is one");
  if (policy.learn == Learn::confirm)
    answer.add("Note",
               "no fingerprint is set: that of the next connection is noted, and nothing is sent before TlsConfirm");
}

/// Changes the mode. Learning is armed where fingerprint mode has nothing to compare with.
Result<void> change_mode(TrustControl& control, std::string_view command, Mode mode) {
  const TrustState state = control.state();
  if (state.fixed.mode && state.policy.mode != mode) return fixed(command, "mode");
  if (mode != Mode::fingerprint && state.anchors.empty())
    return fail(not_possible, command,
                "no CA is known: upload one on the page under Configure TLS, or name one with mqtt.tls.ca_file in the "
                "configuration file");
  trust::Policy policy = state.policy;
  policy.mode = mode;
  policy.learn = mode == Mode::fingerprint && !has_pin(policy) ? Learn::confirm : Learn::off;
  if (mode == Mode::ca_fingerprint && !has_pin(policy))
    return fail(not_possible, command, "no fingerprint is set: set one with MqttFingerprint1 first");
  return control.change(policy);
}

}  // namespace

bool is_for_local_only(const CommandLine& line) {
  return line.data == "0";
}

Result<Replies> run_mqtt_fingerprint(const CommandLine& line, DeviceControl& device) {
  constexpr std::string_view kName = "MqttFingerprint";
  const auto control = control_of(device, kName);
  if (!control) return tl::unexpected(control.error());
  const std::size_t slot = line.index.value_or(1) - 1;
  const std::string key = std::string(kName) + std::to_string(slot + 1);
  Answer answer;
  if (!line.is_query()) {
    const TrustState state = (*control)->state();
    if (state.fixed.pins) return fixed(key, "fingerprint");
    trust::Policy policy = state.policy;
    if (line.data == "0") {
      policy.pins.at(slot).reset();
    } else {
      const auto pin = trust::parse_pin(line.data);
      if (!pin) return bad_pin(pin.error());
      policy.pins.at(slot) = *pin;
      policy.learn = Learn::off;  // learning never stands beside a pin
    }
    if (policy.mode == Mode::ca_fingerprint && !has_pin(policy))
      return fail(not_possible, key,
                  "mode ca+fingerprint needs a fingerprint: set TlsMode ca first, or another fingerprint");
    if (auto changed = (*control)->change(policy); !changed) return tl::unexpected(changed.error());
  }
  const TrustState state = (*control)->state();
  answer.add(key, shown(state.policy.pins.at(slot)));
  const auto& pin = state.policy.pins.at(slot);
  if (pin && pin->kind == trust::PinKind::tasmota_key)
    answer.add("Warning", "20 bytes of SHA-1 are weak: set the 32 bytes that `meterseal tls fingerprint` shows");
  add_notes(answer, state.policy);
  return answer.done();
}

Result<Replies> run_set_option(const CommandLine& line, DeviceControl& device) {
  constexpr std::string_view kName = "SetOption";
  const std::uint32_t option = line.index.value_or(0);
  const std::string key = std::string(kName) + std::to_string(option);
  if (option == kNoDiscovery) return run_switch(key, Setting::discovery, "0", line, device);
  if (option == kApi) return run_switch(key, Setting::api, "1", line, device);
  if (option != kTls && option != kFingerprint)
    return fail(bad_argument, kName, Text<96>(kName).add(" takes the index ").add(find_command(kName)->index.text()));
  TrustControl* control = device.trust();
  if (option == kTls) {
    if (control == nullptr && !has_broker(device)) return fail(not_possible, key, kNoBroker);
    const bool on = control != nullptr;
    const auto asked = line.is_query() ? std::optional<std::int64_t>(on ? 1 : 0) : parse_number(line.data);
    if (!asked || *asked > 1 || *asked < 0) return fail(bad_argument, key, kSwitch);
    if ((*asked == 1) == on) return Answer().add(key, on ? "ON" : "OFF").done();
    return fail(not_possible, key,
                on ? "plaintext needs mode = \"off\" and allow_plaintext = true in the configuration file"
                   : "the configuration file says mode = \"off\": change it there and reload it (Restart 1 or SIGHUP)");
  }
  const auto ready = control_of(device, key);
  if (!ready) return tl::unexpected(ready.error());
  Answer answer;
  if (!line.is_query()) {
    const auto asked = parse_number(line.data);
    if (!asked || *asked > 1 || *asked < 0)
      return fail(bad_argument, key, "1 (the broker is known by its fingerprint) or 0 (by a CA)");
    const Mode mode = *asked == 1 ? Mode::fingerprint : Mode::ca;
    if (auto changed = change_mode(*control, key, mode); !changed) return tl::unexpected(changed.error());
  }
  const TrustState state = control->state();
  const bool on = state.policy.mode == Mode::fingerprint;
  answer.add(key, on ? "ON" : "OFF");
  if (on && has_pin(state.policy)) answer.add("Note", "the fingerprint that is set stays: nothing is learned");
  add_notes(answer, state.policy);
  return answer.done();
}

Result<Replies> run_tls_mode(const CommandLine& line, DeviceControl& device) {
  const auto control = control_of(device, "TlsMode");
  if (!control) return tl::unexpected(control.error());
  if (!line.is_query()) {
    std::optional<Mode> asked;
    for (const Mode mode : {Mode::fingerprint, Mode::ca, Mode::ca_fingerprint}) {
      if (equals_ignoring_case(line.data, name_of(mode))) asked = mode;
    }
    if (!asked) return fail(bad_argument, "TlsMode", "a mode: fingerprint, ca or ca+fingerprint");
    if (auto changed = change_mode(**control, "TlsMode", *asked); !changed) return tl::unexpected(changed.error());
  }
  const trust::Policy policy = (*control)->state().policy;
  Answer answer;
  answer.add("TlsMode", name_of(policy.mode));
  add_notes(answer, policy);
  return answer.done();
}

Result<Replies> run_tls_renewal(const CommandLine& line, DeviceControl& device) {
  const auto control = control_of(device, "TlsRenewal");
  if (!control) return tl::unexpected(control.error());
  if (!line.is_query()) {
    std::optional<Renewal> asked;
    for (const Renewal renewal : {Renewal::same_key, Renewal::same_ca, Renewal::manual}) {
      if (equals_ignoring_case(line.data, name_of(renewal))) asked = renewal;
    }
    if (!asked) return fail(bad_argument, "TlsRenewal", "a rule: same-key, same-ca or manual");
    TrustState state = (*control)->state();
    if (state.fixed.renewal && state.policy.renewal != *asked) return fixed("TlsRenewal", "renewal");
    if (*asked == Renewal::same_ca && state.policy.mode == Mode::ca_fingerprint)
      return fail(not_possible, "TlsRenewal",
                  "same-ca would make the fingerprint of mode ca+fingerprint meaningless: same-key or manual");
    state.policy.renewal = *asked;
    if (auto changed = (*control)->change(state.policy); !changed) return tl::unexpected(changed.error());
  }
  return Answer().add("TlsRenewal", name_of((*control)->state().policy.renewal)).done();
}

Result<Replies> run_tls_confirm(const CommandLine& line, DeviceControl& device) {
  const auto control = control_of(device, "TlsConfirm");
  if (!control) return tl::unexpected(control.error());
  if (!line.is_query()) {
    const auto pin = trust::parse_pin(line.data);
    if (!pin) return bad_pin(pin.error());
    if (pin->kind != trust::PinKind::certificate_or_key)
      return fail(bad_argument, "TlsConfirm",
                  "repeat the 32 bytes of the certificate's fingerprint as TlsConfirm alone shows them");
    if (auto confirmed = (*control)->confirm(pin->digest); !confirmed) return tl::unexpected(confirmed.error());
  }
  const TrustState state = (*control)->state();
  Answer answer;
  const auto& learned = state.lineage.learned;
  answer.add("TlsConfirm", learned ? trust::format_sha256(learned->certificate).view() : std::string_view());
  answer.add("Broker", state.broker);
  if (!learned) {
    answer.add("State", "nothing was learned");
  } else if (learned->conflict) {
    answer.add("State", "conflict").add("AlsoSeen", trust::format_sha256(*learned->conflict));
  } else {
    answer.add("State", learned->confirmed ? "confirmed" : "unconfirmed: compare it with the broker's own certificate");
  }
  return answer.done();
}

Result<Replies> run_tls_ca(const CommandLine& line, DeviceControl& device) {
  const auto control = control_of(device, "TlsCa");
  if (!control) return tl::unexpected(control.error());
  if (!line.is_query())
    return fail(not_possible, "TlsCa",
                "a query: a CA is uploaded on the page under Configure TLS, or named by mqtt.tls.ca_file in the "
                "configuration file");
  const auto authorities = (*control)->authorities();
  if (!authorities) return tl::unexpected(authorities.error());
  std::vector<char> memory(kCaRoom);
  JsonWriter json(memory);
  json.open_object().key("TlsCa").open_object().key("From").text((*control)->state().anchors);
  json.key("Count").integer(static_cast<std::int64_t>(authorities->count)).key("CA").open_array();
  for (const Authority& one : authorities->first) {
    json.open_object().key("Subject").text(one.subject).key("SHA256").text(one.sha256);
    json.key("Until").text(one.until).close_object();
  }
  json.close_array().close_object().close_object();
  if (json.truncated()) return fail(not_possible, "TlsCa", "the reply does not fit into its memory");
  return Replies{{"RESULT", std::string(json.view())}};
}

Result<Replies> run_tls_status(const CommandLine& /*line*/, DeviceControl& device) {
  const auto control = control_of(device, "TlsStatus");
  if (!control) return tl::unexpected(control.error());
  const TrustState state = (*control)->state();
  std::array<char, 4096> memory{};
  JsonWriter json(memory);
  json.open_object().key("TlsStatus").open_object();
  json.key("Broker").text(state.broker).key("Mode").text(name_of(state.policy.mode));
  json.key("Renewal").text(name_of(state.policy.renewal)).key("CA").text(state.anchors);
  json.key("Fingerprint").open_array();
  for (const auto& in_force : trust::pins_in_force(state.policy, state.lineage)) {
    json.open_object().key("Slot").integer(in_force.slot).key("Pin").text(trust::format_pin(in_force.pin));
    json.key("Learned").boolean(in_force.is_learned).key("Former").boolean(in_force.is_former);
    if (const auto record = trust::record_of(state.lineage, in_force.pin))
      json.key("Certificate")
          .text(trust::format_sha256(record->certificate))
          .key("VerifiedToCA")
          .boolean(record->anchor.has_value());
    json.close_object();
  }
  json.close_array();
  json.key("Served");
  state.served ? json.text(trust::format_sha256(*state.served)) : json.null();
  json.key("ServedUntil");
  if (state.served_until) {
    const CivilTime until = civil_utc(*state.served_until);
    std::array<char, 32> text_memory{};
    TextWriter text(text_memory);
    text.add_padded(static_cast<std::uint64_t>(until.date.year), 4).add('-').add_padded(until.date.month, 2).add('-');
    text.add_padded(until.date.day, 2).add('T').add_padded(until.hour, 2).add(':').add_padded(until.minute, 2).add(':');
    text.add_padded(until.second, 2).add('Z');
    json.text(text.view());
  } else {
    json.null();
  }
  json.key("Refusal").text(state.refusal);
  json.close_object().close_object();
  return Replies{{"RESULT", std::string(json.view())}};
}

}  // namespace meterseal::console
