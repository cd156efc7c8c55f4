#pragma once

// A vector that lives inside its owner: at most N values, no heap. What state machines return their actions in.
// push_back on a full one is refused and returns false, which is a bug of the caller's bound (tested there).
// T must be default-constructible. Thread: value, any.

#include <array>
#include <cstddef>
#include <utility>

namespace meterseal {

template <class T, std::size_t N>
class InlineVector {
 public:
  bool push_back(T value) {
    if (size_ == N) return false;
    items_[size_++] = std::move(value);
    return true;
  }
  void clear() { size_ = 0; }
  void erase(std::size_t index) {
    for (std::size_t i = index + 1; i < size_; ++i) items_[i - 1] = std::move(items_[i]);
    --size_;
  }

  [[nodiscard]] T* begin() { return items_.data(); }
  [[nodiscard]] T* end() { return items_.data() + size_; }
  [[nodiscard]] const T* begin() const { return items_.data(); }
  [[nodiscard]] const T* end() const { return items_.data() + size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return items_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool full() const { return size_ == N; }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

}  // namespace meterseal
