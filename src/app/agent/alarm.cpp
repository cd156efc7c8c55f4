#include "app/agent/alarm.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/json_writer.hpp"
#include "mqtt/time_text.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kKinds = 4;
constexpr std::size_t kMaxFacts = std::size_t{16} * 1024;
// How often a running command is looked after. Nothing runs and nothing ticks while there is no alarm.
constexpr milliseconds kLook{100};

/// The command's standard input: the facts in memory of the kernel, so that nobody waits for a slow reader.
int make_input(std::string_view text) {
  const int file = ::memfd_create("meterseal-alarm", MFD_CLOEXEC);
  if (file < 0) return -1;
  if (::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::lseek(file, 0, SEEK_SET) != 0) {
    ::close(file);
    return -1;
  }
  return file;
}

class SpawnActions {
 public:
  explicit SpawnActions(int input) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

struct Started {
  pid_t pid = 0;
  int error = 0;
};

Started spawn(std::vector<std::string> command, int input) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char language[] = "LANG=C.UTF-8";
  char* environment[] = {path, language, nullptr};
  const SpawnActions actions(input);
  Started started;
  started.error = ::posix_spawnp(&started.pid, command.front().c_str(), actions.files(), actions.attributes(),
                                 arguments.data(), environment);
  return started;
}

}  // namespace

std::string_view name_of(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::security_refusal: return "security_refusal";
    case AlarmKind::certificate_expiry: return "certificate_expiry";
    case AlarmKind::trust_learned: return "trust_learned";
    case AlarmKind::trust_conflict: return "trust_conflict";
  }
  return "unknown";
}

struct Alarm::Impl : std::enable_shared_from_this<Alarm::Impl> {
  Impl(boost::asio::io_context& loop, const Clock& of, Log& to, AlarmConfig config, std::string name,
       AlarmLimits bounds)
      : clock(of), log(to), command(std::move(config.command)), device(std::move(name)), limits(bounds), look(loop) {
    for (Budget& budget : budgets) budget.left = limits.at_once;
  }

  void raise(AlarmKind kind, std::string_view facts) {
    if (command.empty()) return;
    Budget& budget = budgets[static_cast<std::size_t>(kind)];
    if (!budget.take(clock.now(), limits)) return;
    if (waiting.size() >= limits.waiting) {
      ++budget.kept_back;
      return warn("too many alarms wait, dropped: " + std::string(name_of(kind)));
    }
    waiting.push_back({kind, message(kind, facts, std::exchange(budget.kept_back, 0))});
    if (pid == 0) run_next();
  }

  void stop() {
    waiting.clear();
    if (pid == 0) return;
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid = 0;
  }

 private:
  struct Waiting {
    AlarmKind kind;
    std::string text;
  };

  /// How many alarms of one kind may still run now.
  struct Budget {
    unsigned left = 0;
    std::optional<Instant> counted_from;  ///< the next one is added a refill later; nullopt: the budget is full
    std::uint32_t kept_back = 0;

    bool take(Instant now, const AlarmLimits& limits) {
      while (counted_from && now - *counted_from >= limits.refill) {
        *counted_from += limits.refill;
        if (++left >= limits.at_once) counted_from.reset();
      }
      if (left == 0) {
        ++kept_back;
        return false;
      }
      --left;
      if (!counted_from) counted_from = now;
      return true;
    }
  };

  [[nodiscard]] std::string message(AlarmKind kind, std::string_view facts, std::uint32_t kept_back) const {
    std::vector<char> memory(kMaxFacts + 1024);
    JsonWriter json{std::span<char>(memory)};
    json.open_object().key("alarm").text(name_of(kind)).key("device").text(device).key("time");
    if (const auto utc = clock.utc()) {
      json.text(std::string(mqtt::format_time(civil_utc(*utc)).view()) + "Z");
    } else {
      json.null();
    }
    json.key("kept_back").integer(kept_back).key("facts");
    if (facts.empty() || facts.size() > kMaxFacts) {
      json.null();
    } else {
      json.raw(trim(facts));
    }
    json.close_object();
    return std::string(json.view()) + "\n";
  }

  void run_next() {
    while (pid == 0 && !waiting.empty()) {
      const Waiting alarm = std::move(waiting.front());
      waiting.pop_front();
      start(alarm);
    }
  }

  void start(const Waiting& alarm) {
    running = alarm.kind;
    const int input = make_input(alarm.text);
    if (input < 0) return warn(std::string("cannot be run: ") + std::strerror(errno));
    const Started started = spawn(command, input);
    ::close(input);
    if (started.error != 0) return warn(std::string("cannot be run: ") + std::strerror(started.error));
    pid = started.pid;
    looks_left = std::max<std::int64_t>(1, limits.run / kLook);
    log.info("ALRM", "running " + command.front() + " for " + std::string(name_of(alarm.kind)));
    look_later();
  }

  void look_later() {
    look.expires_after(kLook);
    look.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      const auto self = weak.lock();
      if (!cancelled && self) self->look_after();
    });
  }

  void look_after() {
    // The zombie keeps its number, so that the group that is killed is certainly ours.
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) {
      if (--looks_left > 0) return look_later();
      warn("took longer than " + std::to_string(limits.run.count()) + " ms and was killed");
    } else if (ended.si_code != CLD_EXITED || ended.si_status != 0) {
      warn((ended.si_code == CLD_EXITED ? "failed with exit code " : "was ended by signal ") +
           std::to_string(ended.si_status));
    }
    ::kill(-pid, SIGKILL);  // and whatever it left behind
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid = 0;
    run_next();
  }

  void warn(const std::string& what) {
    log.warn("ALRM", command.front() + " for " + std::string(name_of(running)) + ": " + what);
  }

  // constant after construction
  const Clock& clock;
  Log& log;
  const std::vector<std::string> command;
  const std::string device;
  const AlarmLimits limits;

  // loop thread only
  boost::asio::steady_timer look;
  std::array<Budget, kKinds> budgets;
  std::deque<Waiting> waiting;
  AlarmKind running = AlarmKind::security_refusal;
  std::int64_t looks_left = 0;
  pid_t pid = 0;  ///< 0: nothing runs
};

Alarm::Alarm(boost::asio::io_context& loop, const Clock& clock, Log& log, AlarmConfig config, std::string device,
             AlarmLimits limits)
    : impl_(std::make_shared<Impl>(loop, clock, log, std::move(config), std::move(device), limits)) {}

Alarm::~Alarm() {
  impl_->stop();
}

void Alarm::raise(AlarmKind kind, std::string_view facts) {
  impl_->raise(kind, facts);
}

}  // namespace meterseal::app
