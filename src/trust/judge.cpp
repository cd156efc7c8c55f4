// Modes, pins and renewal rules: docs/trust.md holds the same as tables, docs/machines/trust_policy.txt every case.

#include <algorithm>

#include "trust/checks.hpp"
#include "trust/errors.hpp"
#include "trust/verdict.hpp"

namespace meterseal::trust {

namespace {

/// How the peer was recognised.
struct Match {
  TrustedBy by;
  std::uint8_t slot;
  bool is_direct;  ///< the pin itself, not by a renewal rule
};

struct Passed {
  Match match;
  bool outside_dates;
};
using Decision = std::variant<Passed, Learnable, Refused, ClockUnknown>;

std::optional<TrustedBy> direct_match(const Pin& pin, const Facts& facts) {
  switch (pin.kind) {
    case PinKind::certificate_or_key:
      if (pin.digest == facts.certificate) return TrustedBy::pin_certificate;
      if (pin.digest == facts.key) return TrustedBy::pin_key;
      return std::nullopt;
    case PinKind::key:
      if (pin.digest == facts.key) return TrustedBy::pin_key;
      return std::nullopt;
    case PinKind::tasmota_key:
      if (facts.tasmota_key && std::equal(facts.tasmota_key->begin(), facts.tasmota_key->end(), pin.digest.begin())) {
        return TrustedBy::pin_tasmota_key;
      }
      return std::nullopt;
  }
  return std::nullopt;
}

/// Whether the pin follows to a certificate that it does not match itself. Only what says *who* the peer is counts
/// here; dates, clock and staple are judged afterwards, under their own names.
std::optional<TrustedBy> renewal_match(const Policy& policy, const SlotRecord& record, const Facts& facts) {
  switch (policy.renewal) {
    case Renewal::manual: return std::nullopt;
    case Renewal::same_key:
      if (facts.key == record.key) return TrustedBy::same_key;
      return std::nullopt;
    case Renewal::same_ca:
      // Together with ca+fingerprint it would say nothing that the CA does not say already.
      if (policy.mode != Mode::fingerprint) return std::nullopt;
      if (record.anchor && facts.anchor == record.anchor && facts.chain == ChainState::good && facts.name_matches &&
          facts.server_purpose) {
        return TrustedBy::same_ca;
      }
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Match> match_of(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  const auto pins = pins_in_force(policy, lineage);
  for (const PinInForce& in_force : pins) {
    const auto by = direct_match(in_force.pin, facts);
    if (by && in_force.is_learned) return Match{TrustedBy::learned, 0, true};
    if (by) return Match{*by, in_force.slot, true};
  }
  for (const PinInForce& in_force : pins) {
    const auto record = record_of(lineage, in_force.pin);
    if (!record) continue;
    const auto by = renewal_match(policy, *record, facts);
    if (by) return Match{*by, in_force.is_learned ? std::uint8_t{0} : in_force.slot, false};
  }
  return std::nullopt;
}

/// Nothing in force matches.
Decision without_match(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  if (!pins_in_force(policy, lineage).empty()) return Refused{Reason::pin_mismatch};
  if (policy.mode != Mode::fingerprint || policy.learn == Learn::off) return Refused{Reason::no_pin_set};
  if (lineage.learned) {
    if (lineage.learned->conflict) return Refused{Reason::learn_conflict};
    const bool seen_before = facts.certificate == lineage.learned->certificate;
    // Another one must prove that it owns its key before it counts as a conflict.
    if (seen_before && policy.learn == Learn::confirm) return Refused{Reason::unconfirmed};
  }
  return Learnable{};
}

Decision decide(const Policy& policy, const Lineage& lineage, const Facts& facts, Step step) {
  if (const auto fault = strength_fault(facts)) return Refused{*fault};

  Decision decision = Passed{Match{TrustedBy::ca, 0, false}, false};
  bool dates_are_a_matter_of_policy = false;
  bool chain_matters = true;
  switch (policy.mode) {
    case Mode::off: return Refused{Reason::no_pin_set};  // plaintext has no peer to judge: whoever asks is lost
    case Mode::ca: break;
    case Mode::fingerprint:
    case Mode::ca_fingerprint: {
      const auto match = match_of(policy, lineage, facts);
      decision = match ? Decision(Passed{*match, false}) : without_match(policy, lineage, facts);
      if (std::holds_alternative<Refused>(decision)) return decision;
      dates_are_a_matter_of_policy = policy.mode == Mode::fingerprint && (!match || match->is_direct);
      chain_matters = policy.mode == Mode::ca_fingerprint || (match && match->by == TrustedBy::same_ca);
      break;
    }
  }

  const bool tolerates_dates = dates_are_a_matter_of_policy && policy.expired == ExpiredRule::warn;
  if (!facts.now && !tolerates_dates) return ClockUnknown{};
  const auto date = facts.now ? date_fault(facts, *facts.now) : std::nullopt;
  if (date && !tolerates_dates) return Refused{*date};
  if (chain_matters) {
    if (const auto fault = chain_fault(facts, step)) return Refused{*fault};
  }

  if (auto* passed = std::get_if<Passed>(&decision)) {
    passed->outside_dates = date.has_value();
    if (policy.mode == Mode::ca_fingerprint && passed->match.is_direct) passed->match.by = TrustedBy::ca_and_pin;
  }
  return decision;
}

}  // namespace

CertificateVerdict judge_certificate(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  const Decision decision = decide(policy, lineage, facts, Step::certificate);
  if (const auto* refused = std::get_if<Refused>(&decision)) return *refused;
  if (std::holds_alternative<ClockUnknown>(decision)) return ClockUnknown{};
  if (std::holds_alternative<Learnable>(decision)) return Learnable{};
  return Acceptable{};
}

Verdict judge(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  const Decision decision = decide(policy, lineage, facts, Step::peer);
  if (const auto* refused = std::get_if<Refused>(&decision)) return *refused;
  if (std::holds_alternative<ClockUnknown>(decision)) return ClockUnknown{};
  if (std::holds_alternative<Learnable>(decision)) return Learnable{};
  const auto& passed = std::get<Passed>(decision);
  return Trusted(passed.match.by, passed.match.slot, passed.outside_dates);
}

const Code& code_of(Reason reason) {
  switch (reason) {
    case Reason::certificate_malformed: return certificate_malformed;
    case Reason::chain_too_large: return chain_too_large;
    case Reason::weak_key: return weak_key;
    case Reason::weak_signature: return weak_signature;
    case Reason::pin_mismatch: return pin_mismatch;
    case Reason::no_pin_set: return no_pin_set;
    case Reason::unconfirmed: return unconfirmed;
    case Reason::learn_conflict: return learn_conflict;
    case Reason::expired: return expired;
    case Reason::not_yet_valid: return not_yet_valid;
    case Reason::self_signed: return self_signed;
    case Reason::unknown_issuer: return unknown_issuer;
    case Reason::missing_intermediate: return missing_intermediate;
    case Reason::bad_chain: return bad_chain;
    case Reason::revoked: return revoked;
    case Reason::crl_missing: return crl_missing;
    case Reason::wrong_purpose: return wrong_purpose;
    case Reason::name_mismatch: return name_mismatch;
    case Reason::staple_missing: return staple_missing;
    case Reason::staple_bad: return staple_bad;
  }
  return bad_chain;
}

}  // namespace meterseal::trust
