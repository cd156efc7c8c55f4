// `meterseal tls watch`: looks at one or thousands of servers again and again and tells what a person should know
// before a meter goes dark: a certificate that ends soon, another certificate or key, a server that is away.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/errors.hpp"
#include "app/toolbox/tls_look.hpp"
#include "app/toolbox/tls_verbs.hpp"
#include "app/toolbox/watch_report.hpp"
#include "app/whole_file.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;
constexpr std::size_t kMaxServers = 10'000;
constexpr std::size_t kMaxText = std::size_t{8} * 1024 * 1024;

enum class Format : std::uint8_t {
  text,
  json,
  prometheus,
  nagios
};

struct WatchArguments {
  std::vector<std::string> addresses;
  std::string from;
  std::string memory;
  std::string output;
  std::string format = "text";
  unsigned interval_s = 3600;
  unsigned parallel = 32;
  bool once = false;
};

UtcTime wall_clock() {
  return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
}

Format format_of(const std::string& name) {
  if (name == "json") return Format::json;
  if (name == "prometheus") return Format::prometheus;
  return name == "nagios" ? Format::nagios : Format::text;
}

Result<std::string> read_text(std::istream& in, const std::string& where, const Code& code) {
  std::string text(kMaxText + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return fail(code, where, "cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxText) return fail(code, where, "is larger than 8 MiB");
  return text;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// Who is to be watched: the arguments, then the lines of the file. Blank lines and what follows '#' are left out.
Result<std::vector<Watched>> read_servers(const WatchArguments& arguments) {
  std::vector<std::string> texts = arguments.addresses;
  if (!arguments.from.empty()) {
    std::ifstream file(arguments.from);
    const auto text = read_text(arguments.from == "-" ? std::cin : file, arguments.from, bad_argument);
    if (!text) return tl::unexpected(text.error());
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      const std::string_view host = trim(std::string_view(line).substr(0, line.find('#')));
      if (!host.empty()) texts.emplace_back(host);
    }
  }
  std::vector<Watched> servers;
  std::set<std::string> known;
  for (const std::string& text : texts) {
    const auto address = parse_host_port(text, kTlsPort);
    if (!address) return fail(bad_argument, text, address.error());
    if (known.insert(format(*address)).second) servers.push_back({*address, std::nullopt, 0, 0, 0, std::nullopt});
  }
  if (servers.empty()) return fail(bad_argument, "meterseal tls watch", "names no server");
  if (servers.size() > kMaxServers) return fail(bad_argument, "meterseal tls watch", "names more than 10000 servers");
  return servers;
}

/// What the look showed, or why it counts as none.
Result<Served> served_of(const HostPort& address, const Look& look) {
  if (look.probe.chain.empty() || !look.probe.proved_key) {
    const auto failure = failure_of(address, look);
    if (failure) return tl::unexpected(*failure);
    return fail(server_handshake_failed, format(address), "served no certificate");
  }
  const auto& leaf = look.probe.chain.front();
  return Served{leaf.certificate, leaf.key, leaf.ends};
}

class Watcher {
 public:
  Watcher(const WatchArguments& arguments, std::vector<Watched> servers, std::unique_ptr<trust::host::Prober> prober)
      : arguments_(arguments),
        format_(format_of(arguments.format)),
        is_once_(arguments.once || format_ == Format::nagios),
        prober_(std::move(prober)),
        servers_(std::move(servers)),
        levels_(servers_.size()) {}

  /// @return exit code
  int run() {
    boost::asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](const boost::system::error_code& cancelled, int) {
      if (!cancelled) io_.stop();
    });
    begin_round();
    while (!is_over_ && io_.run_one() > 0) {
    }
    if (failure_) return print_error(*failure_), format_ == Format::nagios ? 3 : 2;
    if (!is_once_) return 0;
    const WatchLevel level = worst(rows());
    return format_ == Format::nagios ? static_cast<int>(level) : level == WatchLevel::good ? 0 : 1;
  }

 private:
  void begin_round() {
    next_ = 0;
    left_ = servers_.size();
    const std::size_t parallel = std::min<std::size_t>(arguments_.parallel, servers_.size());
    for (std::size_t i = 0; i < parallel; ++i) look_at_next();
  }

  void look_at_next() {
    if (next_ == servers_.size()) return;
    const std::size_t index = next_++;
    const HostPort& address = servers_[index].address;
    auto probe = prober_->probe(address.host);
    if (!probe) return note(index, tl::unexpected(probe.error()));
    const auto talk = std::make_shared<ProbeTalk>(std::move(*probe));
    start_walk(io_, address, {}, talk, [this, index, talk](const WalkResult& way) {
      note(index, served_of(servers_[index].address, {way, talk->report()}));
    });
  }

  void note(std::size_t index, const Result<Served>& seen) {
    Watched& watched = servers_[index];
    const UtcTime now = wall_clock();
    auto events = observe(watched, seen, now);
    if (events.empty() && is_once_) {
      events.push_back({WatchEventKind::unchanged, level_of(watched, now), state_text(watched, now)});
    }
    levels_[index] = level_of(watched, now);
    for (const WatchEvent& event : events) {
      levels_[index] = std::max(levels_[index], event.level);
      if (format_ == Format::text) print(event_text(watched, event, now));
      if (format_ == Format::json) print(event_json(watched, event, now));
    }
    if (--left_ == 0) return end_round();
    look_at_next();
  }

  void end_round() {
    const UtcTime now = wall_clock();
    if (format_ == Format::nagios) print(nagios_text(rows(), now));
    if (format_ == Format::prometheus) {
      const std::string text = prometheus_text(rows(), now);
      arguments_.output.empty() ? print(text) : keep(arguments_.output, text, 0644);
    }
    if (!arguments_.memory.empty()) keep(arguments_.memory, encode(servers_), 0600);
    if (is_once_ || failure_) {
      is_over_ = true;
      return;
    }
    timer_.expires_after(seconds(arguments_.interval_s));
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) begin_round();
    });
  }

  void keep(const std::string& file, const std::string& text, mode_t mode) {
    const std::string fault = replace_file(file, text, mode);
    if (!fault.empty()) failure_ = make_error(watch_memory_unusable, file, fault);
  }

  [[nodiscard]] std::vector<WatchRow> rows() const {
    std::vector<WatchRow> all;
    all.reserve(servers_.size());
    for (std::size_t i = 0; i < servers_.size(); ++i) all.push_back({&servers_[i], levels_[i]});
    return all;
  }

  // constant after construction
  const WatchArguments& arguments_;
  const Format format_;
  const bool is_once_;

  // loop thread only
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  std::unique_ptr<trust::host::Prober> prober_;
  std::vector<Watched> servers_;
  std::vector<WatchLevel> levels_;  ///< of the last round, beside servers_
  std::size_t next_ = 0;
  std::size_t left_ = 0;
  bool is_over_ = false;
  std::optional<Error> failure_;
};

Result<void> remember(std::vector<Watched>& servers, const std::string& memory) {
  if (memory.empty() || !std::filesystem::exists(memory)) return {};
  std::ifstream file(memory);
  const auto text = read_text(file, memory, watch_memory_unusable);
  if (!text) return tl::unexpected(text.error());
  return recall(servers, *text, memory);
}

int watch(const WatchArguments& arguments) {
  const int unusable = format_of(arguments.format) == Format::nagios ? 3 : 2;
  auto servers = read_servers(arguments);
  if (!servers) return print_error(servers.error()), unusable;
  if (const auto read = remember(*servers, arguments.memory); !read) return print_error(read.error()), unusable;
  auto prober = trust::host::Prober::make(trust::host::ProbeOffer::modern);
  if (!prober) return print_error(prober.error()), unusable;
  return Watcher(arguments, std::move(*servers), std::move(*prober)).run();
}

}  // namespace

void add_tls_watch_verb(CLI::App& tls, Job& job) {
  const auto arguments = std::make_shared<WatchArguments>();
  CLI::App* verb = tls.add_subcommand("watch", "Watches the certificates of brokers: their end and every change");
  verb->add_option("addresses", arguments->addresses, "The brokers; without a port 8883")->type_name("HOST[:PORT]");
  verb->add_option("--from", arguments->from, "More of them, one on each line; - reads standard input")
      ->type_name("FILE");
  verb->add_flag("--once", arguments->once, "Look once and end");
  verb->add_option("--interval", arguments->interval_s, "Seconds from the end of one round to the next")
      ->check(CLI::Range(1, 7 * 86400))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--parallel", arguments->parallel, "Servers looked at at the same time")
      ->check(CLI::Range(1, 256))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--format", arguments->format, "text, json: events; prometheus, nagios: state of all")
      ->check(CLI::IsMember({"text", "json", "prometheus", "nagios"}))
      ->type_name("")
      ->capture_default_str();
  verb->add_option("--output", arguments->output, "With prometheus: replace this file instead of printing")
      ->type_name("FILE");
  verb->add_option("--memory", arguments->memory, "Keep what was seen here, so that a later run knows of changes")
      ->type_name("FILE");
  verb->footer(
      "Tells the end of a certificate 30, 7 and 1 days before and after it, and each new certificate or key.\n"
      "Example: meterseal tls watch broker.example.com --once --memory /var/lib/meterseal-watch\n"
      "Exit codes: 0 good or stopped by a signal, 1 something to tell (--once), 2 usage;\n"
      "            with --format nagios 0 OK, 1 warning, 2 critical, 3 unknown");
  verb->callback([arguments, &job] { job = [arguments] { return watch(*arguments); }; });
}

}  // namespace meterseal::app
