#pragma once

// Error codes of the room secrets (640-649). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::secrets {

inline constexpr Code sodium_failed{640, ErrorClass::bug, "secrets_sodium_failed",
                                    "check that libsodium is installed as packaged"};
inline constexpr Code not_sealed{641, ErrorClass::refuse, "secrets_not_sealed",
                                 "choose a file that `Backup` of this program has made"};
inline constexpr Code wrong_passphrase{642, ErrorClass::refuse, "secrets_wrong_passphrase",
                                       "enter the passphrase with which the file was made; nobody can recover it"};
inline constexpr Code hasher_busy{643, ErrorClass::retry, "secrets_hasher_busy",
                                  "wait a few seconds: password checks are done one at a time"};

}  // namespace meterseal::secrets
