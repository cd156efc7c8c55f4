#pragma once

// libsodium behind the interfaces of secrets/: randomness and BLAKE2b, Argon2id and XChaCha20-Poly1305 on workers. The
// only room that includes sodium.h. Errors: secrets::sodium_failed.

#include <memory>

#include "secrets/cryptography.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::secrets::host {

[[nodiscard]] Result<std::unique_ptr<Cryptography>> make_cryptography();

/// One runs, at most 4 wait. Destroying it waits for the one that runs. @param loop  must outlive it
[[nodiscard]] Result<std::unique_ptr<PasswordHasher>> make_password_hasher(boost::asio::io_context& loop);
/// Same.
[[nodiscard]] Result<std::unique_ptr<PassphraseSealer>> make_passphrase_sealer(boost::asio::io_context& loop);

}  // namespace meterseal::secrets::host
