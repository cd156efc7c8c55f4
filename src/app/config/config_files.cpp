#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kMaxPasswordBytes = 4096;
constexpr std::size_t kMaxKeyBytes = 64 * 1024;

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

/// One file that only the service may read, for messages under its key.
struct SecretFile {
  const FileSetting& setting;
  std::string_view key;
  std::size_t most;  ///< bytes
  const std::string& credentials_dir;
};

/// Opens it for reading. Permissions are those of the open file, not of a name that may change.
std::optional<std::string> secret_of(const SecretFile& secret, const Code& unreadable, Problems& problems) {
  const std::string& path = secret.setting.path;
  const auto fault = [&](const Code& code, const std::string& text) {
    problems.add(code, secret.setting.line, std::string(secret.key) + ": " + quoted(path) + " " + text);
    return std::nullopt;
  };
  const File file(path);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.fd(), &status) != 0) return fault(unreadable, "cannot be opened: " + reason());
  if (!S_ISREG(status.st_mode)) return fault(unreadable, "is not a file");
  const std::string exposed = exposure(status, is_within(path, secret.credentials_dir));
  if (!exposed.empty()) return fault(password_exposed, exposed);
  auto content = content_of(file, secret.most);
  if (!content) return fault(unreadable, content.error());
  return std::move(*content);
}

void check_password(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems) {
  if (mqtt.user.empty()) return;
  if (mqtt.password_file.path.empty()) {
    const std::string credential = credentials_dir + "/mqtt.password";
    struct stat status{};
    // One with nothing but a line end is the unit's stand-in for a file that is not there.
    if (credentials_dir.empty() || ::stat(credential.c_str(), &status) != 0 || status.st_size <= 1) {
      problems.add(config_missing_key, mqtt.password_file.line, "mqtt.user: is given, but no password_file",
                   "name a file with the password in mqtt.password_file, or under systemd put it into "
                   "/etc/meterseal/mqtt.password (LoadCredential=mqtt.password:FILE)");
      return;
    }
    mqtt.password_file.path = credential;
  }
  mqtt.password = read_secret_line(mqtt.password_file, "mqtt.password_file", credentials_dir, problems);
}

std::optional<unsigned> base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0' + 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

/// @source RFC 4648, 4
std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string out;
  unsigned bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = i < text.size() - padding ? base64_value(text[i]) : std::optional(0U);
    if (!value) return std::nullopt;
    bits = bits << 6 | *value;
    if (i % 4 != 3) continue;
    for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>(bits >> shift & 0xFF);
    bits = 0;
  }
  out.resize(out.size() - padding);
  return out;
}

/// The device's key as the hub shows it: base64 of 32 bytes (64 where an owner chose a longer one).
void read_sas_key(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems) {
  if (mqtt.sas_key_file.path.empty()) return;
  const auto text = secret_of({mqtt.sas_key_file, "mqtt.sas_key_file", kMaxPasswordBytes, credentials_dir},
                              password_unreadable, problems);
  if (!text) return;
  auto key = base64_decoded(trim(*text));
  if (!key || key->size() < 16 || key->size() > 64) {
    problems.add(
        password_unreadable, mqtt.sas_key_file.line,
        "mqtt.sas_key_file: " + quoted(mqtt.sas_key_file.path) + " holds no device key (base64 of 16 to 64 bytes)",
        "copy the primary key of the device from the hub into this file, nothing else");
    return;
  }
  mqtt.sas_key = std::move(*key);
}

enum class PathKind : std::uint8_t {
  file,
  folder
};

void check_path(const FileSetting& setting, std::string_view key, PathKind kind, Problems& problems) {
  if (setting.path.empty()) return;
  struct stat status{};
  std::string fault;
  if (::stat(setting.path.c_str(), &status) != 0) {
    fault = "cannot be opened: " + reason();
  } else if (kind == PathKind::file && !S_ISREG(status.st_mode)) {
    fault = "is not a file";
  } else if (kind == PathKind::folder && !S_ISDIR(status.st_mode)) {
    fault = "is not a folder";
  }
  if (fault.empty()) return;
  const Code& code = key.starts_with("ca_") ? anchor_unreadable : identity_unreadable;
  // The system's own authorities may not be installed; a path of the file is wrong.
  const char* hint =
      setting.path == kSystemAnchors ? "" : "correct the path; a relative one counts from the file's folder";
  problems.add(code, setting.line, "mqtt.tls." + std::string(key) + ": " + quoted(setting.path) + " " + fault, hint);
}

void check_identity(const ClientIdentity& identity, const std::string& credentials_dir, Problems& problems) {
  check_path(identity.certificate, "client_cert", PathKind::file, problems);
  check_path(identity.pkcs11_module, "pkcs11_module", PathKind::file, problems);
  if (!identity.key.path.empty())
    (void)secret_of({identity.key, "mqtt.tls.client_key", kMaxKeyBytes, credentials_dir}, identity_unreadable,
                    problems);
  if (!identity.pkcs11_pin.path.empty())
    (void)secret_of({identity.pkcs11_pin, "mqtt.tls.pkcs11_pin_file", kMaxPasswordBytes, credentials_dir},
                    identity_unreadable, problems);
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

std::string read_secret_line(const FileSetting& setting, std::string_view key, const std::string& credentials_dir,
                             Problems& problems) {
  auto content = secret_of({setting, key, kMaxPasswordBytes, credentials_dir}, password_unreadable, problems);
  if (!content) return {};
  content->resize(std::min(content->find('\n'), content->size()));
  if (content->ends_with('\r')) content->pop_back();
  if (content->empty())
    problems.add(password_unreadable, setting.line,
                 std::string(key) + ": " + quoted(setting.path) + " has an empty first line");
  return std::move(*content);
}

void check_mqtt_files(MqttConfig& mqtt, const std::string& credentials_dir, Problems& problems) {
  check_password(mqtt, credentials_dir, problems);
  read_sas_key(mqtt, credentials_dir, problems);
  for (const BrokerConfig& broker : mqtt.brokers) {
    if (looks_at_authorities(broker.tls.policy)) {
      check_path(broker.tls.ca_file, "ca_file", PathKind::file, problems);
      check_path(broker.tls.ca_path, "ca_path", PathKind::folder, problems);
    }
    check_path(broker.tls.crl_file, "crl_file", PathKind::file, problems);
    check_identity(broker.tls.identity, credentials_dir, problems);
  }
}

void check_files(Config& config, const std::string& credentials_dir, Problems& problems) {
  check_mqtt_files(config.mqtt, credentials_dir, problems);
  if (!config.web || config.web->password_file.path.empty()) return;
  config.web->password = read_secret_line(config.web->password_file, "web.password_file", credentials_dir, problems);
}

}  // namespace meterseal::app
