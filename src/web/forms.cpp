#include "web/forms.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "core/text.hpp"
#include "web/errors.hpp"

namespace meterseal::web {

namespace {

constexpr std::size_t kLongestValue = 512;

constexpr Field kMqtt[] = {
    {"MqttHost", "Host", FieldKind::text, "Name of the broker, as it stands in its certificate", ""},
    {"MqttPort", "Port", FieldKind::number, "8883 is MQTT over TLS", ""},
    {"MqttClient", "Client", FieldKind::text, "Unique on the broker", ""},
    {"MqttUser", "User", FieldKind::text, "One account for each device", ""},
    {"MqttPassword", "Password", FieldKind::secret, "Never shown again; leave empty to keep the one that is set", ""},
    {"Topic", "Topic", FieldKind::text, "%topic% of all messages of this device", ""},
    {"FullTopic", "Full topic", FieldKind::text, "Form of all topics, such as %prefix%/%topic%/", ""},
    {"TelePeriod", "Telemetry period", FieldKind::number, "Seconds between messages, 10 to 3600; 0: none, 1: 300", ""},
};

constexpr Field kTls[] = {
    {"MqttFingerprint1", "Fingerprint 1", FieldKind::fingerprint, "SHA-256 of the broker's certificate or key", ""},
    {"MqttFingerprint2", "Fingerprint 2", FieldKind::fingerprint, "Announced successor, for the next renewal", ""},
    {"TlsMode", "The broker is known by", FieldKind::choice, "",
     "fingerprint=its fingerprint|ca=a certificate authority|ca+fingerprint=both"},
    {"TlsRenewal", "A renewed certificate is followed", FieldKind::choice, "",
     "same-key=when its key is the same|same-ca=when the same authority signed it|manual=never, a person decides"},
};

constexpr Field kTime[] = {
    {"FriendlyName", "Name", FieldKind::text, "As dashboards show it", ""},
    {"Timezone", "Time zone", FieldKind::text, "Where midnight is, such as Europe/Berlin", ""},
};

constexpr FormTable kForms[] = {
    {"mqtt", "Configure MQTT", kMqtt},
    {"tls", "Configure TLS", kTls},
    {"device", "Configure device", kTime},
};

std::string_view name_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::text: return "text";
    case FieldKind::number: return "number";
    case FieldKind::secret: return "secret";
    case FieldKind::fingerprint: return "fingerprint";
    case FieldKind::choice: return "choice";
  }
  return {};
}

/// Does `choices` hold this value?
bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const auto end = choices.find('|');
    const std::string_view one = choices.substr(0, end);
    if (one.substr(0, one.find('=')) == value) return true;
    choices = end == std::string_view::npos ? std::string_view() : choices.substr(end + 1);
  }
  return false;
}

const Field* find_field(const FormTable& form, std::string_view name) {
  const auto found =
      std::find_if(form.fields.begin(), form.fields.end(), [&](const Field& f) { return f.command == name; });
  return found == form.fields.end() ? nullptr : &*found;
}

bool is_clean(std::string_view value) {
  return value.size() <= kLongestValue && std::none_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

Result<void> check(const Field& field, std::string_view value) {
  const auto bad = [&](std::string_view why) {
    return fail(bad_form, field.command, std::string(field.label) + ": " + std::string(why));
  };
  if (!is_clean(value)) return bad("too long, or with control characters");
  std::uint64_t number = 0;
  if (field.kind == FieldKind::number && !parse_decimal(value, 0, 1'000'000, number)) return bad("is no number");
  if (field.kind == FieldKind::choice && !is_choice(field.choices, value)) return bad("is none of the choices");
  // Empty data is a query: nothing would change although the page says so.
  if (value.empty() && field.kind != FieldKind::fingerprint) return bad("must not be empty");
  return {};
}

}  // namespace

std::span<const FormTable> forms() {
  return kForms;
}

const FormTable* find_form(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kForms), std::end(kForms), [&](const FormTable& f) { return f.name == name; });
  return found == std::end(kForms) ? nullptr : found;
}

Result<std::vector<std::string>> console_lines(const FormTable& form, const Form& sent) {
  for (const auto& [name, value] : sent.fields()) {
    const Field* field = find_field(form, name);
    if (field == nullptr) return fail(bad_form, "form", "has a field that does not belong to it");
    if (field->kind == FieldKind::secret && value.empty()) continue;
    if (auto good = check(*field, value); !good) return tl::unexpected(good.error());
  }
  std::vector<std::string> lines;
  // A mode that needs a fingerprint comes after the one that is set, and before the one that is cleared.
  std::vector<std::string> cleared;
  for (const Field& field : form.fields) {
    const std::string_view value = sent.value(field.command);
    if (!sent.has(field.command) || (field.kind == FieldKind::secret && value.empty())) continue;
    // Tasmota's 0 clears a fingerprint.
    if (field.kind == FieldKind::fingerprint && trim(value).empty()) {
      cleared.push_back(std::string(field.command) + " 0");
    } else {
      lines.push_back(std::string(field.command) + ' ' + std::string(value));
    }
  }
  lines.insert(lines.end(), cleared.begin(), cleared.end());
  return lines;
}

std::string form_json(const FormTable& form, const DeviceView& device) {
  std::string memory(std::size_t{32} * 1024, '\0');
  JsonWriter json(memory);
  json.open_object().key("name").text(form.name).key("title").text(form.title).key("fields").open_array();
  for (const Field& field : form.fields) {
    const Setting setting = device.setting(field.command);
    if (setting.state == Setting::State::unknown) continue;
    json.open_object().key("name").text(field.command).key("label").text(field.label);
    json.key("kind").text(name_of(field.kind)).key("hint").text(field.hint).key("choices").text(field.choices);
    json.key("value").text(field.kind == FieldKind::secret ? std::string_view() : std::string_view(setting.value));
    json.key("set").boolean(!setting.value.empty());
    const bool is_fixed = setting.state == Setting::State::fixed;
    json.key("fixed").boolean(is_fixed).key("by").text(is_fixed ? setting.by : std::string_view());
    json.close_object();
  }
  json.close_array().close_object();
  memory.resize(json.view().size());
  return memory;
}

}  // namespace meterseal::web
