#include <sodium.h>

#include <array>

#include "secrets/errors.hpp"
#include "secrets/host/sodium.hpp"
#include "secrets/host/worker.hpp"

namespace meterseal::secrets::host {

namespace {

/// Tells the format and everything that is not written with it: another cost is another heading.
constexpr std::string_view kHeading = "meterseal sealed 1\n";
/// A sealed text can be tried for years, so it costs more than a login. @source RFC 9106, 4: 64 MiB, 3 passes (p=4
/// there; libsodium has one lane)
constexpr unsigned long long kPasses = 3;
constexpr std::size_t kMemory = std::size_t{64} * 1024 * 1024;

struct Key {
  Key() = default;
  ~Key() { sodium_memzero(bytes.data(), bytes.size()); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_KEYBYTES> bytes{};
};

constexpr std::size_t kSalt = crypto_pwhash_SALTBYTES;
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
/// Heading, salt and nonce.
constexpr std::size_t kHead = kHeading.size() + kSalt + kNonce;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const std::uint8_t* salt_of(Bytes sealed) {
  return sealed.data() + kHeading.size();
}
const std::uint8_t* nonce_of(Bytes sealed) {
  return salt_of(sealed) + kSalt;
}

bool derive(Key& key, const std::string& passphrase, const std::uint8_t* salt) {
  return crypto_pwhash(key.bytes.data(), key.bytes.size(), passphrase.data(), passphrase.size(), salt, kPasses, kMemory,
                       crypto_pwhash_ALG_ARGON2ID13) == 0;
}

tl::unexpected<Error> no_memory() {
  return fail(hasher_busy, "passphrase", "no 64 MiB of memory are free");
}

/// Head, then the box, which the whole head is bound to.
Result<std::string> seal(const std::string& passphrase, const std::string& plain) {
  std::string sealed(kHead + plain.size() + kTag, '\0');
  std::copy(kHeading.begin(), kHeading.end(), sealed.begin());
  auto* bytes = reinterpret_cast<std::uint8_t*>(sealed.data());
  randombytes_buf(bytes + kHeading.size(), kSalt + kNonce);
  Key key;
  if (!derive(key, passphrase, salt_of(as_bytes(sealed)))) return no_memory();
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kHead, nullptr, as_bytes(plain).data(), plain.size(), bytes, kHead,
                                             nullptr, nonce_of(as_bytes(sealed)), key.bytes.data());
  return sealed;
}

Result<std::string> open(const std::string& passphrase, const std::string& sealed) {
  if (!std::string_view(sealed).starts_with(kHeading) || sealed.size() < kHead + kTag)
    return fail(not_sealed, "the file", "was not sealed by this program, or by a version that this one does not know");
  const Bytes bytes = as_bytes(sealed);
  Key key;
  if (!derive(key, passphrase, salt_of(bytes))) return no_memory();
  std::string plain(sealed.size() - kHead - kTag, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<std::uint8_t*>(plain.data()), nullptr, nullptr,
                                                 bytes.data() + kHead, bytes.size() - kHead, bytes.data(), kHead,
                                                 nonce_of(bytes), key.bytes.data()) != 0)
    return fail(wrong_passphrase, "the passphrase", "does not open this file, or the file was changed");
  return plain;
}

class SodiumPassphraseSealer final : public PassphraseSealer {
 public:
  explicit SodiumPassphraseSealer(boost::asio::io_context& loop) : worker_(loop) {}

  void seal(std::string passphrase, std::string plain, Done done) override {
    const auto secret = std::make_shared<const Secret>(std::move(passphrase));
    const auto text = std::make_shared<const Secret>(std::move(plain));
    worker_.start([secret, text] { return host::seal(secret->text(), text->text()); }, std::move(done));
  }

  void open(std::string passphrase, std::string sealed, Done done) override {
    const auto secret = std::make_shared<const Secret>(std::move(passphrase));
    worker_.start([secret, sealed = std::move(sealed)] { return host::open(secret->text(), sealed); }, std::move(done));
  }

 private:
  Worker worker_;  // loop thread only
};

}  // namespace

Result<std::unique_ptr<PassphraseSealer>> make_passphrase_sealer(boost::asio::io_context& loop) {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  return std::make_unique<SodiumPassphraseSealer>(loop);
}

}  // namespace meterseal::secrets::host
