#include "meter/sim/host/pty.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "meter/errors.hpp"

namespace meterseal::meter::sim::host {
namespace {

tl::unexpected<Error> failed(std::string_view what) {
  const int error = errno;
  std::array<char, 128> text{};
  return fail(sim_line_failed, what, strerror_r(error, text.data(), text.size()));
}

std::string target_of(const std::string& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size < 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(size));
}

/// No echo, no line editing, no translation. What a port driver sees, and not what a shell does.
bool make_raw(int terminal) {
  termios settings{};
  if (::tcgetattr(terminal, &settings) != 0) return false;
  ::cfmakeraw(&settings);
  return ::tcsetattr(terminal, TCSANOW, &settings) == 0;
}

bool is_in_the_way(const std::string& link) {
  struct stat status{};
  return ::lstat(link.c_str(), &status) == 0 && !S_ISLNK(status.st_mode);
}

}  // namespace

Result<Pty> Pty::open(std::string link) {
  Pty pty;
  pty.master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (pty.master_ < 0 || ::grantpt(pty.master_) != 0 || ::unlockpt(pty.master_) != 0) return failed("/dev/ptmx");
  std::array<char, 64> name{};
  if (::ptsname_r(pty.master_, name.data(), name.size()) != 0) return failed("/dev/ptmx");
  pty.slave_path_ = name.data();
  pty.slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (pty.slave_ < 0 || !make_raw(pty.slave_)) return failed(pty.slave_path_);
  if (link.empty()) return pty;
  if (is_in_the_way(link)) return fail(sim_line_failed, link, "exists and is no symbolic link");
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) return failed(link);
  if (::symlink(name.data(), link.c_str()) != 0) return failed(link);
  pty.link_ = std::move(link);
  return pty;
}

Pty::Pty(Pty&& other) noexcept
    : master_(std::exchange(other.master_, -1)),
      slave_(std::exchange(other.slave_, -1)),
      slave_path_(std::move(other.slave_path_)),
      link_(std::exchange(other.link_, {})) {}

Pty& Pty::operator=(Pty&& other) noexcept {
  if (this == &other) return *this;
  close();
  master_ = std::exchange(other.master_, -1);
  slave_ = std::exchange(other.slave_, -1);
  slave_path_ = std::move(other.slave_path_);
  link_ = std::exchange(other.link_, {});
  return *this;
}

Pty::~Pty() {
  close();
}

int Pty::release_master() {
  return std::exchange(master_, -1);
}

void Pty::close() {
  if (!link_.empty() && target_of(link_) == slave_path_) ::unlink(link_.c_str());
  link_.clear();
  if (slave_ >= 0) ::close(std::exchange(slave_, -1));
  if (master_ >= 0) ::close(std::exchange(master_, -1));
}

}  // namespace meterseal::meter::sim::host
