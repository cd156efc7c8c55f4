#include "app/face/proposal.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace meterseal::app {

namespace {

using trust::Mode;
using trust::Renewal;

constexpr std::array kModes{std::pair{"fingerprint", Mode::fingerprint}, std::pair{"ca", Mode::ca},
                            std::pair{"ca+fingerprint", Mode::ca_fingerprint}};
constexpr std::array kRenewals{std::pair{"same-key", Renewal::same_key}, std::pair{"same-ca", Renewal::same_ca},
                               std::pair{"manual", Renewal::manual}};

enum class Taken {
  changed,
  unrelated,
  refused
};

template <class E, std::size_t N>
Taken take_word(const std::array<std::pair<const char*, E>, N>& words, std::string_view text, E& value) {
  const auto* found = std::find_if(words.begin(), words.end(), [&](const auto& word) { return text == word.first; });
  if (found == words.end()) return Taken::refused;
  value = found->second;
  return Taken::changed;
}

bool has_pin(const trust::Policy& policy) {
  return policy.pins[0] || policy.pins[1];
}

// What becomes of learning is as the console does it: a mode without a fingerprint arms it, a fingerprint ends it, and
// clearing one leaves nothing to believe.

Taken take_pin(std::string_view text, trust::Policy& policy, std::size_t slot) {
  std::optional<trust::Pin>& pin = policy.pins.at(slot);
  pin.reset();
  if (text == "0") return Taken::changed;
  const auto parsed = trust::parse_pin(text);
  if (!parsed) return Taken::refused;
  pin = *parsed;
  policy.learn = trust::Learn::off;
  return Taken::changed;
}

Taken take_mode(std::string_view text, trust::Policy& policy) {
  const Taken taken = take_word(kModes, text, policy.mode);
  if (taken == Taken::changed)
    policy.learn = policy.mode == Mode::fingerprint && !has_pin(policy) ? trust::Learn::confirm : trust::Learn::off;
  return taken;
}

Taken take_port(std::string_view text, std::uint16_t& port) {
  std::uint64_t number = 0;
  if (!parse_decimal(text, 1, 65'535, number)) return Taken::refused;
  port = static_cast<std::uint16_t>(number);
  return Taken::changed;
}

Taken take_text(std::string_view text, std::string& value) {
  value = text == "0" ? std::string() : std::string(text);
  return Taken::changed;
}

/// What the lines change.
struct Changed {
  HostPort& to;
  MqttConfig& mqtt;
  trust::Policy& policy;
};

Taken take(Changed changed, std::string_view command, std::string_view value) {
  auto& [to, mqtt, policy] = changed;
  if (command == "MqttHost") return take_text(value, to.host);
  if (command == "MqttPort") return take_port(value, to.port);
  if (command == "MqttClient") return take_text(value, mqtt.client_id);
  if (command == "MqttUser") return take_text(value, mqtt.user);
  if (command == "MqttPassword") return take_text(value, mqtt.password);
  if (command == "TlsMode") return take_mode(value, policy);
  if (command == "TlsRenewal") return take_word(kRenewals, value, policy.renewal);
  if (command == "MqttFingerprint1") return take_pin(value, policy, 0);
  if (command == "MqttFingerprint2") return take_pin(value, policy, 1);
  return Taken::unrelated;
}

const Check* find(const std::vector<Check>& checks, std::string_view id) {
  const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.id == id; });
  return found == checks.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Patient> proposed(Patient present, const std::vector<std::string>& lines) {
  if (!present.broker || !present.mqtt || present.broker->tls.policy.mode == Mode::off) return std::nullopt;
  trust::Policy& policy = present.broker->tls.policy;
  // As they count now: forms show the slots of today (trust/lineage.hpp, swapped).
  if (present.lineage.swapped && !present.broker->tls.fixed.pins) {
    std::swap(policy.pins[0], policy.pins[1]);
    present.lineage.swapped = false;
  }
  const Changed changed{present.to, *present.mqtt, policy};
  bool is_changed = false;
  for (const std::string& line : lines) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    const Taken taken = take(changed, std::string_view(line).substr(0, blank), trim(line.substr(blank + 1)));
    if (taken == Taken::refused) return std::nullopt;
    is_changed = is_changed || taken == Taken::changed;
  }
  if (!is_changed) return std::nullopt;
  if (policy.mode == Mode::ca_fingerprint && !has_pin(policy)) return std::nullopt;
  // What was recorded is about the broker at the former address.
  if (present.to != present.broker->address) present.lineage = {};
  present.broker->address = present.to;
  return present;
}

bool is_proved(const std::vector<Check>& checks) {
  const auto stands = [](const Check* check) {
    return check != nullptr && (check->verdict == CheckVerdict::good || check->verdict == CheckVerdict::warning);
  };
  const Check* mqtt = find(checks, "mqtt");
  return stands(find(checks, "policy")) && mqtt != nullptr && mqtt->verdict != CheckVerdict::bad;
}

}  // namespace meterseal::app
