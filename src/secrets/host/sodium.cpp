#include "secrets/host/sodium.hpp"

#include <sodium.h>

#include "secrets/errors.hpp"

namespace meterseal::secrets::host {

namespace {

class SodiumCryptography final : public Cryptography {
 public:
  void fill_random(std::span<std::uint8_t> out) override { randombytes_buf(out.data(), out.size()); }

  [[nodiscard]] Digest digest(std::string_view text) const override {
    Digest digest{};
    crypto_generichash(digest.data(), digest.size(), as_bytes(text).data(), text.size(), nullptr, 0);
    return digest;
  }
};

}  // namespace

Result<std::unique_ptr<Cryptography>> make_cryptography() {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  return std::make_unique<SodiumCryptography>();
}

}  // namespace meterseal::secrets::host
