#pragma once

// libsodium behind the interfaces of secrets/: randomness and BLAKE2b, Argon2id on a worker, XChaCha20-Poly1305 with
// the key of this device. The only room that includes sodium.h.
//
// The device's key is 32 random bytes in secret.key of the state directory, mode 0600, made at the first start. It
// protects a copy of the database and a backup, not a machine whose root is hostile.

#include <memory>
#include <string>

#include "secrets/cryptography.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::secrets::host {

/// @return secrets::sodium_failed
[[nodiscard]] Result<std::unique_ptr<Cryptography>> make_cryptography();

/// At most 4 wait, one runs, on a short-lived thread that posts back. Destroying it waits for the one that runs.
/// @param loop  must outlive it
[[nodiscard]] Result<std::unique_ptr<PasswordHasher>> make_password_hasher(boost::asio::io_context& loop);

/// Reads the key of the state directory, or makes it when there is none.
/// @return secrets::key_unusable: it is there and cannot be read, which is never answered by a new one
[[nodiscard]] Result<std::unique_ptr<Sealer>> make_sealer(const std::string& state_directory);

}  // namespace meterseal::secrets::host
