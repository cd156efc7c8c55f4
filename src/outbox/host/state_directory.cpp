#include "outbox/host/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/text.hpp"
#include "outbox/errors.hpp"

namespace meterseal::outbox::host {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

tl::unexpected<Error> refused(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) return fail(disk_full, path, std::strerror(error));
  if (error == EROFS || error == EIO) return fail(store_failed, path, std::strerror(error));
  return fail(state_unusable, path, std::strerror(error));
}

/// A directory that was made by hand has 0755 as a rule. A group that was let in stays: its members may use the
/// console.
void close_to_strangers(int directory, const struct stat& status, const std::string& path, Log& log) {
  if ((status.st_mode & S_IRWXO) == 0 || status.st_uid != ::geteuid()) return;
  const bool is_closed = ::fchmod(directory, kDirectoryMode) == 0;
  log.warn("SYS", Text<320>("every user of this machine could look into the state directory ")
                      .add(path)
                      .add(is_closed ? ": it has mode 0700 now" : ", and its mode cannot be changed"));
}

}  // namespace

OwnedDescriptor& OwnedDescriptor::operator=(OwnedDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

OwnedDescriptor::~OwnedDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int OwnedDescriptor::release() {
  return std::exchange(descriptor_, -1);
}

StateDirectory::StateDirectory(std::string path, OwnedDescriptor directory, OwnedDescriptor lock)
    : path_(std::move(path)), directory_(std::move(directory)), lock_(std::move(lock)) {}

Result<StateDirectory> StateDirectory::lock(const std::string& path, Log& log) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return refused(path, errno);
  OwnedDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return refused(path, errno);
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return refused(path, errno);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(state_unusable, path, "other users may write into this directory",
                "look at what stands in it, then chmod 700 it and let the service's user own it; or name another with "
                "--state");
  }
  close_to_strangers(directory.get(), status, path, log);
  OwnedDescriptor lock(
      ::openat(directory.get(), "meterseal.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!lock.is_open()) return refused(path + "/meterseal.lock", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(store_locked, path, "another process uses this state directory");
    return refused(path + "/meterseal.lock", errno);
  }
  return StateDirectory(path, std::move(directory), std::move(lock));
}

bool StateDirectory::has(std::string_view name) const {
  return ::faccessat(directory_.get(), std::string(name).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int StateDirectory::make_file(std::string_view name) const {
  const OwnedDescriptor file(::openat(directory_.get(), std::string(name).c_str(),
                                      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kFileMode));
  if (!file.is_open()) return errno;
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  if ((status.st_mode & 0777) != kFileMode && ::fchmod(file.get(), kFileMode) != 0) return errno;
  return 0;
}

int StateDirectory::move(std::string_view from, std::string_view to) const {
  const int result = ::renameat(directory_.get(), std::string(from).c_str(), directory_.get(), std::string(to).c_str());
  return result == 0 ? 0 : errno;
}

void StateDirectory::remove(std::string_view name) const {
  ::unlinkat(directory_.get(), std::string(name).c_str(), 0);
}

int StateDirectory::sync() const {
  return ::fsync(directory_.get()) == 0 ? 0 : errno;
}

}  // namespace meterseal::outbox::host
