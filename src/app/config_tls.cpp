#include <algorithm>
#include <array>

#include "app/config_parts.hpp"
#include "app/errors.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

using trust::ExpiredRule;
using trust::Mode;
using trust::Pin;

constexpr std::string_view kSystemAnchors = "/etc/ssl/certs";
constexpr std::uint16_t kTlsPort = 8883;

/// What one table says. Everything may be missing, because a host's table inherits from [mqtt.tls].
struct TlsTable {
  std::optional<Mode> mode;
  std::optional<std::array<std::optional<Pin>, 2>> pins;
  std::optional<ExpiredRule> expired;
  std::optional<bool> allow_plaintext;
  FileSetting ca_file;
  FileSetting ca_path;
  int mode_line = 0;
};

bool is_pinned(Mode mode) {
  return mode == Mode::fingerprint || mode == Mode::ca_fingerprint;
}
bool has_anchors(Mode mode) {
  return mode == Mode::ca || mode == Mode::ca_fingerprint;
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

void read_pins(Section& section, Problems& problems, TlsTable& tls) {
  const auto texts = section.texts("fingerprint", 2);
  if (!section.has("fingerprint")) return;
  tls.pins.emplace();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto pin = trust::parse_pin(texts[i].text);
    if (pin) {
      tls.pins->at(i) = *pin;
    } else {
      const std::string key = section.name_of("fingerprint") + "[" + std::to_string(i + 1) + "]: ";
      problems.add(pin.error().code, texts[i].line, key + std::string(pin.error().detail.view()), pin.error().remedy());
    }
  }
}

void read_renewal(Section& section) {
  const auto renewal = section.text("renewal");
  if (!renewal || *renewal == "manual") return;
  if (*renewal == "same-key") {
    section.warn("renewal",
                 "\"same-key\" has no effect in this version: a pin of the key itself (sha256//...) "
                 "outlives the renewal of a certificate");
  } else if (*renewal == "same-ca") {
    section.problem(config_not_yet, "renewal", "\"same-ca\" is not in this version yet", "use mode = \"ca\"");
  } else {
    section.problem(config_bad_value, "renewal", quoted(*renewal) + " is none of: manual, same-key");
  }
}

TlsTable read_table(Section& section, Problems& problems) {
  static constexpr Choice<Mode> kModes[] = {{"fingerprint", Mode::fingerprint},
                                            {"ca", Mode::ca},
                                            {"ca+fingerprint", Mode::ca_fingerprint},
                                            {"off", Mode::off}};
  static constexpr Choice<ExpiredRule> kExpired[] = {{"warn", ExpiredRule::warn}, {"refuse", ExpiredRule::refuse}};
  TlsTable tls;
  tls.mode = section.choice("mode", kModes);
  tls.mode_line = section.line_of("mode");
  read_pins(section, problems, tls);
  tls.expired = section.choice("expired", kExpired);
  tls.allow_plaintext = section.boolean("allow_plaintext");
  for (const auto& [key, setting] : {std::pair("ca_file", &tls.ca_file), std::pair("ca_path", &tls.ca_path)}) {
    if (const auto path = section.text(key)) *setting = {resolve(problems.file(), *path), section.line_of(key)};
    if (section.has(key) && setting->path.empty()) section.problem(config_bad_value, key, "is empty");
  }
  read_renewal(section);
  section.refuse_not_yet({"crl_file", "client_cert", "client_key", "pkcs11", "learn"});
  return tls;
}

/// `own` where it says something, else what it inherits. Anchors are one thing: a host with a private CA does not
/// inherit the system's besides.
TlsTable merged(const TlsTable& inherited, const TlsTable& own) {
  TlsTable tls = own;
  if (!own.mode) {
    tls.mode = inherited.mode;
    tls.mode_line = inherited.mode ? inherited.mode_line : own.mode_line;
  }
  if (!own.pins) tls.pins = inherited.pins;
  if (!own.expired) tls.expired = inherited.expired;
  if (!own.allow_plaintext) tls.allow_plaintext = inherited.allow_plaintext;
  if (own.ca_file.path.empty() && own.ca_path.path.empty()) {
    tls.ca_file = inherited.ca_file;
    tls.ca_path = inherited.ca_path;
  }
  return tls;
}

/// A pin that this mode does not look at would be believed to protect.
void check_pins_are_used(Section& section, const TlsTable& table, Mode mode) {
  if (!table.pins || is_pinned(mode)) return;
  section.problem(config_conflict, "fingerprint", "is not looked at in mode \"" + std::string(name_of(mode)) + "\"",
                  "use mode = \"fingerprint\" or \"ca+fingerprint\", or remove the fingerprint");
}

/// What the table means for one broker.
TlsConfig decided(const TlsTable& table, const std::string& path, Problems& problems) {
  TlsConfig tls;
  tls.policy.mode = table.mode.value_or(Mode::ca);
  tls.policy.expired = table.expired.value_or(ExpiredRule::warn);
  const std::string where = path + ".mode: ";
  if (is_pinned(tls.policy.mode)) {
    if (table.pins) {
      tls.policy.pins = *table.pins;
    } else {
      problems.add(config_missing_key, table.mode_line,
                   where + "\"" + std::string(name_of(tls.policy.mode)) + "\" needs a fingerprint",
                   "add fingerprint = [\"AA:BB:...\"] with the SHA-256 of the broker's certificate");
    }
  }
  if (has_anchors(tls.policy.mode)) {
    tls.ca_file = table.ca_file;
    tls.ca_path = table.ca_path;
    if (tls.ca_file.path.empty() && tls.ca_path.path.empty())
      tls.ca_path = {std::string(kSystemAnchors), table.mode_line};
  }
  if (tls.policy.mode == Mode::off && !table.allow_plaintext.value_or(false)) {
    problems.add(config_conflict, table.mode_line,
                 where + "\"off\" sends user name, password and readings in clear and is not allowed",
                 "use a mode that verifies the broker, or accept the risk with allow_plaintext = true");
  }
  return tls;
}

}  // namespace

void read_tls(Section& mqtt, Problems& problems, std::vector<BrokerConfig>& brokers) {
  static const Node kNothing;
  const Node* node = mqtt.table("tls");
  if (node == nullptr) node = &kNothing;
  const std::string path = mqtt.name_of("tls");
  Section section(*node, path, problems);
  const TlsTable common = read_table(section, problems);
  check_pins_are_used(section, common, common.mode.value_or(Mode::ca));

  std::vector<const BrokerConfig*> decided_alone;
  for (const Node& table : node->children) {
    if (table.kind != Node::Kind::table) continue;
    section.allow(table.key);
    const std::string host_path = path + "." + quoted(table.key);
    Section own(table, host_path, problems);
    const TlsTable host = read_table(own, problems);
    own.finish();
    const auto address = parse_host_port(table.key, kTlsPort);
    const auto broker =
        std::find_if(brokers.begin(), brokers.end(), [&](const auto& b) { return address && b.address == *address; });
    if (broker == brokers.end()) {
      problems.add(config_unknown_key, table.line, host_path + ": is none of mqtt.hosts");
      continue;
    }
    if (std::find(decided_alone.begin(), decided_alone.end(), &*broker) != decided_alone.end()) {
      problems.add(config_conflict, table.line, host_path + ": this broker has a table already");
    }
    decided_alone.push_back(&*broker);
    const TlsTable together = merged(common, host);
    check_pins_are_used(own, host, together.mode.value_or(Mode::ca));
    broker->tls = decided(together, host_path, problems);
  }
  for (BrokerConfig& broker : brokers) {
    if (std::find(decided_alone.begin(), decided_alone.end(), &broker) != decided_alone.end()) continue;
    broker.tls = decided(common, path, problems);
  }
  section.finish();
}

}  // namespace meterseal::app
