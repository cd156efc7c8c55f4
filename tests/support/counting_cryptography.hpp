#pragma once

// Cryptography for tests: its 'random' bytes count upwards, its digest is a simple mix that differs for texts that
// differ.

#include <cstdint>

#include "secrets/cryptography.hpp"

namespace meterseal::test {

class CountingCryptography final : public secrets::Cryptography {
 public:
  void fill_random(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }
  [[nodiscard]] secrets::Digest digest(std::string_view text) const override {
    secrets::Digest digest{};
    std::uint64_t mix = 14695981039346656037ULL;
    for (std::size_t i = 0; i < digest.size(); ++i) {
      for (const char c : text) mix = (mix ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
      digest[i] = static_cast<std::uint8_t>(mix >> 24);
    }
    return digest;
  }

 private:
  std::uint8_t next_ = 0;
};

/// Answers at once, and stores passwords in clear behind "hash:".
class PlainHasher final : public secrets::PasswordHasher {
 public:
  void hash(std::string password, std::function<void(Result<std::string>)> done) override { done("hash:" + password); }
  void verify(std::string stored, std::string password, std::function<void(Answer)> done) override {
    ++checks;
    if (busy) return done(Answer::busy);
    done(stored == "hash:" + password ? Answer::right : Answer::wrong);
  }
  int checks = 0;
  bool busy = false;
};

}  // namespace meterseal::test
