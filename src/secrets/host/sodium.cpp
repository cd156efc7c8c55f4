#include "secrets/host/sodium.hpp"

#include <sodium.h>

#include <array>

#include "core/host/private_file.hpp"
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

using Key = std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_KEYBYTES>;
using Nonce = std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

constexpr std::string_view kSealVersion = "sealed1:";
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kBase64);
  text.pop_back();  // its NUL
  return text;
}

std::vector<std::uint8_t> from_base64(std::string_view text) {
  std::vector<std::uint8_t> bytes(text.size());
  std::size_t size = 0;
  const char* end = nullptr;
  const int result =
      sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end, kBase64);
  if (result != 0 || end != text.data() + text.size()) return {};
  bytes.resize(size);
  return bytes;
}

class SodiumSealer final : public Sealer {
 public:
  explicit SodiumSealer(const Key& key) : key_(key) {}
  ~SodiumSealer() override { sodium_memzero(key_.data(), key_.size()); }
  SodiumSealer(const SodiumSealer&) = delete;
  SodiumSealer& operator=(const SodiumSealer&) = delete;

  [[nodiscard]] std::string seal(std::string_view name, std::string_view plain) override {
    std::vector<std::uint8_t> box(Nonce{}.size() + plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    randombytes_buf(box.data(), Nonce{}.size());
    crypto_aead_xchacha20poly1305_ietf_encrypt(box.data() + Nonce{}.size(), nullptr, as_bytes(plain).data(),
                                               plain.size(), as_bytes(name).data(), name.size(), nullptr, box.data(),
                                               key_.data());
    return std::string(kSealVersion) + to_base64(box);
  }

  [[nodiscard]] Result<std::string> open(std::string_view name, std::string_view sealed) override {
    const auto broken = [&] { return fail(seal_broken, name, "the stored secret does not open"); };
    if (!sealed.starts_with(kSealVersion)) return broken();
    const auto box = from_base64(sealed.substr(kSealVersion.size()));
    constexpr std::size_t kOverhead = Nonce{}.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES;
    if (box.size() < kOverhead) return broken();
    std::string plain(box.size() - kOverhead, '\0');
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<std::uint8_t*>(plain.data()), nullptr, nullptr,
                                                   box.data() + Nonce{}.size(), box.size() - Nonce{}.size(),
                                                   as_bytes(name).data(), name.size(), box.data(), key_.data()) != 0)
      return broken();
    return plain;
  }

 private:
  Key key_;
};

Result<Key> make_key(const std::string& path) {
  Key key{};
  randombytes_buf(key.data(), key.size());
  const std::string fault = meterseal::host::write_private_file(path, as_text(key));
  if (!fault.empty()) return fail(key_unusable, path, fault, "make the state directory writable for the service");
  return key;
}

}  // namespace

Result<std::unique_ptr<Cryptography>> make_cryptography() {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  return std::make_unique<SodiumCryptography>();
}

Result<std::unique_ptr<Sealer>> make_sealer(const std::string& state_directory) {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  const std::string path = state_directory + "/secret.key";
  const auto file = meterseal::host::read_private_file(path, Key{}.size());
  if (file.state == meterseal::host::FileState::absent) {
    return make_key(path).map(
        [](const Key& key) -> std::unique_ptr<Sealer> { return std::make_unique<SodiumSealer>(key); });
  }
  if (file.state == meterseal::host::FileState::unusable) return fail(key_unusable, path, file.fault);
  if (file.text.size() != Key{}.size()) return fail(key_unusable, path, "is not 32 bytes long");
  Key key{};
  std::copy(file.text.begin(), file.text.end(), key.begin());
  return std::make_unique<SodiumSealer>(key);
}

}  // namespace meterseal::secrets::host
