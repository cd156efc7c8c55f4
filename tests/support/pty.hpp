#pragma once

// A serial line that can be unplugged: the slave of a pseudo-terminal is the device, the test holds the master.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace meterseal::test {

class Pty {
 public:
  Pty() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_GE(master_, 0);
    EXPECT_EQ(::grantpt(master_), 0);
    EXPECT_EQ(::unlockpt(master_), 0);
    char name[128];
    EXPECT_EQ(::ptsname_r(master_, name, sizeof(name)), 0);
    device_ = name;
  }
  ~Pty() { unplug(); }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] int master() const { return master_; }
  void unplug() {
    if (master_ >= 0) ::close(master_);
    master_ = -1;
  }

  void write(const std::vector<std::uint8_t>& bytes) const {
    EXPECT_EQ(::write(master_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  /// Whatever arrives within the time, at most `n` bytes.
  [[nodiscard]] std::vector<std::uint8_t> read(std::size_t n, int limit_ms = 5000) const {
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < n) {
      pollfd ready{master_, POLLIN, 0};
      if (::poll(&ready, 1, limit_ms) <= 0) break;
      std::uint8_t byte = 0;
      if (::read(master_, &byte, 1) != 1) break;
      bytes.push_back(byte);
    }
    return bytes;
  }

 private:
  int master_;
  std::string device_;
};

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "meterseal-test-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace meterseal::test
