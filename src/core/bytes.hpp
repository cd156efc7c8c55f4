#pragma once

// Bounded views of bytes. A ByteReader never reads past its end: a read that does not fit yields 0 or an empty span
// and `failed()` stays true from then on, so that a parser may read a whole message and ask once.
// A ByteWriter never writes past its end: `failed()` likewise. All integers big-endian ("network order").
// Neither owns its memory. Thread: values, any.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace meterseal {

using Bytes = std::span<const std::uint8_t>;

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_of(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_of(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_of(4)); }
  std::uint64_t u64() { return unsigned_of(8); }

  Bytes take(std::size_t n) {
    if (n > bytes_.size()) {
      failed_ = true;
      bytes_ = {};
      return {};
    }
    const Bytes taken = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return taken;
  }

  [[nodiscard]] Bytes rest() const { return bytes_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::uint64_t unsigned_of(std::size_t n) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(n)) value = value << 8 | byte;
    return value;
  }

  Bytes bytes_;
  bool failed_ = false;
};

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::uint8_t> out) : out_(out) {}

  void u8(std::uint8_t value) { integer(value, 1); }
  void u16(std::uint16_t value) { integer(value, 2); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }
  void bytes(Bytes bytes) {
    if (bytes.size() > out_.size() - size_) {
      failed_ = true;
      return;
    }
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += bytes.size();
  }

  [[nodiscard]] Bytes written() const { return Bytes(out_).first(size_); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void integer(std::uint64_t value, std::size_t n) {
    if (n > out_.size() - size_) {
      failed_ = true;
      return;
    }
    for (std::size_t i = n; i > 0; --i) out_[size_++] = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
  }

  std::span<std::uint8_t> out_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

}  // namespace meterseal
