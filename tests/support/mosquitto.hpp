#pragma once

// A real broker as a child process, in a folder of its own, with a port that was free a moment before.

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

extern char** environ;

namespace meterseal::test {

struct MosquittoSettings {
  std::string user;  ///< empty: anybody may come
  std::string password;
  std::string certificate;  ///< PEM files; empty: plaintext
  std::string key;
  std::string log_type = "all";
  std::string after_listener;  ///< further lines of the listener, and further listeners
};

inline MosquittoSettings with_password(const std::string& user, const std::string& password) {
  MosquittoSettings settings;
  settings.user = user;
  settings.password = password;
  return settings;
}

class Mosquitto {
 public:
  explicit Mosquitto(const MosquittoSettings& settings = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "meterseal-broker-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return;
    folder_ = name;
    // Somebody else may take the port before the broker does: then it ends, and another port is tried.
    for (int i = 0; i < 5 && !running_; ++i) {
      port_ = free_port();
      configure(settings);
      start();
    }
  }
  ~Mosquitto() {
    stop();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  [[nodiscard]] bool is_running() const { return running_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return child_; }

  void start() {
    const std::string config = (folder_ / "mosquitto.conf").string();
    const std::string log = (folder_ / "log").string();
    const std::string program = "mosquitto";
    std::string arguments[] = {program, "-c", config};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    int failed = ::posix_spawnp(&child_, program.c_str(), &actions, nullptr, argv, environ);
    if (failed != 0) failed = ::posix_spawn(&child_, "/usr/sbin/mosquitto", &actions, nullptr, argv, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!running_ && std::chrono::steady_clock::now() < deadline) {
      if (::waitpid(child_, nullptr, WNOHANG) != 0) return;
      running_ = takes_connections();
      if (!running_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void stop(int with = SIGTERM) {
    if (!running_) return;
    running_ = false;
    ::kill(child_, with);
    ::waitpid(child_, nullptr, 0);
  }

  /// Of all its lives.
  [[nodiscard]] std::string log() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] int count_in_log(const std::string& text) const {
    const std::string all = log();
    int count = 0;
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
    return count;
  }

 private:
  void configure(const MosquittoSettings& settings) {
    std::ofstream config(folder_ / "mosquitto.conf");
    config << "per_listener_settings true\nset_tcp_nodelay true\npersistence false\n"
           << "log_type " << settings.log_type << "\n"
           << "max_queued_messages 0\n";
    if (::getuid() == 0) config << "user root\n";
    config << "listener " << port_ << " 127.0.0.1\n";
    if (!settings.certificate.empty()) {
      config << "certfile " << settings.certificate << "\nkeyfile " << settings.key << "\ntls_version tlsv1.2\n";
    }
    if (settings.user.empty()) {
      config << "allow_anonymous true\n" << settings.after_listener;
      return;
    }
    const std::string users = (folder_ / "users").string();
    std::ofstream(users) << settings.user << ":" << settings.password << "\n";
    // mosquitto reads hashed passwords only; its own tool makes them.
    std::string arguments[] = {"mosquitto_passwd", "-U", users};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    pid_t tool = 0;
    if (::posix_spawnp(&tool, argv[0], nullptr, nullptr, argv, environ) == 0) ::waitpid(tool, nullptr, 0);
    config << "allow_anonymous false\npassword_file " << users << "\n" << settings.after_listener;
  }

  [[nodiscard]] static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  /// Below the range of outgoing connections (ip(7), ip_local_port_range): a client that knocks at a stopped broker
  /// could get the broker's own port.
  [[nodiscard]] static std::uint16_t free_port() {
    std::random_device random;
    for (;;) {
      const auto port = static_cast<std::uint16_t>(10'000 + random() % 22'000);
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(port);
      const bool is_free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
      ::close(fd);
      if (is_free) return port;
    }
  }
  [[nodiscard]] bool takes_connections() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    const bool taken = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    return taken;
  }

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t child_ = 0;
  bool running_ = false;
};

}  // namespace meterseal::test
