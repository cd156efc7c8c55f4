#include "trust/explain.hpp"

#include <algorithm>

#include "trust/errors.hpp"

namespace meterseal::trust {

namespace {

using Detail = Text<224>;

/// What a peer wrote, without control characters and without what could pass for another line or letter.
void add_printable(Detail& text, std::string_view hostile) {
  for (const char& c : hostile) text.add(c >= ' ' && c <= '~' ? std::string_view(&c, 1) : "?");
}

void add_time(Detail& text, UtcTime time) {
  const CivilTime t = civil_utc(time);
  const auto two = [&](std::string_view before, unsigned value) {
    text.add(before).add(value < 10 ? "0" : "").add_uint(value);
  };
  text.add_int(t.date.year);
  two("-", t.date.month);
  two("-", t.date.day);
  two("T", t.hour);
  two(":", t.minute);
  two(":", t.second);
  text.add("Z");
}

std::string_view name_of(KeyType type) {
  switch (type) {
    case KeyType::rsa: return "RSA";
    case KeyType::ec: return "EC";
    case KeyType::ed25519: return "Ed25519";
    case KeyType::ed448: return "Ed448";
    case KeyType::dsa: return "DSA";
    case KeyType::other: return "an unknown kind";
  }
  return {};
}

std::string_view name_of(Digest digest) {
  switch (digest) {
    case Digest::none: return "no digest";
    case Digest::md5: return "MD5";
    case Digest::sha1: return "SHA-1";
    case Digest::sha224: return "SHA-224";
    case Digest::sha256: return "SHA-256";
    case Digest::sha384: return "SHA-384";
    case Digest::sha512: return "SHA-512";
    case Digest::other: return "an unknown digest";
  }
  return {};
}

std::string_view meaning_of(StapleState state) {
  switch (state) {
    case StapleState::pending:
    case StapleState::absent: return "is missing";
    case StapleState::good: return "was good and has ended";
    case StapleState::revoked: return "says revoked";
    case StapleState::unknown: return "does not know the certificate";
    case StapleState::stale: return "is out of date";
    case StapleState::foreign: return "is about another certificate";
    case StapleState::bad_signature: return "is not signed by the issuer";
    case StapleState::malformed: return "is malformed";
    case StapleState::unchecked: return "could not be checked";
  }
  return {};
}

/// The commonest wrong 20 bytes: `openssl x509 -fingerprint` without -sha256.
bool is_sha1_of(const Pin& pin, const Facts& facts) {
  return pin.kind == PinKind::tasmota_key &&
         std::equal(facts.certificate_sha1.begin(), facts.certificate_sha1.end(), pin.digest.begin());
}

Detail mismatch(const Policy& policy, const Lineage& lineage, const Facts& facts) {
  Detail text;
  const auto pins = pins_in_force(policy, lineage);
  const bool mistaken =
      std::any_of(pins.begin(), pins.end(), [&](const PinInForce& p) { return is_sha1_of(p.pin, facts); });
  if (mistaken) {
    text.add("the pin is the certificate's SHA-1 fingerprint and not Tasmota's digest of the key");
  } else {
    text.add(pins.size() > 1 ? "no pin fits, slot 1: " : "expected ");
    if (!pins.empty()) text.add(format_pin(pins[0].pin));
  }
  return text;
}

void add_chain(Detail& text, std::string_view what, const Facts& facts) {
  text.add(what);
  if (facts.chain_detail.empty()) return;
  text.add(": ");
  add_printable(text, facts.chain_detail);
}

/// Without the served fingerprint, which explain() adds.
Detail fault(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason) {
  Detail text;
  switch (reason) {
    case Reason::certificate_malformed: add_chain(text, "the certificate is malformed", facts); break;
    case Reason::chain_too_large: add_chain(text, "the list of certificates is too long", facts); break;
    case Reason::weak_key:
      text.add("the key is ").add(name_of(facts.key_type)).add(" of ").add_uint(facts.key_bits).add(" bits");
      break;
    case Reason::weak_signature:
      text.add("the certificate is signed with ").add(name_of(facts.signature_digest));
      break;
    case Reason::pin_mismatch: return mismatch(policy, lineage, facts);
    case Reason::no_pin_set: text.add("no fingerprint is set"); break;
    case Reason::unconfirmed: text.add("learned, and confirmed by no person"); break;
    case Reason::learn_conflict:
      text.add("another one was learned");
      if (lineage.learned) text.add(": ").add(format_sha256(lineage.learned->certificate));
      break;
    case Reason::expired:
      text.add("the certificate has expired, it was valid until ");
      add_time(text, facts.not_after);
      break;
    case Reason::not_yet_valid:
      text.add("the certificate is valid from ");
      add_time(text, facts.not_before);
      break;
    case Reason::self_signed: add_chain(text, "the certificate is self-signed", facts); break;
    case Reason::unknown_issuer: add_chain(text, "no known CA signed the certificate", facts); break;
    case Reason::missing_intermediate: add_chain(text, "an intermediate certificate is missing", facts); break;
    case Reason::bad_chain: add_chain(text, "the chain does not hold", facts); break;
    case Reason::revoked: add_chain(text, "the certificate is revoked", facts); break;
    case Reason::crl_missing: add_chain(text, "there is no current CRL", facts); break;
    case Reason::wrong_purpose: text.add("the certificate is not for TLS servers"); break;
    case Reason::name_mismatch:
      text.add(facts.names.empty() ? "the certificate names no host" : "the certificate is for ");
      add_printable(text, facts.names);
      break;
    case Reason::staple_missing: text.add("the certificate demands an OCSP staple and there is none"); break;
    case Reason::staple_bad: text.add("the stapled OCSP answer ").add(meaning_of(facts.staple)); break;
  }
  return text;
}

}  // namespace

Text<224> explain(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason) {
  constexpr std::size_t kServed = 9 + 95;  // "; served " and the fingerprint are never cut
  const Detail what = fault(policy, lineage, facts, reason);
  const std::string_view kept = what.view().substr(0, Detail::capacity() - kServed);
  return Detail(kept).add("; served ").add(format_sha256(facts.certificate));
}

Text<160> remedy_of(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason) {
  if (reason == Reason::pin_mismatch || reason == Reason::no_pin_set) {
    return Text<160>("only if the broker's own certificate shows it")
        .add(policy.are_pins_declared ? ", in the file: " : ": MqttFingerprint1 ")
        .add(format_sha256(facts.certificate));
  }
  if (reason == Reason::unconfirmed && lineage.learned) {
    return Text<160>("if the broker's own certificate shows it: TlsConfirm ")
        .add(format_sha256(lineage.learned->certificate));
  }
  return {};
}

Error refusal(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason, std::string_view where) {
  return make_error(code_of(reason), where, explain(policy, lineage, facts, reason),
                    remedy_of(policy, lineage, facts, reason));
}

Error clock_refusal(const Facts& facts, std::string_view where) {
  return make_error(clock_unknown, where,
                    Detail("dates cannot be checked without a clock; served ").add(format_sha256(facts.certificate)));
}

}  // namespace meterseal::trust
