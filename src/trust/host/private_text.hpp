#pragma once

// A secret from a file that nobody but its owner may read, gone from memory with its owner. Thread: any; reads a file.

#include <openssl/crypto.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace meterseal::trust::host {

class PrivateText {
 public:
  PrivateText() = default;
  ~PrivateText() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  PrivateText(const PrivateText&) = delete;
  PrivateText& operator=(const PrivateText&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  friend Result<std::unique_ptr<PrivateText>> read_private(const std::string& path, const Code& unreadable);
  std::array<char, std::size_t{64} * 1024> bytes_{};
  std::size_t size_ = 0;
};

/// At most 64 KiB. @return `unreadable`, trust::client_key_exposed
[[nodiscard]] Result<std::unique_ptr<PrivateText>> read_private(const std::string& path, const Code& unreadable);

}  // namespace meterseal::trust::host
