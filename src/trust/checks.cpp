#include "trust/checks.hpp"

namespace meterseal::trust {

namespace {

/// @source RFC 9325, section 4.5; NIST SP 800-57 part 1, table 2 (112 bits of security). OpenSSL's level 2 is the same.
constexpr std::uint32_t kFewestRsaBits = 2048;
constexpr std::uint32_t kFewestEcBits = 224;

bool is_weak_key(const Facts& facts) {
  switch (facts.key_type) {
    case KeyType::rsa: return facts.key_bits < kFewestRsaBits;
    case KeyType::ec: return facts.key_bits < kFewestEcBits;
    case KeyType::ed25519:
    case KeyType::ed448: return false;
    case KeyType::dsa:
    case KeyType::other: return true;
  }
  return true;
}

bool is_weak_digest(Digest digest) {
  switch (digest) {
    case Digest::none:
    case Digest::sha224:
    case Digest::sha256:
    case Digest::sha384:
    case Digest::sha512: return false;
    case Digest::md5:
    case Digest::sha1:
    case Digest::other: return true;
  }
  return true;
}

std::optional<Reason> issuer_fault(ChainState chain) {
  switch (chain) {
    case ChainState::good: return std::nullopt;
    case ChainState::self_signed: return Reason::self_signed;
    case ChainState::unknown_issuer: return Reason::unknown_issuer;
    case ChainState::missing_intermediate: return Reason::missing_intermediate;
    case ChainState::revoked: return Reason::revoked;
    case ChainState::crl_missing: return Reason::crl_missing;
    case ChainState::malformed: return Reason::certificate_malformed;
    case ChainState::too_large: return Reason::chain_too_large;
    case ChainState::unchecked:  // nobody looked at what this mode rests on
    case ChainState::bad_signature:
    case ChainState::not_a_ca:
    case ChainState::path_too_long:
    case ChainState::expired_issuer:
    case ChainState::weak_issuer:
    case ChainState::constraint_violated:
    case ChainState::unknown_critical_extension:
    case ChainState::other: return Reason::bad_chain;
  }
  return Reason::bad_chain;
}

std::optional<Reason> staple_fault(const Facts& facts, Step step) {
  switch (facts.staple) {
    case StapleState::pending:
      if (step == Step::certificate) return std::nullopt;
      return Reason::staple_missing;
    case StapleState::absent:
      if (!facts.must_staple) return std::nullopt;
      return Reason::staple_missing;
    case StapleState::good:
      // It was in date when it came; a resumed session is judged again later.
      if (facts.staple_until && facts.now && *facts.now > *facts.staple_until) return Reason::staple_bad;
      return std::nullopt;
    case StapleState::revoked: return Reason::revoked;
    case StapleState::unknown:
    case StapleState::stale:
    case StapleState::foreign:
    case StapleState::bad_signature:
    case StapleState::malformed:
    case StapleState::unchecked: return Reason::staple_bad;
  }
  return Reason::staple_bad;
}

}  // namespace

std::optional<Reason> strength_fault(const Facts& facts) {
  if (facts.chain == ChainState::malformed) return Reason::certificate_malformed;
  if (facts.chain == ChainState::too_large) return Reason::chain_too_large;
  if (is_weak_key(facts)) return Reason::weak_key;
  if (is_weak_digest(facts.signature_digest)) return Reason::weak_signature;
  return std::nullopt;
}

std::optional<Reason> date_fault(const Facts& facts, UtcTime now) {
  if (now - seconds{1} >= facts.not_after) return Reason::expired;
  if (now < facts.not_before) return Reason::not_yet_valid;
  return std::nullopt;
}

std::optional<Reason> chain_fault(const Facts& facts, Step step) {
  const auto when = [](bool holds, Reason reason) { return holds ? std::optional(reason) : std::nullopt; };
  std::optional<Reason> first;
  for (const auto& fault : {issuer_fault(facts.chain), when(!facts.server_purpose, Reason::wrong_purpose),
                            when(!facts.name_matches, Reason::name_mismatch), staple_fault(facts, step)}) {
    if (fault && (!first || *fault < *first)) first = fault;
  }
  return first;
}

bool verifies_to_an_anchor(const Facts& facts) {
  return facts.anchor && facts.now && !strength_fault(facts) && !date_fault(facts, *facts.now) &&
         !chain_fault(facts, Step::peer);
}

}  // namespace meterseal::trust
