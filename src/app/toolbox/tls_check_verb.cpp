// `meterseal tls check`: the doctor on the command line.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "app/certificate_text.hpp"
#include "app/device_side.hpp"
#include "app/errors.hpp"
#include "app/toolbox/doctor.hpp"
#include "app/toolbox/tls_verbs.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;

struct CheckArguments {
  std::string address;
  std::string config;
  std::string state;
  std::string ca;
  bool json = false;
};

Check no_config(const std::vector<Error>& faults) {
  const Error& first = faults.front();
  return {"config", CheckVerdict::warning,
          std::string(first.where.view()) + ": " + std::string(first.detail.view()) + " (" +
              std::string(first.code.name) + "), so this device's own policy was not looked at",
          std::string(first.remedy())};
}

/// Whom to look at, with what this device knows. Faults of the default configuration file become a check.
Result<Patient> patient_of(const CheckArguments& arguments, const std::optional<Config>& config,
                           std::vector<Check>& checks) {
  Patient patient;
  if (!arguments.address.empty()) {
    const auto to = parse_host_port(arguments.address, kTlsPort);
    if (!to) return fail(bad_argument, arguments.address, to.error());
    patient.to = *to;
  } else if (config && !config->mqtt.brokers.empty()) {
    patient.to = config->mqtt.brokers.front().address;
  } else {
    return fail(
        bad_argument, "meterseal tls check", "needs HOST[:PORT] where no broker is configured",
        "name one, as in `meterseal tls check broker.example.com:8883`; --config and --state say whose broker else");
  }
  if (!arguments.ca.empty()) {
    std::error_code error;
    (std::filesystem::is_directory(arguments.ca, error) ? patient.ca_path : patient.ca_file) = arguments.ca;
  }
  if (!config) return patient;
  const auto broker = std::find_if(config->mqtt.brokers.begin(), config->mqtt.brokers.end(),
                                   [&](const BrokerConfig& known) { return known.address == patient.to; });
  if (broker == config->mqtt.brokers.end()) return patient;
  patient.broker = *broker;
  patient.mqtt = config->mqtt;
  use_uploaded_authorities(state_directory(arguments.state), patient.broker->tls);
  const auto own = load_own_record(state_directory(arguments.state), *broker);
  if (own) {
    patient.broker->tls.policy = own->policy;
    patient.lineage = own->lineage;
  } else {
    const Error& error = own.error();
    checks.push_back({"state", CheckVerdict::warning,
                      std::string(error.where.view()) + ": " + std::string(error.detail.view()) + " (" +
                          std::string(error.code.name) + "): judged without what this device has recorded",
                      std::string(error.remedy())});
  }
  return patient;
}

void print_text(const HostPort& to, const std::vector<Check>& checks) {
  std::printf("%s\n", format(to).c_str());
  for (const Check& check : checks) {
    std::printf("%-8s %-12s %s\n", std::string(name_of(check.verdict)).c_str(), check.id.c_str(),
                check.evidence.c_str());
    if (!check.remedy.empty()) std::printf("%-8s %-12s -> %s\n", "", "", check.remedy.c_str());
  }
}

void print_json(const HostPort& to, const std::vector<Check>& checks) {
  const std::string text = json_line([&](JsonWriter& json) {
    json.open_object().key("address").text(format(to)).key("verdict").text(name_of(worst(checks)));
    json.key("checks").open_array();
    for (const Check& check : checks) {
      json.open_object().key("id").text(check.id).key("verdict").text(name_of(check.verdict));
      json.key("evidence").text(check.evidence).key("remedy");
      check.remedy.empty() ? json.null() : json.text(check.remedy);
      json.close_object();
    }
    json.close_array().close_object();
  });
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int check(const CheckArguments& arguments) {
  std::vector<Check> checks;
  std::optional<Config> config;
  auto loaded = load_own_config(arguments.config, state_directory(arguments.state));
  if (loaded) {
    config = std::move(*loaded);
  } else if (arguments.config.empty()) {
    checks.push_back(no_config(loaded.error()));
  } else {
    for (const Error& error : loaded.error()) print_error(error);
    return 2;
  }
  const auto patient = patient_of(arguments, config, checks);
  if (!patient) return print_error(patient.error()), 2;
  const bool is_trusted = config && config->device.clock == ClockTrust::trusted;
  host::SystemClock clock(is_trusted ? host::ClockTrust::trusted : host::ClockTrust::automatic);
  if (const auto floor = load_clock_floor(state_directory(arguments.state))) clock.raise_floor(*floor);
  for (Check& found : examine(*patient, clock)) checks.push_back(std::move(found));
  arguments.json ? print_json(patient->to, checks) : print_text(patient->to, checks);
  return worst(checks) == CheckVerdict::bad ? 1 : 0;
}

}  // namespace

void add_tls_check_verb(CLI::App& tls, Job& job) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App* verb = tls.add_subcommand("check", "Finds out why a broker cannot be reached or is not trusted");
  verb->add_option("address", arguments->address, "The broker; without a port 8883; default: the first one configured")
      ->type_name("HOST[:PORT]");
  add_device_options(*verb, arguments->config, arguments->state);
  verb->add_option("--ca", arguments->ca, "Anchors for a host that is not configured (default: /etc/ssl/certs)")
      ->type_name("FILE|DIR");
  verb->add_flag("--json", arguments->json, "One JSON object");
  verb->footer(
      "User name and password go to a configured broker only, after this device's policy has trusted it.\n"
      "Example: meterseal tls check broker.example.com:8883\n"
      "Exit codes: 0 nothing bad, 1 something is bad, 2 usage or configuration");
  verb->callback([arguments, &job] { job = [arguments] { return check(*arguments); }; });
}

}  // namespace meterseal::app
