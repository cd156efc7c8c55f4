#pragma once

// What the device says about itself: tele/STATE, tele/INFO1..3 and the sections of the console's Status command, with
// Tasmota's keys in Tasmota's order. Keys of parts that this device does not have (relays, LEDs, buttons, flash chip)
// are left out; docs/telemetry.md lists them.
//
// No operating system here: the facts come in as views that must outlive the call. Writes into the caller's memory
// (8 KiB hold everything but the readings). Thread: any (pure). Errors: payload_too_large.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::mqtt {

/// Retained on tele/%topic%/LWT: the birth message and the will.
inline constexpr std::string_view kOnline = "Online";
inline constexpr std::string_view kOffline = "Offline";

struct WifiFacts {
  std::string_view ssid;
  std::string_view bssid;  ///< "AA:BB:CC:DD:EE:FF"
  std::uint32_t channel = 0;
  std::string_view mode;  ///< "11n", "HT20", ...
  std::int32_t signal_dbm = 0;
  std::uint32_t link_count = 0;  ///< associations since start
  seconds downtime{};            ///< without association since start
};

/// The machine and this program on it.
struct HostFacts {
  std::string_view model;     ///< of the machine: "Raspberry Pi 4 Model B"
  std::string_view hardware;  ///< "aarch64, 4 cores"
  std::string_view kernel;    ///< "6.1.0"
  std::uint32_t cpu_mhz = 0;
  std::string_view version;      ///< of this program: "0.1.0"
  std::string_view build_time;   ///< "2026-08-23T13:05:00"
  std::string_view tls_library;  ///< "3.0.17"
  seconds uptime{};              ///< of this program, like the next three
  std::optional<CivilTime> started_utc;
  std::uint32_t boot_count = 0;
  std::string_view restart_reason;  ///< "Power on", "Software/System restart", ...
  std::uint64_t program_kb = 0;
  std::uint64_t free_kb = 0;  ///< on the file system of the state directory
  std::uint64_t heap_kb = 0;  ///< memory available to programs
  std::uint32_t load_percent = 0;
};

struct NetworkFacts {
  std::string_view hostname;
  std::string_view ip_address;
  std::string_view gateway;
  std::string_view netmask;
  std::string_view dns1;
  std::string_view dns2;
  std::string_view mac;  ///< 12 hex digits, as in the discovery topic
  std::optional<WifiFacts> wifi;
};

enum class Transport : std::uint8_t {
  plaintext,
  tls
};

struct MqttFacts {
  std::string_view host;  ///< broker in use
  std::uint16_t port = 0;
  Transport transport = Transport::tls;
  std::string_view client_id;
  std::string_view user;
  std::uint32_t connects = 0;  ///< since start
  seconds keep_alive{};
  seconds timeout{};             ///< of look-up, connect, handshake and CONNACK, each
  std::uint32_t max_packet = 0;  ///< bytes
};

struct DeviceFacts {
  std::string_view name;  ///< for people
  std::string_view topic;
  seconds tele_period{};
  std::uint32_t baud = 0;          ///< of the first bus
  std::string_view serial_config;  ///< "8N1"
};

/// One of the ways in and out that an owner may close.
enum class Switch : std::uint8_t {
  off,
  on
};

struct SwitchFacts {
  Switch page = Switch::off;
  Switch api = Switch::off;          ///< /cm
  std::string_view metrics = "off";  ///< "off", "token", "loopback"
  Switch discovery = Switch::off;    ///< of Home Assistant
  std::string_view remote_commands;  ///< what commands by MQTT may change: "none", "safe", "all"
  Switch fingerprint = Switch::off;  ///< the broker is known by its fingerprint alone
  std::uint32_t journal_level = 2;   ///< Tasmota's: 1 error, 2 info, 3 debug
  std::uint32_t page_level = 2;      ///< of the log that the page shows
  std::string_view ota_url;
};

struct Facts {
  HostFacts host;
  NetworkFacts network;
  MqttFacts mqtt;
  DeviceFacts device;
  SwitchFacts switches;
  std::optional<CivilTime> local;  ///< now; nullopt while the clock is unknown
  std::optional<CivilTime> utc;
};

/// tele/STATE, and the answer to the console's State.
[[nodiscard]] Result<std::string_view> state_message(std::span<char> out, const Facts& facts);

/// tele/INFO1..INFO3, once after each start.
[[nodiscard]] Result<std::string_view> info1_message(std::span<char> out, const Facts& facts);
[[nodiscard]] Result<std::string_view> info2_message(std::span<char> out, const Facts& facts);
[[nodiscard]] Result<std::string_view> info3_message(std::span<char> out, const Facts& facts);

/// Sections of Status that this device has; the value is the number behind the command.
enum class StatusSection : std::uint8_t {
  device = 0,
  parameters = 1,
  firmware = 2,
  logging = 3,
  memory = 4,
  network = 5,
  mqtt = 6,
  time = 7,
  thresholds = 9,
  sensors = 10,  ///< also asked for as 8
  state = 11,
};
inline constexpr std::array kStatusSections{
    StatusSection::device,     StatusSection::parameters, StatusSection::firmware, StatusSection::logging,
    StatusSection::memory,     StatusSection::network,    StatusSection::mqtt,     StatusSection::time,
    StatusSection::thresholds, StatusSection::sensors,    StatusSection::state};

/// `{"StatusNET":{...}}`: one or several sections in one object.
/// @param sensor_body  as write_energy_body() made it, without Period
[[nodiscard]] Result<std::string_view> status_message(std::span<char> out, std::span<const StatusSection> sections,
                                                      const Facts& facts, std::string_view sensor_body);

}  // namespace meterseal::mqtt
