// `meterseal tail`: watches telemetry as it arrives and checks that no record is missing or doubled.

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/config/config_receiver.hpp"
#include "app/log.hpp"
#include "app/receiver/receiver_setup.hpp"
#include "app/verbs.hpp"
#include "collect/device_topic.hpp"
#include "collect/host/envelope.hpp"
#include "collect/sequence_book.hpp"
#include "core/host/system_clock.hpp"

namespace meterseal::app {

namespace {

constexpr int kGood = 0;
constexpr int kIncomplete = 1;
constexpr int kRefused = 2;
/// Devices whose numbers are kept: whoever may publish could invent any number of them.
constexpr std::size_t kMaxDevices = 10'000;

struct TailArguments {
  std::string config = "/etc/meterseal/meterseal.toml";
  std::string log_level = "warning";
  unsigned seconds = 0;
  bool json = false;
  bool quiet = false;
};

class Tail final : public mqtt::host::ClientObserver {
 public:
  Tail(const TailArguments& arguments, collect::DeviceTopic topic) : arguments_(arguments), topic_(std::move(topic)) {}

  void on_connected(const mqtt::host::Broker& /*broker*/) override {
    if (!arguments_.json) std::fprintf(stderr, "watching; Ctrl-C ends with a summary\n");
  }
  void on_disconnected() override {}
  void on_published(mqtt::Token) override {}
  void on_rejected(mqtt::Token, const Error&) override {}
  void on_failure(const mqtt::host::Broker&, const Error&) override {}

  void on_message(const mqtt::Message& message) override {
    const auto from = topic_.read(message.topic);
    if (message.retain || !from) return;
    if (from->name != "SENSOR" && from->name != "HISTORY" && from->name != "LOSS") return;
    const auto envelope = collect::host::read_envelope(message.topic, message.payload);
    if (!envelope) {
      ++unnumbered_;
      return show(*from, nullptr, "not numbered: " + std::string(envelope.error().detail.view()));
    }
    const auto key = std::pair(from->device, envelope->outbox);
    if (books_.size() >= kMaxDevices && !books_.contains(key)) return;
    collect::SequenceBook& book = books_[key];
    const collect::Sequence before = book.last();
    std::string verdict = "ok";
    if (book.take(envelope->sequence) == collect::Seen::again) {
      verdict = "again";
    } else if (before != 0 && envelope->sequence > before + 1) {
      verdict = std::to_string(envelope->sequence - before - 1) + " missing before it";
    } else if (envelope->sequence < before) {
      verdict = "late, closes a gap";
    }
    if (envelope->lost) {
      book.declare_loss(*envelope->lost, envelope->lost_count);
      verdict = "declares " + std::to_string(envelope->lost_count) + " of " + std::to_string(envelope->lost->first) +
                " to " + std::to_string(envelope->lost->last) + " lost: " + envelope->lost_reason;
    }
    show(*from, &*envelope, verdict);
  }

  /// @return exit code
  [[nodiscard]] int summary() const {
    bool complete = true;
    for (const auto& [key, book] : books_) {
      complete = complete && book.missing() == 0;
      if (arguments_.json) {
        std::printf("%s\n", nlohmann::ordered_json{{"device", key.first},
                                                   {"outbox", key.second},
                                                   {"received", book.received()},
                                                   {"missing", book.missing()},
                                                   {"repeated", book.repeated()},
                                                   {"declared", book.declared()}}
                                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                                .c_str());
        continue;
      }
      std::printf("%s (outbox %s): %llu received, %llu missing, %llu came again, %llu declared lost\n",
                  key.first.c_str(), key.second.c_str(), static_cast<unsigned long long>(book.received()),
                  static_cast<unsigned long long>(book.missing()), static_cast<unsigned long long>(book.repeated()),
                  static_cast<unsigned long long>(book.declared()));
    }
    if (books_.empty()) std::fprintf(stderr, "meterseal: hint: no numbered telemetry came; is a device connected?\n");
    if (unnumbered_ != 0)
      std::fprintf(stderr, "%llu messages had no number and could not be checked\n",
                   static_cast<unsigned long long>(unnumbered_));
    return complete && !books_.empty() ? kGood : kIncomplete;
  }

 private:
  void show(const collect::DeviceMessage& from, const collect::host::Envelope* envelope, const std::string& verdict) {
    if (arguments_.quiet && verdict == "ok") return;
    if (arguments_.json) {
      nlohmann::ordered_json line{{"device", from.device}, {"name", from.name}};
      if (envelope != nullptr)
        line.update({{"time", envelope->time}, {"boot", envelope->boot}, {"sequence", envelope->sequence}});
      line["verdict"] = verdict;
      std::printf("%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
      const std::string text = (envelope == nullptr ? "" : envelope->time + " ") + from.device + " " + from.name +
                               (envelope == nullptr ? "" : " #" + std::to_string(envelope->sequence)) + ": " + verdict;
      // Whoever publishes must not be able to draw on this terminal.
      std::printf("%s\n", format_log_line(LogStyle::terminal, LogLevel::info, "SEQ", text).c_str());
    }
    std::fflush(stdout);
  }

  const TailArguments& arguments_;
  const collect::DeviceTopic topic_;
  std::map<std::pair<std::string, std::string>, collect::SequenceBook> books_;
  std::uint64_t unnumbered_ = 0;
};

int refuse(const Error& error) {
  print_error(error);
  return kRefused;
}

int run_tail(const TailArguments& arguments) {
  const auto level = parse_log_level(arguments.log_level);
  if (!level) return refuse(level.error());
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  const auto config =
      load_receiver_config(arguments.config, ReceiverJob::tail, credentials == nullptr ? "" : credentials);
  if (!config) {
    for (const Error& error : config.error()) print_error(error);
    return kRefused;
  }
  auto topic = collect::DeviceTopic::make(config->full_topic);
  if (!topic) return refuse(topic.error());
  auto options = receiver_options(*config, "tail", topic->filter());
  if (!options) return refuse(options.error());

  const auto log = make_log(*level, LogStyle::terminal);
  const host::SystemClock clock(host::ClockTrust::automatic);
  boost::asio::io_context loop;
  Tail tail(arguments, std::move(*topic));
  const auto client = mqtt::host::Client::make(loop, clock, *log, std::move(*options), tail);
  const auto end = [&](const boost::system::error_code& cancelled) {
    if (!cancelled) client->stop([&] { loop.stop(); });
  };
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& cancelled, int) { end(cancelled); });
  boost::asio::steady_timer limit(loop);
  if (arguments.seconds != 0) {
    limit.expires_after(std::chrono::seconds(arguments.seconds));
    limit.async_wait(end);
  }
  client->start();
  loop.run();
  return tail.summary();
}

}  // namespace

void add_tail_verb(CLI::App& program, Job& job) {
  auto* verb = program.add_subcommand(
      "tail", "Watches telemetry as it arrives and checks that no record is missing or doubled.");
  auto arguments = std::make_shared<TailArguments>();
  verb->add_option("--config", arguments->config, "a device's file, or one with [mqtt] alone")->capture_default_str();
  verb->add_option("--seconds", arguments->seconds, "end after this time (default: until Ctrl-C)");
  verb->add_flag("--json", arguments->json, "one JSON object a line");
  verb->add_flag("--quiet", arguments->quiet, "only what is not in order");
  verb->add_option("--log-level", arguments->log_level, "error, warning, info or debug")->capture_default_str();
  verb->footer(
      "Example: meterseal tail --config /etc/meterseal/meterseal.toml --seconds 60\n"
      "Exit codes: 0 nothing is missing, 1 something is, or nothing came, 2 usage or configuration");
  verb->callback([arguments, &job] { job = [arguments] { return run_tail(*arguments); }; });
}

}  // namespace meterseal::app
