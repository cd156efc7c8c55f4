#include "trust/continuity.hpp"

#include <algorithm>

#include "trust/checks.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {

namespace {

using PinsInForce = InlineVector<PinInForce, 2>;

bool has_declared_pin(const Policy& policy) {
  return policy.pins[0] || policy.pins[1];
}

std::optional<Sha256> anchor_of(const Facts& facts) {
  return verifies_to_an_anchor(facts) ? facts.anchor : std::nullopt;
}

Text<224> from_to(std::string_view what, std::string_view from, std::string_view to) {
  return Text<224>(what).add(": ").add(from).add(" -> ").add(to);
}
Text<224> from_to(std::string_view what, const Sha256& from, const Sha256& to) {
  return from_to(what, format_sha256(from).view(), format_sha256(to).view());
}

/// Drops what belongs to pins that do not count any more.
void forget_the_rest(const Policy& policy, const PinsInForce& pins, Lineage& lineage) {
  const auto counts = [&](const Pin& pin) {
    return std::any_of(pins.begin(), pins.end(), [&](const PinInForce& p) { return p.pin == pin; });
  };
  for (auto& slot : lineage.slots) {
    if (slot && !counts(slot->declared)) slot.reset();
  }
  if (lineage.previous && !counts(*lineage.previous)) {
    lineage.previous.reset();
    lineage.swapped = false;
  }
  // A pin was set since: what was learned before it must not come back to life when that pin is cleared.
  if (has_declared_pin(policy)) lineage.learned.reset();
}

/// The place of a pin's record. One is free: at most two pins count, and the records of all others are gone.
SlotRecord& place_for(Lineage& lineage, const Pin& pin) {
  for (auto& slot : lineage.slots) {
    if (slot && slot->declared == pin) return *slot;
  }
  auto& free = lineage.slots[0] ? lineage.slots[1] : lineage.slots[0];
  return free.emplace();
}

SlotRecord first_record(const Pin& pin, const Facts& facts) {
  SlotRecord record;
  record.declared = pin;
  record.certificate = facts.certificate;
  record.key = facts.key;
  record.is_key_pin = pin.digest != facts.certificate;
  record.since = facts.now;
  return record;
}

TrustEvent first_match(const SlotRecord& record) {
  Text<224> text("pin ");
  text.add(format_pin(record.declared))
      .add(record.is_key_pin ? " is the broker's key" : " is the broker's certificate");
  if (record.anchor) text.add("; its chain verifies, so renewal = \"same-ca\" could follow a new key");
  return {TrustEventKind::pin_matched_first_time, text};
}

/// Another certificate than the one recorded was trusted through this pin.
TrustEvent update(SlotRecord& record, TrustedBy by, const Facts& facts) {
  TrustEvent event{TrustEventKind::followed_same_key,
                   from_to("renewed with the same key", record.certificate, facts.certificate)};
  if (by == TrustedBy::same_ca) {
    event = {TrustEventKind::followed_same_ca,
             from_to("renewed under the same CA", record.certificate, facts.certificate)};
  } else if (by != TrustedBy::same_key && record.followed) {
    event = {TrustEventKind::flipped_back,
             from_to("former certificate is back", record.certificate, facts.certificate)};
  }
  record.certificate = facts.certificate;
  record.key = facts.key;
  record.followed = by == TrustedBy::same_ca || by == TrustedBy::same_key;
  record.since = facts.now;
  return event;
}

/// The slots change places; both pins stay in force.
TrustEvent promote(const Policy& policy, Lineage& lineage, const PinInForce& former, const PinInForce& matched) {
  lineage.previous = former.pin;
  lineage.swapped = policy.pins[1] == matched.pin;
  const Text<95> from = format_pin(former.pin);
  if (matched.is_former) {
    return {TrustEventKind::flipped_back, from_to("former pin is back", from.view(), format_pin(matched.pin).view())};
  }
  return {TrustEventKind::promoted_slot_2, from_to("successor served", from.view(), format_pin(matched.pin).view())};
}

/// What is recorded when `matched` was the pin by which the peer was recognised.
Remembered remember_match(const Policy& policy, const Lineage& lineage, const PinsInForce& pins,
                          const PinInForce& matched, TrustedBy by, const Facts& facts) {
  Remembered remembered{lineage, {}};
  const auto known = record_of(lineage, matched.pin);
  forget_the_rest(policy, pins, remembered.lineage);
  SlotRecord& record = place_for(remembered.lineage, matched.pin);
  record = known.value_or(first_record(matched.pin, facts));
  // The pin itself was served: whatever this very certificate verifies to is the anchor of the pin. (A record that
  // same-ca follows has one.)
  if (by != TrustedBy::same_key && !record.anchor) record.anchor = anchor_of(facts);
  if (!known) remembered.events.push_back(first_match(record));
  if (record.certificate != facts.certificate) remembered.events.push_back(update(record, by, facts));
  if (matched.slot == 2 && pins.size() == 2) {
    remembered.events.push_back(promote(policy, remembered.lineage, pins[0], matched));
  }
  return remembered;
}

}  // namespace

Remembered remember_learned(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  Remembered remembered{lineage, {}};
  if (!std::holds_alternative<Learnable>(judge(policy, lineage, facts))) return remembered;
  auto& learned = remembered.lineage.learned;
  if (learned && learned->certificate != facts.certificate) {
    learned->conflict = facts.certificate;
    remembered.events.push_back(
        {TrustEventKind::learn_conflict, from_to("another one than learned", learned->certificate, facts.certificate)});
    return remembered;
  }
  if (!learned) learned = Learned{facts.certificate, facts.key, anchor_of(facts), facts.now, std::nullopt, false};
  learned->confirmed = policy.learn == Learn::automatic;
  remembered.events.push_back({learned->confirmed ? TrustEventKind::learned_automatically : TrustEventKind::learned,
                               Text<224>("learned ").add(format_sha256(facts.certificate))});
  return remembered;
}

Remembered remember_accepted(const Policy& policy, const Lineage& lineage, const Trusted&, const Facts& facts) {
  const Verdict verdict = judge(policy, lineage, facts);
  const auto* trusted = std::get_if<Trusted>(&verdict);
  if (trusted != nullptr && trusted->by() != TrustedBy::ca) {
    const PinsInForce pins = pins_in_force(policy, lineage);
    for (const PinInForce& pin : pins) {
      const std::uint8_t slot = pin.is_learned ? 0 : pin.slot;
      if (slot == trusted->slot()) return remember_match(policy, lineage, pins, pin, trusted->by(), facts);
    }
  }
  return {lineage, {}};
}

std::optional<UtcTime> proven_time(const Facts& facts) {
  if (!facts.now || facts.not_before > *facts.now) return std::nullopt;
  if (facts.not_revoked_at && *facts.not_revoked_at <= *facts.now) {
    return std::max(facts.not_before, *facts.not_revoked_at);
  }
  return facts.not_before;
}

Result<Lineage> confirm_learned(Lineage lineage, const Sha256& shown) {
  auto& learned = lineage.learned;
  if (!learned) return fail(nothing_learned, "fingerprint", "none was learned from this broker");
  if (learned->conflict) {
    return fail(learn_conflict_open, "fingerprint",
                from_to("two were served", learned->certificate, *learned->conflict));
  }
  if (learned->certificate != shown) {
    return fail(confirm_mismatch, "fingerprint", from_to("not the learned one", shown, learned->certificate));
  }
  learned->confirmed = true;
  return lineage;
}

}  // namespace meterseal::trust
