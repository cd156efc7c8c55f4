#include "meter/host/device_holder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace meterseal::meter::host {

namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& process, dev_t device) {
  std::error_code error;
  for (fs::directory_iterator at(process / "fd", error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::stat(at->path().c_str(), &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == device) return true;
  }
  return false;
}

}  // namespace

std::string holder_of_device(const std::string& path) {
  struct stat wanted{};
  if (::stat(path.c_str(), &wanted) != 0 || !S_ISCHR(wanted.st_mode)) return {};
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string pid = at->path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(::getpid())) continue;
    if (!holds(at->path(), wanted.st_rdev)) continue;
    std::string name;
    std::getline(std::ifstream(at->path() / "comm"), name);
    return name.append(" (process ").append(pid).append(")");
  }
  return {};
}

}  // namespace meterseal::meter::host
