#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "app/config_parts.hpp"
#include "app/errors.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kMaxPasswordBytes = 4096;

class File {
 public:
  /// Never waits: a pipe of that name would otherwise block the start.
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

std::string reason() {
  return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): before any thread starts
}

/// Whole content, at most `most` bytes. @return or why not
tl::expected<std::string, std::string> content_of(const File& file, std::size_t most) {
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t n = ::read(file.fd(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tl::unexpected("cannot be read: " + reason());
    if (n == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(n));
    if (content.size() > most) return tl::unexpected("is larger than " + std::to_string(most) + " bytes");
  }
}

/// Who else than the service could read this? Empty: nobody.
/// @param credential  systemd shows the access of the service's user in the group bits (an ACL) of a file of root
std::string exposure(const struct stat& status, bool credential) {
  const mode_t others = credential ? S_IRWXO : (S_IRWXG | S_IRWXO);
  if ((status.st_mode & others) != 0) return "can be read by other users of this machine";
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) return "belongs to another user";
  return {};
}

bool is_within(const std::string& path, const std::string& folder) {
  return !folder.empty() && path.starts_with(folder + "/");
}

/// The first line, without its end. Permissions are those of the open file, not of a name that may change.
void read_password(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems) {
  const FileSetting& setting = mqtt.password_file;
  const auto fault = [&](const Code& code, const std::string& text) {
    problems.add(code, setting.line, "mqtt.password_file: " + quoted(setting.path) + " " + text);
  };
  const File file(setting.path);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.fd(), &status) != 0)
    return fault(password_unreadable, "cannot be opened: " + reason());
  if (!S_ISREG(status.st_mode)) return fault(password_unreadable, "is not a file");
  const std::string exposed = exposure(status, is_within(setting.path, credentials_dir));
  if (!exposed.empty()) return fault(password_exposed, exposed);
  auto content = content_of(file, kMaxPasswordBytes);
  if (!content) return fault(password_unreadable, content.error());
  std::string& password = *content;
  password.resize(std::min(password.find('\n'), password.size()));
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return fault(password_unreadable, "has an empty first line");
  mqtt.password = std::move(password);
}

void check_password(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems) {
  if (mqtt.user.empty()) return;
  if (mqtt.password_file.path.empty()) {
    const std::string credential = credentials_dir + "/mqtt.password";
    if (credentials_dir.empty() || ::access(credential.c_str(), F_OK) != 0) {
      problems.add(config_missing_key, mqtt.password_file.line, "mqtt.user: is given, but no password_file",
                   "name a file with the password in mqtt.password_file, or give systemd "
                   "LoadCredential=mqtt.password:FILE");
      return;
    }
    mqtt.password_file.path = credential;
  }
  read_password(mqtt, credentials_dir, problems);
}

enum class AnchorKind : std::uint8_t {
  file,
  folder
};

void check_anchor(const FileSetting& setting, AnchorKind kind, Problems& problems) {
  if (setting.path.empty()) return;
  struct stat status{};
  std::string fault;
  if (::stat(setting.path.c_str(), &status) != 0) {
    fault = "cannot be opened: " + reason();
  } else if (kind == AnchorKind::file && !S_ISREG(status.st_mode)) {
    fault = "is not a file";
  } else if (kind == AnchorKind::folder && !S_ISDIR(status.st_mode)) {
    fault = "is not a folder";
  }
  if (fault.empty()) return;
  const std::string key = kind == AnchorKind::file ? "mqtt.tls.ca_file: " : "mqtt.tls.ca_path: ";
  problems.add(anchor_unreadable, setting.line, key + quoted(setting.path) + " " + fault);
}

}  // namespace

std::optional<std::string> read_config_file(Problems& problems) {
  const auto fault = [&](const std::string& text) {
    problems.add(config_unreadable, 0, text);
    return std::nullopt;
  };
  const File file(problems.file());
  struct stat status{};
  if (!file.is_open() || ::fstat(file.fd(), &status) != 0) return fault("cannot be opened: " + reason());
  if (S_ISDIR(status.st_mode)) return fault("is a folder");
  // Whoever can write it decides whom this device believes.
  if ((status.st_mode & S_IWOTH) != 0) problems.warn(0, "can be changed by every user of this machine");
  auto content = content_of(file, kMaxConfigBytes);
  if (!content) return fault(content.error());
  return std::move(*content);
}

void check_files(Config& config, const std::string& credentials_dir, Problems& problems) {
  check_password(config.mqtt, credentials_dir, problems);
  for (const BrokerConfig& broker : config.mqtt.brokers) {
    check_anchor(broker.tls.ca_file, AnchorKind::file, problems);
    check_anchor(broker.tls.ca_path, AnchorKind::folder, problems);
  }
}

}  // namespace meterseal::app
