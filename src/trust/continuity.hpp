#pragma once

// What is remembered about a peer once it has proved who it is. Nothing here runs before the handshake has finished
// (possession of the key is proved then), and what changes a pin's meaning (following a renewal, promoting slot 2)
// runs only after CONNACK 0: a broker that refuses us is not the successor of ours.
// Pure; the caller keeps the returned lineage durably before it relies on it. Thread: loop thread.

#include <cstdint>
#include <optional>

#include "core/inline_vector.hpp"
#include "trust/verdict.hpp"

namespace meterseal::trust {

enum class TrustEventKind : std::uint8_t {
  pin_matched_first_time,  ///< kind and anchor of the pin are recorded now
  followed_same_key,
  followed_same_ca,
  promoted_slot_2,
  flipped_back,  ///< the former pin is served again
  learned,       ///< unconfirmed
  learned_automatically,
  learn_conflict,
};
struct TrustEvent {
  TrustEventKind kind;
  Text<224> text;  ///< for log and alarm: both fingerprints
};
struct Remembered {
  Lineage lineage;
  InlineVector<TrustEvent, 4> events;
};

/// After the handshake, for a Learnable peer. Judged again: policy or lineage may have changed since.
[[nodiscard]] Remembered remember_learned(const Policy& policy, const Lineage& lineage, const Facts& facts);
/// After CONNACK 0. @param trusted  the proof that this peer was trusted; judged again as above, so that a pin that was
/// set meanwhile gets no record of a broker that it never matched
[[nodiscard]] Remembered remember_accepted(const Policy& policy, const Lineage& lineage, const Trusted& trusted,
                                           const Facts& facts);

/// The latest moment that a trusted peer shows to be past: its certificate was made, or news of its revocation was
/// signed, not before. The clock's floor (core/host/system_clock.hpp) may rise to it. Never later than the clock
/// itself, so that a certificate dated into the future by mistake does not make a right clock a wrong one.
/// @return nullopt: the clock is not known, or the certificate is not valid yet
[[nodiscard]] std::optional<UtcTime> proven_time(const Facts& facts);

/// TlsConfirm: `shown` must be the learned value, and no other one may have been seen since.
/// @return trust::nothing_learned, trust::confirm_mismatch, trust::learn_conflict_open
[[nodiscard]] Result<Lineage> confirm_learned(Lineage lineage, const Sha256& shown);

}  // namespace meterseal::trust
