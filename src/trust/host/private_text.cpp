#include "trust/host/private_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "trust/host/errors.hpp"

namespace meterseal::trust::host {

namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::unique_ptr<PrivateText>> read_private(const std::string& path, const Code& unreadable) {
  const OpenFile file(path);
  struct stat status{};
  // The permissions are those of the file that is read, not of whatever stands there a moment later.
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) return fail(unreadable, path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail(unreadable, path, "is no file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return fail(client_key_exposed, path, "is open to other users");
  auto text = std::make_unique<PrivateText>();
  while (text->size_ < text->bytes_.size()) {
    const ssize_t n = ::read(file.fd(), text->bytes_.data() + text->size_, text->bytes_.size() - text->size_);
    if (n < 0) return fail(unreadable, path, std::strerror(errno));
    if (n == 0) break;
    text->size_ += static_cast<std::size_t>(n);
  }
  return text;
}

}  // namespace meterseal::trust::host
