#pragma once

// The state directory of one agent: made where it is missing (0700), refused where others may write, closed where
// everybody may look into it, locked against a second process for as long as this object lives. Files in it have mode
// 0600. Thread: any, one at a time.

#include <string>

#include "core/log.hpp"
#include "core/result.hpp"

namespace meterseal::outbox::host {

/// An open file descriptor.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(other.release()) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept;
  ~OwnedDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int release();
  int descriptor_;
};

class StateDirectory {
 public:
  /// @return state_unusable, store_locked, disk_full
  [[nodiscard]] static Result<StateDirectory> lock(const std::string& path, Log& log);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] bool has(std::string_view name) const;
  /// Makes an empty file where there is none, mode 0600 in any case. @return errno, 0: done
  [[nodiscard]] int make_file(std::string_view name) const;
  /// @return errno, 0: done
  [[nodiscard]] int move(std::string_view from, std::string_view to) const;
  void remove(std::string_view name) const;
  /// Makes what was made, moved and removed here durable. @return errno, 0: done
  [[nodiscard]] int sync() const;

 private:
  StateDirectory(std::string path, OwnedDescriptor directory, OwnedDescriptor lock);

  std::string path_;
  OwnedDescriptor directory_;
  OwnedDescriptor lock_;
};

}  // namespace meterseal::outbox::host
