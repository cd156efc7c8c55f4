#pragma once

// Error codes of the room secrets (640-649). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::secrets {

inline constexpr Code sodium_failed{640, ErrorClass::bug, "secrets_sodium_failed",
                                    "check that libsodium is installed as packaged"};
inline constexpr Code key_unusable{641, ErrorClass::refuse, "secrets_key_unusable",
                                   "restore secret.key of the state directory, or set the stored passwords again"};
inline constexpr Code seal_broken{642, ErrorClass::security, "secrets_seal_broken",
                                  "set this password again: what was stored is damaged or was sealed elsewhere"};
inline constexpr Code hasher_busy{643, ErrorClass::retry, "secrets_hasher_busy",
                                  "wait a few seconds: password checks are done one at a time"};

}  // namespace meterseal::secrets
