// `meterseal collect`: the receiver that stores, confirms and proves completeness.

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/config/config_receiver.hpp"
#include "app/log.hpp"
#include "app/receiver/collector.hpp"
#include "app/receiver/receiver_setup.hpp"
#include "app/verbs.hpp"
#include "collect/host/postgres_store.hpp"
#include "collect/host/sqlite_store.hpp"
#include "core/host/system_clock.hpp"

namespace meterseal::app {

namespace {

constexpr int kGood = 0;
constexpr int kIncomplete = 1;
constexpr int kRefused = 2;

struct CollectArguments {
  std::string config;
  std::string log_level = "info";
  bool report = false;
  bool json = false;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

int refuse(const Error& error) {
  print_error(error);
  return kRefused;
}

Result<std::unique_ptr<collect::Store>> open_store(const ReceiverConfig& config) {
  if (!config.postgres.empty()) return collect::host::open_postgres(config.postgres);
  return collect::host::open_sqlite(config.database);
}

std::string text_of(const std::vector<collect::Range>& gaps) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < gaps.size() && i < kShown; ++i) {
    text += (text.empty() ? "" : ", ") + std::to_string(gaps[i].first);
    if (gaps[i].last != gaps[i].first) text += " to " + std::to_string(gaps[i].last);
  }
  if (gaps.size() > kShown) text += " and " + std::to_string(gaps.size() - kShown) + " more gaps";
  return text;
}

void print_text(const std::vector<collect::DeviceReport>& reports) {
  if (reports.empty()) std::printf("nothing has been collected yet\n");
  for (const auto& report : reports) {
    const auto& book = report.book;
    std::printf("%s (outbox %s): %llu records, %llu missing, %llu declared lost by the device\n", report.device.c_str(),
                report.outbox.c_str(), static_cast<unsigned long long>(book.received()),
                static_cast<unsigned long long>(book.missing()), static_cast<unsigned long long>(book.declared()));
    const auto gaps = book.gaps();
    if (!gaps.empty()) std::printf("  gaps: %s\n", text_of(gaps).c_str());
    for (const auto& day : report.days) {
      std::printf("  %s  %llu records, %s\n", day.date.empty() ? "(no time)" : day.date.c_str(),
                  static_cast<unsigned long long>(day.records),
                  day.missing == 0 ? "complete" : (std::to_string(day.missing) + " not received").c_str());
    }
  }
}

void print_json(const std::vector<collect::DeviceReport>& reports) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& report : reports) {
    auto gaps = nlohmann::ordered_json::array();
    for (const auto& gap : report.book.gaps()) gaps.push_back({gap.first, gap.last});
    auto days = nlohmann::ordered_json::array();
    for (const auto& day : report.days)
      days.push_back({{"date", day.date}, {"records", day.records}, {"not_received", day.missing}});
    all.push_back({{"device", report.device},
                   {"outbox", report.outbox},
                   {"records", report.book.received()},
                   {"missing", report.book.missing()},
                   {"declared", report.book.declared()},
                   {"gaps", gaps},
                   {"days", days}});
  }
  std::printf("%s\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

int report(collect::Store& store, bool json) {
  const auto reports = store.report();
  if (!reports) return refuse(reports.error());
  json ? print_json(*reports) : print_text(*reports);
  for (const auto& device : *reports) {
    if (device.book.missing() != 0) return kIncomplete;
  }
  return kGood;
}

int collect_until_stopped(const ReceiverConfig& config, std::unique_ptr<collect::Store> store,
                          collect::DeviceTopic topic, Log& log) {
  std::string filter = topic.filter();
  if (!config.share.empty()) filter = "$share/" + config.share + "/" + filter;
  auto options = receiver_options(config, "collect", std::move(filter));
  if (!options) return refuse(options.error());
  const host::SystemClock clock(host::ClockTrust::automatic);
  boost::asio::io_context loop;
  Collector collector(loop, clock, log, std::move(store), std::move(topic));
  const auto client = mqtt::host::Client::make(loop, clock, log, std::move(*options), collector);
  collector.use(*client);
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    collector.finish([&] { client->stop([&] { loop.stop(); }); });
  });
  client->start();
  loop.run();
  return kGood;
}

int run_collect(const CollectArguments& arguments) {
  const auto level = parse_log_level(arguments.log_level);
  if (!level) return refuse(level.error());
  const auto config =
      load_receiver_config(arguments.config, ReceiverJob::collect, environment("CREDENTIALS_DIRECTORY"));
  if (!config) {
    for (const Error& error : config.error()) print_error(error);
    return kRefused;
  }
  auto topic = collect::DeviceTopic::make(config->full_topic);
  if (!topic) return refuse(topic.error());
  auto store = open_store(*config);
  if (!store) return refuse(store.error());
  if (arguments.report) return report(**store, arguments.json);
  const auto log = make_log(*level, log_style(std::getenv("JOURNAL_STREAM")));
  for (const std::string& warning : config->warnings) log->warn("CFG", warning);
  return collect_until_stopped(*config, std::move(*store), std::move(*topic), *log);
}

}  // namespace

void add_collect_verb(CLI::App& program, Job& job) {
  auto* verb = program.add_subcommand(
      "collect", "Stores the telemetry of devices, confirms it, and proves that nothing is missing.");
  auto arguments = std::make_shared<CollectArguments>();
  verb->add_option("--config", arguments->config, "file with [mqtt] and [collect]")->required();
  verb->add_option("--log-level", arguments->log_level, "error, warning, info or debug")->capture_default_str();
  verb->add_flag("--report", arguments->report, "print what is stored and what is missing, and end");
  verb->add_flag("--json", arguments->json, "the report as JSON");
  verb->footer(
      "Example: meterseal collect --config collect.toml --report\n"
      "Exit codes: 0 good, 1 something is missing (--report), 2 usage, configuration or database");
  verb->callback([arguments, &job] { job = [arguments] { return run_collect(*arguments); }; });
}

}  // namespace meterseal::app
