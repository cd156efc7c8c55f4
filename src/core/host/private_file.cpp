#include "core/host/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace meterseal::host {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string fault_of(int error) {
  return std::generic_category().message(error);
}

PrivateFile unusable(std::string fault) {
  return {FileState::unusable, {}, std::move(fault)};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

PrivateFile read_private_file(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) return {};
    return unusable(fault_of(errno));
  }
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return unusable(fault_of(errno));
  if (!S_ISREG(facts.st_mode)) return unusable("is no regular file");
  if ((facts.st_mode & 077) != 0) return unusable("group or others can access it");
  if (facts.st_uid != ::geteuid() && facts.st_uid != 0) return unusable("belongs to another user");
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unusable(fault_of(errno));
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > most) return unusable("is larger than it can be");
  text.resize(size);
  return {FileState::read, std::move(text), {}};
}

std::string write_private_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  (void)::unlink(temporary.c_str());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return fault_of(errno);
    if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      const std::string fault = fault_of(errno);
      (void)::unlink(temporary.c_str());
      return fault;
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string fault = fault_of(errno);
    (void)::unlink(temporary.c_str());
    return fault;
  }
  // The rename itself is on the disk only with its folder.
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) return fault_of(errno);
  return {};
}

}  // namespace meterseal::host
