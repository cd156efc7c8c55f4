#pragma once

// Whether a file is still the one that was read. Thread: values, any.

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace meterseal::trust::host {

struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  ///< -1: there is no such file
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;

  friend bool operator==(const FileState&, const FileState&) = default;
};

[[nodiscard]] inline FileState state_of(const struct stat& file) {
  return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}
[[nodiscard]] inline FileState file_state(const std::string& path) {
  struct stat file{};
  return ::stat(path.c_str(), &file) == 0 ? state_of(file) : FileState{};
}

}  // namespace meterseal::trust::host
