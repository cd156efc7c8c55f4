#pragma once

// What other rooms may ask of cryptography, as interfaces: randomness and digests, password hashes, sealed texts. The
// halves that do it stand in secrets/host (libsodium); tests may use fakes. A password is never copied into an Error,
// and never logged.
//
// Thread: Cryptography any; the others on the loop thread, their answers come there, too.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace meterseal::secrets {

/// BLAKE2b-256: of random tokens, which need no slow hash. Passwords do: PasswordHasher.
using Digest = std::array<std::uint8_t, 32>;

class Cryptography {
 public:
  virtual ~Cryptography() = default;
  /// From the operating system's generator.
  virtual void fill_random(std::span<std::uint8_t> out) = 0;
  [[nodiscard]] virtual Digest digest(std::string_view text) const = 0;
};

/// How every stored password begins, and with it what one check costs. A text with another cost is no stored password:
/// a file must not tell this device how long to compute.
/// @source OWASP, Password Storage Cheat Sheet, Argon2id: m=12 MiB, t=3, p=1
inline constexpr std::string_view kPasswordHashHead = "$argon2id$v=19$m=12288,t=3,p=1$";

/// Argon2id, one at a time: each costs 12 MiB of memory while it runs.
class PasswordHasher {
 public:
  enum class Answer : std::uint8_t {
    right,
    wrong,
    busy  ///< too many wait already: nothing was checked
  };

  virtual ~PasswordHasher() = default;
  /// `done` is called later, once, with the text to be stored, or secrets::hasher_busy.
  virtual void hash(std::string password, std::function<void(Result<std::string>)> done) = 0;
  /// @param stored  as hash() gave it
  virtual void verify(std::string stored, std::string password, std::function<void(Answer)> done) = 0;
};

/// Seals a text with a passphrase: Argon2id (64 MiB, 3 passes) for the key, XChaCha20-Poly1305 for the text. One at a
/// time. `done` is called later, once.
class PassphraseSealer {
 public:
  using Done = std::function<void(Result<std::string>)>;

  virtual ~PassphraseSealer() = default;
  /// @return bytes that nobody opens without the passphrase, or secrets::hasher_busy
  virtual void seal(std::string passphrase, std::string plain, Done done) = 0;
  /// @return the text, or secrets::not_sealed, wrong_passphrase, hasher_busy
  virtual void open(std::string passphrase, std::string sealed, Done done) = 0;
};

/// The time taken depends on the lengths only. Different lengths, and two empty texts, are not equal: an empty secret
/// is none. @source ESPHome CVE-2025-57808: compared as many bytes as the client had sent
[[nodiscard]] bool equal_in_constant_time(Bytes a, Bytes b);
[[nodiscard]] inline bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return equal_in_constant_time(as_bytes(a), as_bytes(b));
}

}  // namespace meterseal::secrets
