#pragma once

// What this device has recorded about the broker behind one host and port: which certificate and key each pin has stood
// for, what was learned, which pin was retired. Lives in the state directory; the declared pins live in the policy. A
// record is valid only while its pin is declared, whichever slot it stands in; one that is not any more is ignored, and
// dropped with the next change.
//
// Renewals are judged against it (judge.hpp) and written into it only after the peer has proved that it owns its key
// (remember_*). Pure; persistence: encode() and decode(), kept under "trust/<host>:<port>".
// Thread: values, loop thread.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/inline_vector.hpp"
#include "core/result.hpp"
#include "trust/policy.hpp"

namespace meterseal::trust {

/// What one pin has stood for.
struct SlotRecord {
  Pin declared;                  ///< the record is void when the policy's pin is another one
  Sha256 certificate{};          ///< the last one trusted through this pin
  Sha256 key{};                  ///< its public key
  std::optional<Sha256> anchor;  ///< the anchor key to which it verified when the pin was set; see same_ca
  bool is_key_pin = false;       ///< bare hex turned out to be the key's digest
  bool followed = false;         ///< `certificate` differs from the declared pin: a renewal was followed
  std::optional<UtcTime> since;  ///< when `certificate` was first trusted

  friend bool operator==(const SlotRecord&, const SlotRecord&) = default;
};

/// A fingerprint seen while learning.
struct Learned {
  Sha256 certificate{};  ///< the first one; never overwritten
  Sha256 key{};
  std::optional<Sha256> anchor;
  std::optional<UtcTime> seen;
  std::optional<Sha256> conflict;  ///< another one was seen since: confirmation fails until it is forgotten
  bool confirmed = false;          ///< by a person, or by Learn::automatic: it is a pin now

  friend bool operator==(const Learned&, const Learned&) = default;
};

struct Lineage {
  std::array<std::optional<SlotRecord>, 2> slots;
  bool swapped = false;         ///< slot 2 matched and was promoted: slot 1 of the policy is the former one now
  std::optional<Pin> previous;  ///< the pin that was promoted over: valid as long as it is declared, so until a person
                                ///< or a campaign clears or overwrites the slot in which it stands now
  std::optional<Learned> learned;

  friend bool operator==(const Lineage&, const Lineage&) = default;
};

/// A pin that counts now, in the order in which it is compared and shown.
struct PinInForce {
  Pin pin;
  std::uint8_t slot = 1;    ///< 1 or 2, as MqttFingerprint1 and 2 show it: after a promotion the other way round
  bool is_learned = false;  ///< nothing is declared; it was learned and confirmed
  bool is_former = false;   ///< it was promoted over
};
[[nodiscard]] InlineVector<PinInForce, 2> pins_in_force(const Policy& policy, const Lineage& lineage);
/// What `pin` has stood for. A learned pin has its record from the moment it was learned.
[[nodiscard]] std::optional<SlotRecord> record_of(const Lineage& lineage, const Pin& pin);

[[nodiscard]] std::string encode(const Lineage& lineage);
/// @return trust::lineage_damaged; the caller then starts with an empty one and says so
[[nodiscard]] Result<Lineage> decode_lineage(std::string_view text);

}  // namespace meterseal::trust
