#include "app/agent/trust_setting.hpp"

#include <array>

#include "app/errors.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

using trust::Learn;
using trust::Mode;
using trust::Renewal;

template <class E>
struct Word {
  E value;
  std::string_view text;
};
constexpr std::array kModes{Word<Mode>{Mode::fingerprint, "fingerprint"}, Word<Mode>{Mode::ca, "ca"},
                            Word<Mode>{Mode::ca_fingerprint, "ca+fingerprint"}};
constexpr std::array kRenewals{Word<Renewal>{Renewal::same_key, "same-key"}, Word<Renewal>{Renewal::same_ca, "same-ca"},
                               Word<Renewal>{Renewal::manual, "manual"}};
constexpr std::array kLearn{Word<Learn>{Learn::off, "off"}, Word<Learn>{Learn::confirm, "confirm"},
                            Word<Learn>{Learn::automatic, "auto"}};

template <class E, std::size_t N>
std::string_view text_of(const std::array<Word<E>, N>& words, E value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return {};
}

template <class E, std::size_t N>
bool read(const std::array<Word<E>, N>& words, std::string_view text, E& value) {
  for (const auto& word : words) {
    if (word.text != text) continue;
    value = word.value;
    return true;
  }
  return false;
}

bool read_pin(std::string_view text, std::optional<trust::Pin>& pin) {
  pin.reset();
  if (text.empty()) return true;
  const auto parsed = trust::parse_pin(text);
  if (parsed) pin = *parsed;
  return parsed.has_value();
}

bool take(trust::Policy& policy, std::string_view key, std::string_view value) {
  if (key == "mode") return read(kModes, value, policy.mode);
  if (key == "renewal") return read(kRenewals, value, policy.renewal);
  if (key == "learn") return read(kLearn, value, policy.learn);
  if (key == "pin1") return read_pin(value, policy.pins[0]);
  if (key == "pin2") return read_pin(value, policy.pins[1]);
  return false;
}

}  // namespace

std::string encode_trust_setting(const trust::Policy& policy) {
  std::string text("1\n");  // version
  const auto add = [&](std::string_view key, std::string_view value) {
    text.append(key).append("=").append(value).append("\n");
  };
  add("mode", text_of(kModes, policy.mode));
  add("renewal", text_of(kRenewals, policy.renewal));
  add("learn", text_of(kLearn, policy.learn));
  for (std::size_t i = 0; i < policy.pins.size(); ++i) {
    const auto& pin = policy.pins.at(i);
    add(i == 0 ? "pin1" : "pin2", pin ? trust::format_pin(*pin).view() : std::string_view());
  }
  return text;
}

Result<trust::Policy> with_trust_setting(const trust::Policy& declared, const console::FixedByFile& fixed,
                                         std::string_view setting) {
  trust::Policy set = declared;
  const auto damaged = [](std::string_view what) { return fail(trust_setting_damaged, "setting/tls", what); };
  if (!setting.starts_with("1\n")) return damaged("has another version");
  setting.remove_prefix(2);
  while (!setting.empty()) {
    const std::string_view line = setting.substr(0, setting.find('\n'));
    if (line.size() == setting.size()) return damaged("ends in the middle");
    setting.remove_prefix(line.size() + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !take(set, line.substr(0, equals), line.substr(equals + 1)))
      return damaged("holds what cannot be read");
  }
  set.are_pins_declared = fixed.pins;
  if (fixed.mode) set.mode = declared.mode;
  if (fixed.pins) set.pins = declared.pins;
  if (fixed.renewal) set.renewal = declared.renewal;
  if (fixed.learn) set.learn = declared.learn;
  const bool has_pin = set.pins[0] || set.pins[1];
  if (has_pin || set.mode != Mode::fingerprint) set.learn = Learn::off;  // learning never stands beside a pin
  if (set.mode == Mode::ca_fingerprint && !has_pin) return damaged("asks for a fingerprint and has none");
  if (set.mode == Mode::ca_fingerprint && set.renewal == Renewal::same_ca) set.renewal = Renewal::manual;
  return set;
}

}  // namespace meterseal::app
