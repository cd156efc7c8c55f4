#include <algorithm>
#include <array>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "core/text.hpp"
#include "trust/host/builtin_ca.hpp"

namespace meterseal::app {

namespace {

using trust::ExpiredRule;
using trust::Learn;
using trust::Mode;
using trust::Pin;
using trust::Renewal;

constexpr std::uint16_t kTlsPort = 8883;

/// What one table says. Everything may be missing, because a host's table inherits from [mqtt.tls].
struct TlsTable {
  std::optional<Mode> mode;
  std::optional<std::array<std::optional<Pin>, 2>> pins;
  std::optional<ExpiredRule> expired;
  std::optional<bool> allow_plaintext;
  std::optional<Renewal> renewal;
  std::optional<Learn> learn;
  FileSetting ca_file;
  FileSetting ca_path;
  FileSetting crl_file;
  ClientIdentity identity;
  int mode_line = 0;
  int renewal_line = 0;
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

FileSetting read_path(Section& section, std::string_view key, const Problems& problems) {
  const auto path = section.text(key);
  if (!path) return {};
  if (path->empty()) section.problem(config_bad_value, key, "is empty");
  return {resolve(problems.file(), *path), section.line_of(key)};
}

/// Who this device is to the broker: a certificate with its key in a file or in a token.
ClientIdentity read_identity(Section& section, const Problems& problems) {
  ClientIdentity identity;
  identity.certificate = read_path(section, "client_cert", problems);
  identity.key = read_path(section, "client_key", problems);
  identity.pkcs11_module = read_path(section, "pkcs11_module", problems);
  identity.pkcs11_pin = read_path(section, "pkcs11_pin_file", problems);
  if (const auto uri = section.text("pkcs11")) {
    identity.pkcs11_uri = {*uri, section.line_of("pkcs11")};
    if (!uri->starts_with("pkcs11:"))
      section.problem(config_bad_value, "pkcs11",
                      quoted(*uri) + " is no address like \"pkcs11:token=agent;object=mqtt\"");
  }
  const bool has_key = section.has("client_key");
  const bool has_token = section.has("pkcs11");
  if (has_key && has_token) section.problem(config_conflict, "pkcs11", "is given besides client_key");
  if (section.has("client_cert") && !has_key && !has_token)
    section.problem(config_missing_key, "client_cert", "needs the key that belongs to it",
                    "add client_key = \"FILE.pem\", or pkcs11 and pkcs11_module for a key in a token");
  if (has_key && !section.has("client_cert"))
    section.problem(config_missing_key, "client_key", "needs the certificate that belongs to it",
                    "add client_cert = \"FILE.pem\"");
  if (has_token && !section.has("pkcs11_module"))
    section.problem(config_missing_key, "pkcs11", "needs the driver of the token",
                    "add pkcs11_module = \"/usr/lib/.../libsofthsm2.so\" or the one of your token");
  for (const std::string_view key : {"pkcs11_module", "pkcs11_pin_file"}) {
    if (section.has(key) && !has_token) section.problem(config_conflict, key, "is given without pkcs11");
  }
  return identity;
}

TlsTable read_table(Section& section, Problems& problems) {
  static constexpr Choice<Mode> kModes[] = {{"fingerprint", Mode::fingerprint},
                                            {"ca", Mode::ca},
                                            {"ca+fingerprint", Mode::ca_fingerprint},
                                            {"off", Mode::off}};
  static constexpr Choice<ExpiredRule> kExpired[] = {{"warn", ExpiredRule::warn}, {"refuse", ExpiredRule::refuse}};
  static constexpr Choice<Renewal> kRenewals[] = {
      {"same-key", Renewal::same_key}, {"same-ca", Renewal::same_ca}, {"manual", Renewal::manual}};
  static constexpr Choice<Learn> kLearn[] = {
      {"off", Learn::off}, {"confirm", Learn::confirm}, {"auto", Learn::automatic}};
  TlsTable tls;
  tls.mode = section.choice("mode", kModes);
  tls.mode_line = section.line_of("mode");
  read_pins(section, problems, tls);
  tls.expired = section.choice("expired", kExpired);
  tls.allow_plaintext = section.boolean("allow_plaintext");
  tls.renewal = section.choice("renewal", kRenewals);
  tls.renewal_line = section.line_of("renewal");
  tls.learn = section.choice("learn", kLearn);
  tls.ca_file = read_path(section, "ca_file", problems);
  tls.ca_path = read_path(section, "ca_path", problems);
  tls.crl_file = read_path(section, "crl_file", problems);
  tls.identity = read_identity(section, problems);
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
  if (!own.renewal) {
    tls.renewal = inherited.renewal;
    tls.renewal_line = inherited.renewal_line;
  }
  if (!own.learn) tls.learn = inherited.learn;
  if (own.identity.certificate.path.empty() && own.identity.pkcs11_uri.path.empty()) tls.identity = inherited.identity;
  if (own.ca_file.path.empty() && own.ca_path.path.empty()) {
    tls.ca_file = inherited.ca_file;
    tls.ca_path = inherited.ca_path;
    if (own.crl_file.path.empty()) tls.crl_file = inherited.crl_file;
  }
  return tls;
}

/// A pin that this mode does not look at would be believed to protect.
void check_pins_are_used(Section& section, const TlsTable& table, Mode mode) {
  if (!table.pins || is_pinned(mode)) return;
  section.problem(config_conflict, "fingerprint", "is not looked at in mode \"" + std::string(name_of(mode)) + "\"",
                  "use mode = \"fingerprint\" or \"ca+fingerprint\", or remove the fingerprint");
}

void decide_pins(const TlsTable& table, const std::string& path, TlsConfig& tls, Problems& problems) {
  const std::string mode(name_of(tls.policy.mode));
  const bool learns = table.learn.value_or(Learn::off) != Learn::off;
  if (learns && tls.policy.mode != Mode::fingerprint) {
    problems.add(config_conflict, table.mode_line, path + ".learn: there is nothing to learn in mode \"" + mode + "\"",
                 "use mode = \"fingerprint\", or remove learn");
  }
  if (!is_pinned(tls.policy.mode)) return;
  if (table.pins) {
    tls.policy.pins = *table.pins;
    if (learns) problems.warn(table.mode_line, path + ".learn: a fingerprint is set, so nothing is learned");
  } else if (learns) {
    tls.policy.learn = *table.learn;
  } else {
    problems.add(
        config_missing_key, table.mode_line, path + ".mode: \"" + mode + "\" needs a fingerprint",
        "add fingerprint = [\"AA:BB:...\"] with the SHA-256 of the broker's certificate, or learn = \"confirm\"");
  }
}

void decide_renewal(const TlsTable& table, const std::string& path, TlsConfig& tls, Problems& problems) {
  tls.policy.renewal = table.renewal.value_or(Renewal::same_key);
  if (tls.policy.renewal == Renewal::same_ca && tls.policy.mode == Mode::ca_fingerprint) {
    problems.add(config_conflict, table.renewal_line,
                 path + ".renewal: \"same-ca\" would make the fingerprint of mode \"ca+fingerprint\" meaningless",
                 "use renewal = \"same-key\" or \"manual\", or mode = \"ca\"");
  }
  if (table.renewal && !is_pinned(tls.policy.mode)) {
    problems.warn(table.renewal_line, path + ".renewal: has no effect in mode \"" +
                                          std::string(name_of(tls.policy.mode)) + "\": there is no pin to follow");
  }
}

/// Anchors are at hand in every mode, because they tell what the next renewal will do and whether another mode could be
/// set at run time.
void decide_anchors(const TlsTable& table, const std::string& path, TlsConfig& tls, Problems& problems) {
  const trust::Policy& policy = tls.policy;
  const bool follows_ca = policy.mode == Mode::fingerprint && policy.renewal == Renewal::same_ca;
  if (!table.crl_file.path.empty() && !has_anchors(policy.mode) && !follows_ca) {
    problems.add(config_conflict, table.crl_file.line,
                 path + ".crl_file: is not looked at in mode \"" + std::string(name_of(policy.mode)) + "\"",
                 "use mode = \"ca\", or remove crl_file");
  }
  tls.ca_file = table.ca_file;
  tls.ca_path = table.ca_path;
  tls.crl_file = table.crl_file;
  tls.are_anchors_declared = !tls.ca_file.path.empty() || !tls.ca_path.path.empty();
  if (tls.are_anchors_declared) return;
  tls.ca_builtin = !trust::host::builtin_ca_pem().empty();
  if (!tls.ca_builtin) tls.ca_path = {kSystemAnchors, table.mode_line};
}

/// What the table means for one broker.
TlsConfig decided(const TlsTable& table, const std::string& path, Problems& problems) {
  TlsConfig tls;
  tls.policy.mode = table.mode.value_or(Mode::ca);
  tls.policy.expired = table.expired.value_or(ExpiredRule::warn);
  tls.policy.are_pins_declared = table.pins.has_value();
  tls.fixed = {table.mode.has_value(), table.pins.has_value(), table.renewal.has_value(), table.learn.has_value()};
  decide_pins(table, path, tls, problems);
  decide_renewal(table, path, tls, problems);
  decide_anchors(table, path, tls, problems);
  if (tls.policy.mode != Mode::off) {
    tls.identity = table.identity;
  } else if (!table.allow_plaintext.value_or(false)) {
    problems.add(config_conflict, table.mode_line,
                 path + ".mode: \"off\" sends user name, password and readings in clear and is not allowed",
                 "use a mode that verifies the broker, or accept the risk with allow_plaintext = true");
  }
  return tls;
}

}  // namespace

bool looks_at_authorities(const trust::Policy& policy) {
  const bool follows_ca = policy.mode == Mode::fingerprint && policy.renewal == Renewal::same_ca;
  return has_anchors(policy.mode) || follows_ca || policy.learn != Learn::off;
}

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
