#include "app/whole_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace meterseal::app {

namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool fill(int file, std::string_view text, mode_t mode, const std::optional<Owner>& owner) {
  return ::fchmod(file, mode) == 0 && (!owner || ::fchown(file, owner->user, owner->group) == 0) &&
         write_all(file, text) && ::fsync(file) == 0;
}

}  // namespace

std::string replace_file(const std::string& path, std::string_view text, mode_t mode,
                         const std::optional<Owner>& owner) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // what a run that was killed has left
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return std::strerror(errno);
  const bool is_filled = fill(file, text, mode, owner);
  const int fault = errno;
  const bool is_closed = ::close(file) == 0;
  if (is_filled && is_closed && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int error = is_filled ? errno : fault;
  ::unlink(fresh.c_str());
  return std::strerror(error);
}

}  // namespace meterseal::app
