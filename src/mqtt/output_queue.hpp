#pragma once

// Bytes on their way out, in the caller's memory: packets are written at the end, the transport takes from the front.
// Bounded by that memory. No heap. Thread: value, any.

#include <algorithm>
#include <span>

#include "core/bytes.hpp"

namespace meterseal::mqtt {

class OutputQueue {
 public:
  /// @param memory  must outlive the queue
  explicit OutputQueue(std::span<std::uint8_t> memory) : memory_(memory) {}

  [[nodiscard]] Bytes pending() const { return Bytes(memory_).subspan(head_, tail_ - head_); }
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  void consume(std::size_t n) {
    head_ += std::min(n, tail_ - head_);
    if (head_ == tail_) clear();
  }
  void clear() { head_ = tail_ = 0; }

  /// Lets `write` write one packet with a ByteWriter. @return false when it did not fit; then nothing was added
  template <class Write>
  [[nodiscard]] bool add(std::size_t size, Write write) {
    if (memory_.size() - tail_ < size) close_gap();
    ByteWriter out(memory_.subspan(tail_));
    write(out);
    if (out.failed()) return false;
    tail_ += out.size();
    return true;
  }

 private:
  void close_gap() {
    std::copy(memory_.begin() + static_cast<std::ptrdiff_t>(head_),
              memory_.begin() + static_cast<std::ptrdiff_t>(tail_), memory_.begin());
    tail_ -= head_;
    head_ = 0;
  }

  std::span<std::uint8_t> memory_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace meterseal::mqtt
