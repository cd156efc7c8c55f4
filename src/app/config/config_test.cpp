#include "app/config/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/errors.hpp"
#include "mqtt/errors.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kPin;
using test::kSite;

ConfigResult parse(const std::string& text) {
  return parse_config(text, "/etc/meterseal/meterseal.toml", test::kProfiles);
}

struct Fault {
  const char* sentence;
  const char* from;
  std::string to;
  int line;
  const Code& code;
  const char* detail;
};

void expect_one_fault(const Fault& row, const std::string& text) {
  const auto config = parse(text);
  ASSERT_FALSE(config) << row.sentence;
  EXPECT_EQ(config.error().size(), 1U) << row.sentence << ": " << config.error().back().detail.view();
  const Error& error = config.error().front();
  EXPECT_EQ(error.code.name, row.code.name) << row.sentence;
  EXPECT_EQ(error.where.view(), "/etc/meterseal/meterseal.toml:" + std::to_string(row.line)) << row.sentence;
  EXPECT_EQ(error.detail.view(), row.detail) << row.sentence;
}

void expect_faults(std::span<const Fault> rows) {
  for (const Fault& row : rows) expect_one_fault(row, changed(kSite, row.from, row.to));
}

TEST(Config, RefusesWhatItDoesNotKnow) {
  const Fault rows[] = {
      {"misspelt key", "topic =", "topic = \"a\"\ntopik =", 3, config_unknown_key,
       "device.\"topik\" is not a key that this program knows; did you mean \"topic\"?"},
      {"table with two letters swapped", "[mqtt.tls]", "[mqtt.tsl]\n[mqtt.tls]", 5, config_unknown_key,
       "mqtt.\"tsl\" is not a key that this program knows; did you mean \"tls\"?"},
      {"key of nothing", "mode =", "colour = 1\nmode =", 6, config_unknown_key,
       "mqtt.tls.\"colour\" is not a key that this program knows"},
      {"key in the wrong table", "[mqtt]", "tele_peroid = 10\n[mqtt]", 3, config_unknown_key,
       "device.\"tele_peroid\" is not a key that this program knows; did you mean \"tele_period\"?"},
      {"table", "[device]", "[divice]\n[device]", 1, config_unknown_key,
       "\"divice\" is not a key that this program knows; did you mean \"device\"?"},
      {"key of a meter", "address =", "adress = 3\naddress =", 10, config_unknown_key,
       "bus[1].meter[1].\"adress\" is not a key that this program knows; did you mean \"address\"?"},
      {"key that would break the terminal", "[mqtt]", "\"\\u001b[2J\" = 1\n[mqtt]", 3, config_unknown_key,
       "device.\"?[2J\" is not a key that this program knows"},
      {"password in the file", "[mqtt.tls]", "user = \"u\"\npassword = \"p\"\n[mqtt.tls]", 6, config_unknown_key,
       "mqtt.password: a password never stands in this file"},
  };
  expect_faults(rows);
}

TEST(Config, RefusesWrongTypes) {
  const Fault rows[] = {
      {"number for text", "\"emon_1\"", "1", 2, config_wrong_type, "device.topic: must be text in quotes"},
      {"text for number", "address = 1", "address = \"1\"", 10, config_wrong_type,
       "bus[1].meter[1].address: must be a whole number"},
      {"decimal for number", "address = 1", "address = 1.0", 10, config_wrong_type,
       "bus[1].meter[1].address: must be a whole number"},
      {"date for number", "address = 1", "address = 2026-01-01", 10, config_wrong_type,
       "bus[1].meter[1].address: must be a whole number"},
      {"text for list", "[\"broker.example.com:8883\"]", "\"broker.example.com\"", 4, config_wrong_type,
       "mqtt.hosts: must be a list of texts: [\"...\"]"},
      {"mixed list", "[\"broker.example.com:8883\"]", "[\"a\", 2]", 4, config_wrong_type,
       "mqtt.hosts: must be a list of texts: [\"...\"]"},
      {"text for boolean", "[mqtt.tls]", "discovery = \"yes\"\n[mqtt.tls]", 5, config_wrong_type,
       "mqtt.discovery: must be true or false"},
      {"single brackets for a list of tables", "[[bus.meter]]", "[bus.meter]", 9, config_wrong_type,
       "bus[1].meter: must be a list of tables, each begun with double brackets"},
      {"number for table", "[device]", "outbox = 5\n[device]", 1, config_wrong_type,
       "outbox: must be a table: [outbox]"},
  };
  for (const Fault& row : rows) {
    const auto config = parse(changed(kSite, row.from, row.to));
    ASSERT_FALSE(config) << row.sentence;
    const Error& error = config.error().front();
    EXPECT_EQ(error.code.name, row.code.name) << row.sentence;
    EXPECT_EQ(error.where.view(), "/etc/meterseal/meterseal.toml:" + std::to_string(row.line)) << row.sentence;
    EXPECT_EQ(error.detail.view(), row.detail) << row.sentence;
  }
}

TEST(Config, RefusesValuesOfTheDevice) {
  const Fault rows[] = {
      {"missing topic", "topic = \"emon_1\"\n", "", 1, config_missing_key, "device.topic: is missing"},
      {"wildcard in the topic", "emon_1", "emon/#", 2, mqtt::topic_invalid,
       "device.topic: \"emon/#\" has a wildcard (+ or #)"},
      {"unknown token", "[mqtt]", "full_topic = \"%prefix%/%id%/\"\n[mqtt]", 3, mqtt::full_topic_invalid,
       "device.full_topic: \"%prefix%/%id%/\" has a '%' that begins neither %prefix% nor %topic%"},
      {"period too long", "[mqtt]", "tele_period = 3601\n[mqtt]", 3, config_bad_value,
       "device.tele_period: 3601 is not within 0 to 3600"},
      {"negative period", "[mqtt]", "tele_period = -1\n[mqtt]", 3, config_bad_value,
       "device.tele_period: -1 is not within 0 to 3600"},
      {"zone out of the zone folder", "[mqtt]", "timezone = \"../../etc/passwd\"\n[mqtt]", 3, config_bad_value,
       "device.timezone: \"../../etc/passwd\" is no name like \"Europe/Berlin\""},
      {"absolute zone", "[mqtt]", "timezone = \"/etc/localtime\"\n[mqtt]", 3, config_bad_value,
       "device.timezone: \"/etc/localtime\" is no name like \"Europe/Berlin\""},
      {"clock", "[mqtt]", "clock = \"trustd\"\n[mqtt]", 3, config_bad_value,
       "device.clock: \"trustd\" is none of: auto, trusted; did you mean \"trusted\"?"},
      {"empty name", "[mqtt]", "name = \"\"\n[mqtt]", 3, config_bad_value, "device.name: is empty"},
      {"line break in the name", "[mqtt]", "name = \"a\\nb\"\n[mqtt]", 3, config_bad_value,
       "device.name: has a control character"},
  };
  expect_faults(rows);
}

TEST(Config, RefusesValuesOfMqtt) {
  const Fault rows[] = {
      {"no hosts", "hosts = [\"broker.example.com:8883\"]\n", "", 3, config_missing_key, "mqtt.hosts: is missing"},
      {"URL", "broker.example.com:8883", "mqtts://broker", 4, config_bad_value,
       "mqtt.hosts: \"mqtts://broker\" is a URL; write HOST:PORT only"},
      {"bare IPv6", "broker.example.com:8883", "2001:db8::1", 4, config_bad_value,
       "mqtt.hosts: \"2001:db8::1\" has several colons; write an IPv6 address in brackets: [2001:db8::1]:8883"},
      {"the same broker twice", "8883\"]", "8883\",\n\"Broker.example.com\"]", 5, config_conflict,
       "mqtt.hosts: \"Broker.example.com\" is named twice"},
      {"version", "[mqtt.tls]", "version = \"4\"\n[mqtt.tls]", 5, config_bad_value,
       "mqtt.version: \"4\" is none of: 3.1.1, 5"},
      {"remote commands", "[mqtt.tls]", "remote_commands = \"some\"\n[mqtt.tls]", 5, config_bad_value,
       "mqtt.remote_commands: \"some\" is none of: none, safe, all"},
      {"keep-alive", "[mqtt.tls]", "keep_alive = 4\n[mqtt.tls]", 5, config_bad_value,
       "mqtt.keep_alive: 4 is not within 5 to 3600"},
      {"control character in the user", "[mqtt.tls]", "user = \"a\\u0000b\"\n[mqtt.tls]", 5, config_bad_value,
       "mqtt.user: has a control character"},
      {"password without user", "[mqtt.tls]", "password_file = \"p\"\n[mqtt.tls]", 5, config_conflict,
       "mqtt.password_file: is given, but no user"},
      {"delivery", "[mqtt.tls]", "delivery = \"nobody\"\n[mqtt.tls]", 5, config_bad_value,
       "mqtt.delivery: \"nobody\" is none of: broker, receiver"},
      {"outbox", "[[bus]]", "[outbox]\nmax_mb = 0\n[[bus]]", 8, config_bad_value,
       "outbox.max_mb: 0 is not within 1 to 65536"},
      {"when full", "[[bus]]", "[outbox]\nwhen_full = \"drop\"\n[[bus]]", 8, config_bad_value,
       "outbox.when_full: \"drop\" is none of: thin, drop_oldest"},
      {"no replay", "[[bus]]", "[outbox]\nreplay_per_second = 0\n[[bus]]", 8, config_bad_value,
       "outbox.replay_per_second: 0 is not within 1 to 1000"},
  };
  expect_faults(rows);
}

TEST(Config, NamesTheLineOfASyntaxError) {
  const auto config = parse("[device]\ntopic = \"emon\n");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_EQ(config.error()[0].code, config_syntax);
  EXPECT_EQ(config.error()[0].where.view(), "/etc/meterseal/meterseal.toml:2");
  EXPECT_NE(parse("a = \"b\nc = 1\n").error()[0].detail.view().find("a quote may not be closed"), std::string::npos);
  EXPECT_EQ(parse("[a]\n[a]\n").error()[0].code, config_syntax) << "a table twice";
  EXPECT_EQ(parse(std::string("a = \"\xFF\"")).error()[0].code, config_syntax);
  EXPECT_EQ(parse("a = " + std::string(5000, '[')).error()[0].code, config_syntax) << "depth is bounded";
}

TEST(Config, ShowsAllFaultsOfOneRunInTheOrderOfLines) {
  const auto config =
      parse(changed(changed(changed(kSite, "emon_1", "a b"), "mode = \"ca\"", "mode = \"c\""), "= 1", "= 0"));
  ASSERT_FALSE(config);
  std::string wheres;
  for (const Error& error : config.error()) {
    wheres += std::string(error.where.view().substr(error.where.view().rfind(':'))) + " ";
  }
  EXPECT_EQ(wheres, ":2 :6 :10 ");
}

TEST(Config, AnEmptyFileMissesEverything) {
  const auto config = parse("");
  ASSERT_FALSE(config);
  std::string details;
  for (const Error& error : config.error()) details += std::string(error.detail.view()) + "; ";
  EXPECT_EQ(details, "device: is missing; mqtt: is missing; bus: is missing: there is no [[bus]] to read; ");
}

TEST(Config, KeepsTheEndOfALongPath) {
  const std::string path = "/" + std::string(200, 'a') + "/meterseal.toml";
  const auto config = parse_config("", path, test::kProfiles);
  EXPECT_TRUE(config.error()[0].where.view().ends_with("aaa/meterseal.toml:1")) << config.error()[0].where.view();
  EXPECT_FALSE(config.error()[0].where.truncated());
}

TEST(Config, FillsInTheDefaults) {
  const Config config = parse(kSite).value();
  EXPECT_EQ(config.device.name, "emon_1");
  EXPECT_EQ(config.device.full_topic, "%prefix%/%topic%/");
  EXPECT_FALSE(config.device.tele_period);
  EXPECT_EQ(config.device.clock, ClockTrust::automatic);
  EXPECT_EQ(config.mqtt.brokers[0].address, (HostPort{"broker.example.com", 8883}));
  EXPECT_EQ(config.mqtt.brokers[0].tls.policy.mode, trust::Mode::ca);
  EXPECT_EQ(config.mqtt.brokers[0].tls.ca_path.path, "/etc/ssl/certs");
  EXPECT_EQ(config.mqtt.client_id, "meterseal-emon_1");
  EXPECT_EQ(config.mqtt.user, "");
  EXPECT_EQ(config.mqtt.version, mqtt::Version::v3_1_1);
  EXPECT_EQ(config.mqtt.keep_alive, seconds{30});
  EXPECT_EQ(config.mqtt.remote_commands, console::RemoteCommands::safe);
  EXPECT_TRUE(config.mqtt.discovery);
  EXPECT_EQ(config.outbox.max_bytes, 256U << 20);
  EXPECT_EQ(config.outbox.when_full, outbox::WhenFull::thin);
  EXPECT_EQ(config.outbox.replay_per_second, 50U);
  EXPECT_EQ(config.mqtt.delivery, outbox::ConfirmedBy::broker);
  const auto& line = std::get<SerialLine>(config.buses[0].line);
  EXPECT_EQ(line.device, "/dev/ttyUSB0");
  EXPECT_EQ(line.baud, 9600U);
  EXPECT_EQ(line.parity, Parity::none);
  EXPECT_EQ(line.stop_bits, 1);
  EXPECT_EQ(line.rs485, Rs485::automatic);
  const MeterConfig& meter = config.buses[0].meters[0];
  EXPECT_EQ(meter.profile, "SDM630") << "as the set of profiles spells it";
  EXPECT_TRUE(meter.primary) << "the first one, where none is declared";
  EXPECT_FALSE(meter.invert);
  EXPECT_EQ(meter.poll, milliseconds{1000});
  EXPECT_FALSE(meter.timeout);
  EXPECT_FALSE(meter.gap);
  EXPECT_EQ(meter.read, ReadScope::telemetry);
  EXPECT_TRUE(config.warnings.empty());
}

TEST(Config, TakesRelativePathsFromItsOwnFolder) {
  std::string text = changed(kSite, "/dev/ttyUSB0", "bus");
  text =
      changed(text, "[mqtt.tls]\n", "user = \"u\"\npassword_file = \"secret/p\"\n[mqtt.tls]\nca_file = \"ca.crt\"\n");
  const Config config = parse(text).value();
  EXPECT_EQ(std::get<SerialLine>(config.buses[0].line).device, "/etc/meterseal/bus");
  EXPECT_EQ(config.mqtt.password_file.path, "/etc/meterseal/secret/p");
  EXPECT_EQ(config.mqtt.password_file.line, 6);
  EXPECT_EQ(config.mqtt.brokers[0].tls.ca_file.path, "/etc/meterseal/ca.crt");
  EXPECT_EQ(config.mqtt.brokers[0].tls.ca_path.path, "") << "a private CA alone";
  EXPECT_EQ(std::get<SerialLine>(parse_config(text, "meterseal.toml", test::kProfiles)->buses[0].line).device, "bus");
}

TEST(Config, WarnsOfWhatHasNoEffect) {
  const Config config = parse(changed(kSite, "mode = \"ca\"\n", "mode = \"ca\"\nrenewal = \"same-key\"\n")).value();
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(
      config.warnings[0],
      "/etc/meterseal/meterseal.toml:7: mqtt.tls.renewal: has no effect in mode \"ca\": there is no pin to follow");
  EXPECT_EQ(parse(changed(kSite, "[mqtt]", "full_topic = \"%topic%/\"\n[mqtt]")).value().warnings.size(), 1U);
}

TEST(Config, AWebTableServesThePageOnLoopbackAndWithoutItThereIsNone) {
  EXPECT_FALSE(parse(kSite).value().web);
  const auto with = [](const std::string& lines) {
    return parse(changed(kSite, "[[bus]]", "[web]\n" + lines + "[[bus]]"));
  };
  const auto plain = with("").value().web;
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->listen, (std::vector<HostPort>{{"127.0.0.1", 8443}}));
  EXPECT_EQ(plain->metrics, web::MetricsAccess::token);
  EXPECT_EQ(plain->api, web::SiteOptions::Api::on);
  EXPECT_FALSE(with("enabled = false\n").value().web);
  const auto full = with(
                        "listen = [\"192.0.2.7\", \"[::]:443\"]\nhosts = [\"Meter.LAN\"]\ncertificate = \"web.crt\"\n"
                        "key = \"web.key\"\nmetrics = \"loopback\"\napi = false\n")
                        .value()
                        .web;
  ASSERT_TRUE(full);
  EXPECT_EQ(full->listen, (std::vector<HostPort>{{"192.0.2.7", 8443}, {"::", 443}}));
  EXPECT_EQ(full->hosts, std::vector<std::string>{"meter.lan"});
  EXPECT_EQ(full->certificate.path, "/etc/meterseal/web.crt");
  EXPECT_EQ(full->api, web::SiteOptions::Api::off);
  const std::pair<const char*, const Code*> faults[] = {
      {"listen = 1\n", &config_wrong_type},
      {"listen = [\"meter.lan:8443\"]\n", &config_bad_value},
      {"listen = [\"192.0.2.7:0\"]\n", &config_bad_value},
      {"hosts = [\"192.0.2.7\"]\n", &config_bad_value},
      {"hosts = [\"meter.lan:8443\"]\n", &config_bad_value},
      {"hosts = [\"*\"]\n", &config_bad_value},
      {"certificate = \"web.crt\"\n", &config_conflict},
      {"key = \"web.key\"\n", &config_conflict},
      {"metrics = \"open\"\n", &config_bad_value},
      {"password = \"x\"\n", &config_unknown_key},
  };
  for (const auto& [lines, code] : faults) {
    const auto config = with(lines);
    ASSERT_FALSE(config) << lines;
    EXPECT_EQ(config.error()[0].code, *code) << lines;
  }
}

TEST(Config, AnAlarmNamesItsProgramByAnAbsolutePath) {
  const auto with = [](const std::string& lines) {
    return parse(changed(kSite, "[[bus]]", "[alarm]\n" + lines + "[[bus]]"));
  };
  const auto good = with("command = [\"/usr/local/bin/notify\", \"--loud\"]\n");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->alarm.command, (std::vector<std::string>{"/usr/local/bin/notify", "--loud"}));
  EXPECT_EQ(with("").error()[0].code, config_missing_key);
  EXPECT_EQ(with("command = []\n").error()[0].code, config_bad_value);
  EXPECT_EQ(with("command = [\"notify\"]\n").error()[0].detail.view(),
            "alarm.command: \"notify\" is no absolute path of a program");
}

TEST(Config, ReadsEverySetting) {
  const auto config = parse(R"([device]
topic = "haus/emon"
name = "Zähler im Keller"
full_topic = "site/%prefix%/%topic%"
timezone = "Asia/Bangkok"
tele_period = 0
clock = "trusted"
[mqtt]
hosts = ["broker.example.com:8883", "[2001:db8::1]"]
client_id = "emon"
user = "emon_1"
password_file = "mqtt.password"
version = "5"
delivery = "receiver"
remote_commands = "none"
keep_alive = 60
discovery = false
[mqtt.tls]
mode = "ca"
renewal = "manual"
ca_path = "/etc/ssl/certs"
[alarm]
command = ["/usr/local/bin/notify"]
[web]
listen = ["127.0.0.1:8443"]
hosts = ["meter.lan"]
[outbox]
max_mb = 1
when_full = "drop_oldest"
replay_per_second = 5
[[bus]]
device = "/dev/ttyS0"
rs485 = "auto"
[[bus.meter]]
address = 1
profile = "sdm630-modbus"
name = "main"
primary = true
)");
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->device.topic, "haus/emon");
  EXPECT_EQ(config->device.name, "Zähler im Keller");
  EXPECT_EQ(config->device.full_topic, "site/%prefix%/%topic%");
  EXPECT_EQ(config->device.timezone, "Asia/Bangkok");
  EXPECT_EQ(config->device.tele_period, seconds{0});
  EXPECT_EQ(config->device.clock, ClockTrust::trusted);
  ASSERT_EQ(config->mqtt.brokers.size(), 2U);
  EXPECT_EQ(config->mqtt.brokers[1].address, (HostPort{"2001:db8::1", 8883}));
  EXPECT_EQ(config->mqtt.client_id, "emon");
  EXPECT_EQ(config->mqtt.user, "emon_1");
  EXPECT_EQ(config->mqtt.version, mqtt::Version::v5);
  EXPECT_EQ(config->mqtt.remote_commands, console::RemoteCommands::none);
  EXPECT_EQ(config->mqtt.keep_alive, seconds{60});
  EXPECT_FALSE(config->mqtt.discovery);
  EXPECT_EQ(config->mqtt.delivery, outbox::ConfirmedBy::receiver);
  EXPECT_EQ(config->outbox.max_bytes, 1U << 20);
  EXPECT_EQ(config->outbox.when_full, outbox::WhenFull::drop);
  EXPECT_EQ(config->outbox.replay_per_second, 5U);
  EXPECT_EQ(config->buses[0].meters[0].profile, "SDM630-Modbus");
  EXPECT_EQ(parse(changed(kSite, "emon_1", "haus/emon"))->mqtt.client_id, "meterseal-haus_emon");
}

std::string example_of_the_package() {
  std::ifstream file(METERSEAL_SOURCE_DIR "/packaging/meterseal.toml.example");
  std::stringstream example;
  example << file.rdbuf();
  return changed(example.str(), "\"AA:BB:...\"", "\"" + kPin + "\"");
}

TEST(Config, LoadsTheExampleOfThePackage) {
  const auto config = parse(example_of_the_package());
  ASSERT_TRUE(config) << config.error()[0].where.view() << " " << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.brokers[0].tls.policy.mode, trust::Mode::fingerprint);
  EXPECT_TRUE(config->buses[0].meters[0].primary);
}

TEST(Config, LoadsEveryKeyThatTheExampleShowsInAComment) {
  const std::string example = example_of_the_package();
  int keys = 0;
  for (std::size_t at = example.find("\n#"); at != std::string::npos; at = example.find("\n#", at + 1)) {
    const std::string key = example.substr(at + 2, example.find(' ', at + 2) - at - 2);
    const bool assigns = example.compare(at + 2 + key.size(), 3, " = ") == 0;
    // What stands for the line instead, or belongs to a commented table.
    if (!assigns || key.front() == '[' || key == "tcp" || key == "framing") continue;
    const std::size_t commented_table = example.rfind("\n#[", at);
    if (commented_table != std::string::npos && commented_table > example.rfind("\n[", at)) continue;
    if (key == "address" || key == "profile" || key == "name") continue;
    std::string text = example;
    const auto config = parse(text.erase(at + 1, 1));
    EXPECT_TRUE(config) << key << ": " << config.error()[0].detail.view();
    ++keys;
  }
  EXPECT_GE(keys, 12);
}

}  // namespace
}  // namespace meterseal::app
