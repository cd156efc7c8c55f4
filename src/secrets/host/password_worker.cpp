#include <sodium.h>

#include <array>

#include "secrets/errors.hpp"
#include "secrets/host/sodium.hpp"
#include "secrets/host/worker.hpp"

namespace meterseal::secrets::host {

namespace {

// As kPasswordHashHead says.
constexpr unsigned long long kPasses = 3;
constexpr std::size_t kMemory = std::size_t{12} * 1024 * 1024;

Result<std::string> hash_of(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(hasher_busy, "password", "no 12 MiB of memory are free");
  return std::string(text.data());
}

Result<std::string> check(const std::string& stored, const std::string& password) {
  if (!stored.starts_with(kPasswordHashHead) ||
      crypto_pwhash_str_verify(stored.c_str(), password.data(), password.size()) != 0)
    return fail(wrong_passphrase, "password", "is not the one that was stored");
  return std::string();
}

class PasswordWorker final : public PasswordHasher {
 public:
  explicit PasswordWorker(boost::asio::io_context& loop) : worker_(loop) {}

  void hash(std::string password, std::function<void(Result<std::string>)> done) override {
    const auto secret = std::make_shared<const Secret>(std::move(password));
    worker_.start([secret] { return hash_of(secret->text()); }, std::move(done));
  }

  void verify(std::string stored, std::string password, std::function<void(Answer)> done) override {
    const auto secret = std::make_shared<const Secret>(std::move(password));
    worker_.start([secret, stored = std::move(stored)] { return check(stored, secret->text()); },
                  [done = std::move(done)](const Result<std::string>& checked) {
                    if (checked) return done(Answer::right);
                    done(checked.error().code == hasher_busy ? Answer::busy : Answer::wrong);
                  });
  }

 private:
  Worker worker_;  // loop thread only
};

}  // namespace

Result<std::unique_ptr<PasswordHasher>> make_password_hasher(boost::asio::io_context& loop) {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  return std::make_unique<PasswordWorker>(loop);
}

}  // namespace meterseal::secrets::host
