#pragma once

// What the site's owner declared in meterseal.toml, checked and typed. Loading is strict: an unknown key, a wrong type,
// a value out of range or two things that contradict each other stop the program before anything is opened, and every
// fault names its file and line. Keys and defaults: docs/configuration.md.
//
// The password and the device key are read here and stand in MqttConfig: never log one.
// Thread: values; load_config() before the loop starts. Errors: app::config_*, password_*, anchor_unreadable,
// trust::pin_malformed.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config/config_address.hpp"
#include "app/config/overlay.hpp"
#include "console/console.hpp"
#include "console/trust_control.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "mqtt/broker_dialect.hpp"
#include "mqtt/message.hpp"
#include "outbox/delivery_machine.hpp"
#include "outbox/loss.hpp"
#include "trust/policy.hpp"
#include "web/site.hpp"

namespace meterseal::app {

/// The system's bundle as a hashed folder. @source Debian, package ca-certificates
inline constexpr const char* kSystemAnchors = "/etc/ssl/certs";

/// A path as it will be opened. Empty: not given.
struct FileSetting {
  std::string path;
  int line = 0;  ///< of its key, for messages
};

enum class ClockTrust : std::uint8_t {
  automatic,
  trusted  ///< the owner says that this machine's clock is right
};

struct DeviceConfig {
  std::string topic;
  std::string name;  ///< for people; the topic where not given
  std::string full_topic;
  std::string timezone;                ///< "Asia/Bangkok"; empty: the host's
  std::optional<seconds> tele_period;  ///< nullopt: set at run time; 0: no telemetry
  ClockTrust clock = ClockTrust::automatic;
};

/// Who this device is to the broker. Either nothing, a certificate with its key, or a key in a token (whose certificate
/// may be in the token as well).
struct ClientIdentity {
  FileSetting certificate;
  FileSetting key;
  FileSetting pkcs11_uri;  ///< an address, no path: "pkcs11:token=agent;object=mqtt"
  FileSetting pkcs11_module;
  FileSetting pkcs11_pin;  ///< file with the PIN in its first line
};

/// How one broker is known. policy.mode may be off, which has been allowed by name then.
struct TlsConfig {
  trust::Policy policy;
  bool ca_builtin = false;  ///< the CA chain that this binary was built with
  FileSetting ca_file;      ///< also where the declared policy looks at no authority: one that is set at run time may
  FileSetting ca_path;
  bool are_anchors_declared = false;  ///< else they are the system's, and an uploaded CA takes their place
  FileSetting crl_file;
  ClientIdentity identity;
  std::string alpn;            ///< empty: none
  console::FixedByFile fixed;  ///< what stands in the file and no command changes
};

struct BrokerConfig {
  HostPort address;
  TlsConfig tls;
};

struct MqttConfig {
  std::vector<BrokerConfig> brokers;  ///< in order of preference; none: until MqttHost names one
  mqtt::Preset preset = mqtt::Preset::none;
  std::string client_id;
  std::string user;  ///< empty: none
  std::string password;
  FileSetting password_file;
  FileSetting sas_key_file;  ///< azure_iot_hub: the device's key, from which passwords are made
  std::string sas_key;       ///< its 32 or 64 bytes, decoded; empty: none
  mqtt::Version version = mqtt::Version::v3_1_1;
  seconds keep_alive{30};
  console::RemoteCommands remote_commands = console::RemoteCommands::safe;
  bool discovery = true;
  outbox::ConfirmedBy delivery = outbox::ConfirmedBy::broker;
};

struct OutboxConfig {
  std::uint64_t max_bytes = 256ULL * 1024 * 1024;
  outbox::WhenFull when_full = outbox::WhenFull::thin;
  std::uint32_t replay_per_second = 50;
};

/// Does it need the certificate of an authority? Then the device does not start, or is not changed, without.
[[nodiscard]] bool looks_at_authorities(const trust::Policy& policy);

/// What is run on refusals of trust and other alarms. Empty: nothing.
struct AlarmConfig {
  std::vector<std::string> command;  ///< program and its arguments, no shell
};

enum class Parity : std::uint8_t {
  none,
  even,
  odd
};
enum class Rs485 : std::uint8_t {
  automatic,
  kernel,
  off
};
struct SerialLine {
  std::string device;
  std::uint32_t baud = 9600;
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;
  Rs485 rs485 = Rs485::automatic;
};

enum class Framing : std::uint8_t {
  modbus_tcp,
  rtu  ///< a transparent serial server
};
struct TcpLine {
  HostPort address;
  Framing framing = Framing::modbus_tcp;
};

enum class ReadScope : std::uint8_t {
  telemetry,
  all
};
struct MeterConfig {
  std::uint8_t address = 0;
  std::string profile;  ///< as it is called in the set of profiles
  std::string name;
  bool primary = false;  ///< of exactly one meter
  bool invert = false;   ///< power has the other sign: the transformers look the wrong way
  milliseconds poll{1000};
  std::optional<milliseconds> energy_poll;  ///< of the energy counters; nullopt: as `poll`
  std::optional<milliseconds> timeout;      ///< nullopt: the profile's, like the next
  std::optional<milliseconds> gap;
  ReadScope read = ReadScope::telemetry;
};
struct BusConfig {
  std::variant<SerialLine, TcpLine> line;
  std::vector<MeterConfig> meters;
};

/// The page. Without the table there is none.
struct WebConfig {
  std::vector<HostPort> listen;    ///< IP addresses
  std::vector<std::string> hosts;  ///< names in Host beside the address, lower case
  FileSetting certificate;         ///< with key, or none: then the device makes its own
  FileSetting key;
  FileSetting password_file;
  std::string password;  ///< of the user admin; empty: not given here
  web::MetricsAccess metrics = web::MetricsAccess::token;
  web::SiteOptions::Api api = web::SiteOptions::Api::on;
};

struct Config {
  DeviceConfig device;
  MqttConfig mqtt;
  OutboxConfig outbox;
  AlarmConfig alarm;
  std::optional<WebConfig> web;
  std::vector<BusConfig> buses;
  std::set<console::Setting> fixed;   ///< what no command sets, because the file does
  std::vector<std::string> warnings;  ///< "FILE:LINE: ...": to be logged once at start
};

/// All faults that were found, in the order of lines. `where` is FILE:LINE, `detail` begins with the key.
using ConfigResult = tl::expected<Config, std::vector<Error>>;

/// Reads, checks, and reads the password.
/// @param profiles         names and aliases of the known meter profiles; case, '-' and '_' do not matter
/// @param credentials_dir  systemd's $CREDENTIALS_DIRECTORY; empty: none
/// @param overlay  what was set by command
[[nodiscard]] ConfigResult load_config(const std::string& file, std::span<const std::string> profiles,
                                       const std::string& credentials_dir, const Overlay& overlay = {});

/// The same for a text, without opening any file.
/// @param file  for messages; relative paths are taken from its folder
[[nodiscard]] ConfigResult parse_config(std::string_view text, const std::string& file,
                                        std::span<const std::string> profiles, const Overlay& overlay = {});

}  // namespace meterseal::app
