#pragma once

// A directory of this test alone, gone with it.

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace meterseal::test {

class TempDirectory {
 public:
  TempDirectory() : TempDirectory(std::filesystem::temp_directory_path()) {}
  explicit TempDirectory(const std::filesystem::path& below) {
    std::string name = (below / "meterseal-XXXXXX").string();
    path_ = ::mkdtemp(name.data()) == nullptr ? std::string() : name;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// Where flushing costs nothing: for tests that open a thousand databases and prove nothing about the disk.
  [[nodiscard]] static std::filesystem::path in_memory() {
    const std::filesystem::path shm = "/dev/shm";
    return ::access(shm.c_str(), W_OK) == 0 ? shm : std::filesystem::temp_directory_path();
  }

 private:
  std::string path_;
};

}  // namespace meterseal::test
