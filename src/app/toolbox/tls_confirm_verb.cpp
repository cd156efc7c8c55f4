// `meterseal tls confirm`: shows the fingerprint that the agent has learned, asks the person who has compared it, and
// leaves the answer for the agent. Nothing is confirmed that was not shown, or repeated whole on the command line.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "app/certificate_text.hpp"
#include "app/confirmation.hpp"
#include "app/device_side.hpp"
#include "app/errors.hpp"
#include "app/toolbox/tls_verbs.hpp"
#include "trust/continuity.hpp"
#include "trust/errors.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{100};

struct ConfirmArguments {
  std::string address;
  std::string config;
  std::string state;
  std::string fingerprint;
  bool json = false;
};

int refuse(const Error& error, int exit_code) {
  print_error(error);
  return exit_code;
}

/// The broker that is meant: the one named, else the only one for which something was learned.
Result<HostPort> broker_of(const ConfirmArguments& arguments, const std::string& state) {
  if (!arguments.address.empty()) {
    const auto address = parse_host_port(arguments.address, kTlsPort);
    if (!address) return fail(bad_argument, arguments.address, address.error());
    return *address;
  }
  const auto loaded = load_own_config(arguments.config, state);
  if (!loaded) return tl::unexpected(loaded.error().front());
  const std::optional<Config>& config = *loaded;
  if (!config) return fail(bad_argument, "meterseal tls confirm", "needs HOST[:PORT] where no configuration file is");
  for (const BrokerConfig& broker : config->mqtt.brokers) {
    const auto lineage = load_lineage(state, broker.address);
    if (!lineage) return tl::unexpected(lineage.error());
    const std::optional<trust::Learned>& learned = lineage->learned;
    if (learned && !learned->confirmed) return broker.address;
  }
  if (config->mqtt.brokers.empty()) return fail(bad_argument, "mqtt.hosts", "names no broker");
  return config->mqtt.brokers.front().address;
}

void show(const HostPort& broker, const trust::Learned& learned) {
  std::printf("broker       %s\n", format(broker).c_str());
  std::printf("learned      %s\n", std::string(trust::format_sha256(learned.certificate).view()).c_str());
  std::printf("its key      %s\n", std::string(trust::format_key_pin(learned.key).view()).c_str());
  if (learned.conflict) {
    std::printf("but later    %s\n", std::string(trust::format_sha256(*learned.conflict).view()).c_str());
  }
  std::printf("confirmed    %s\n", learned.confirmed ? "yes" : "no");
  if (learned.anchor) {
    std::printf(
        "renewals     its chain and name verify to a CA that this device knows: set renewal = \"same-ca\" in\n"
        "             [mqtt.tls], and renewals by this CA are followed with any key. With \"same-key\" a\n"
        "             renewal with a new key is refused, and certbot makes a new key each time.\n");
  } else {
    std::printf(
        "renewals     a renewal that keeps the key is followed. One with a new key is refused: set its\n"
        "             fingerprint with MqttFingerprint2 before, or keep the key (certbot --reuse-key).\n");
  }
  std::fflush(stdout);
}

void show_json(const HostPort& broker, const std::optional<trust::Learned>& learned) {
  const std::string text = json_line([&](JsonWriter& json) {
    json.open_object().key("broker").text(format(broker)).key("learned");
    learned ? json.text(trust::format_sha256(learned->certificate).view()) : json.null();
    if (learned) {
      json.key("key_pin").text(trust::format_key_pin(learned->key).view());
      json.key("conflict");
      learned->conflict ? json.text(trust::format_sha256(*learned->conflict).view()) : json.null();
      json.key("confirmed").boolean(learned->confirmed);
      json.key("same_ca_possible").boolean(learned->anchor.has_value());
    }
    json.close_object();
  });
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// @return the value that the person has compared; nullopt: no
std::optional<std::string> ask() {
  if (::isatty(STDIN_FILENO) == 0) return std::nullopt;
  std::printf(
      "\nCompare it with the broker's own certificate, on the broker:\n"
      "  openssl x509 -in /etc/mosquitto/certs/server.crt -noout -fingerprint -sha256\n"
      "Paste what it shows there (an empty line ends without confirming): ");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  if (trim(line).empty()) return std::nullopt;
  return line;
}

/// Waits for the agent to take the note and to have recorded it.
Result<bool> wait_for_agent(const std::string& state, const HostPort& broker) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto lineage = load_lineage(state, broker);
    if (!lineage) return tl::unexpected(lineage.error());
    const std::optional<trust::Learned>& learned = lineage->learned;
    if (learned && learned->confirmed) return true;
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

int confirm_value(const std::string& state, const HostPort& broker, const trust::Lineage& lineage,
                  const std::string& value) {
  const auto pin = trust::parse_pin(value);
  if (!pin) return refuse(pin.error(), 2);
  const auto confirmed = trust::confirm_learned(lineage, pin->digest);
  if (pin->kind != trust::PinKind::certificate_or_key || !confirmed) {
    return refuse(confirmed ? make_error(trust::confirm_mismatch, format(broker), "give the certificate's SHA-256")
                            : confirmed.error(),
                  1);
  }
  if (const auto left = leave_confirmation(state, {broker, pin->digest}); !left) return refuse(left.error(), 2);
  const auto taken = wait_for_agent(state, broker);
  if (!taken) return refuse(taken.error(), 2);
  if (*taken) {
    std::printf("confirmed: the agent trusts this certificate now\n");
  } else {
    std::printf("noted: the agent takes it as soon as it runs\n");
  }
  return 0;
}

int confirm(const ConfirmArguments& arguments) {
  const std::string state = state_directory(arguments.state);
  const auto broker = broker_of(arguments, state);
  if (!broker) return refuse(broker.error(), 2);
  const auto lineage = load_lineage(state, *broker);
  if (!lineage) return refuse(lineage.error(), 2);
  const std::optional<trust::Learned>& learned = lineage->learned;
  if (arguments.json) return show_json(*broker, learned), 0;
  if (!learned) return refuse(make_error(trust::nothing_learned, format(*broker), "nothing was learned"), 1);
  show(*broker, *learned);
  if (learned->confirmed) return 0;
  if (!arguments.fingerprint.empty()) return confirm_value(state, *broker, *lineage, arguments.fingerprint);
  const auto value = ask();
  if (value) return confirm_value(state, *broker, *lineage, *value);
  std::printf("not confirmed\n");
  return 1;
}

}  // namespace

void add_tls_confirm_verb(CLI::App& tls, Job& job) {
  const auto arguments = std::make_shared<ConfirmArguments>();
  CLI::App* verb = tls.add_subcommand("confirm", "Shows the fingerprint that was learned and confirms it");
  verb->add_option("address", arguments->address, "The broker; default: the one that waits for it")
      ->type_name("HOST[:PORT]");
  add_device_options(*verb, arguments->config, arguments->state);
  auto* yes = verb->add_option("--yes", arguments->fingerprint,
                               "Confirm without asking: the fingerprint, as the broker's own certificate shows it");
  yes->type_name("FINGERPRINT");
  verb->add_flag("--json", arguments->json, "Show as one JSON object and confirm nothing")->excludes(yes);
  verb->footer(
      "Example: meterseal tls confirm --yes \"$(ssh broker openssl x509 -in server.crt -noout -fingerprint -sha256)\"\n"
      "Exit codes: 0 confirmed, or nothing to do, 1 nothing learned, another value, or a no, 2 usage or state");
  verb->callback([arguments, &job] { job = [arguments] { return confirm(*arguments); }; });
}

}  // namespace meterseal::app
