// The policy as tables: what was meant, written by hand, and compared with the code over the whole product of
// situations, settings and faults. docs/machines/trust_policy.txt shows the same tables as the code fills them.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "support/golden.hpp"
#include "support/trust_world.hpp"

namespace meterseal::trust {
namespace {

using test::bare_pin;
using test::digest;
using test::kAnchor;
using test::kCertificate;
using test::key_pin;
using test::kKey;
using test::kOther;
using test::kSha1OfCertificate;
using test::kTasmota;
using test::record;
using test::tasmota_pin;
using test::text_of;
using test::the;

/// Everything that is judged.
struct Case {
  Policy policy;
  Lineage lineage;
  Facts facts = test::broker_facts();
};

/// 1. Who is it? The answers without any fault, in the modes `fingerprint` and `ca+fingerprint`. Mode `ca` takes no
/// interest in pins: always "ca 0".
struct Situation {
  const char* sentence;
  void (*arrange)(Case&);
  /// By renewal rule: manual, same_key, same_ca.
  std::array<const char*, 3> fingerprint;
  std::array<const char*, 3> ca_fingerprint;
};

// A pin that matched certificate kOther with key kOther + 1 before, and that this broker does not serve any more.
void former_pin(Case& c) {
  c.policy.pins[0] = bare_pin(kOther);
  c.lineage.slots[0] = record(bare_pin(kOther), kOther, kOther + 1);
}
void former_pin_same_key(Case& c) {
  c.policy.pins[0] = bare_pin(kOther);
  c.lineage.slots[0] = record(bare_pin(kOther), kOther, kKey, std::nullopt);
}
void learned(Case& c, std::uint8_t certificate, std::uint8_t key) {
  c.lineage.learned = Learned{digest(certificate), digest(key), digest(kAnchor), test::utc(2026, 1, 2), {}, false};
}
void confirmed(Case& c, std::uint8_t certificate, std::uint8_t key) {
  learned(c, certificate, key);
  the(c.lineage.learned).confirmed = true;
}

#define ALL(verdict) {verdict, verdict, verdict}

const Situation kSituations[] = {
    {"the pin is the certificate", [](Case& c) { c.policy.pins[0] = bare_pin(kCertificate); }, ALL("pin_certificate 1"),
     ALL("ca_and_pin 1")},
    {"the pin is the key, as bare hex", [](Case& c) { c.policy.pins[0] = bare_pin(kKey); }, ALL("pin_key 1"),
     ALL("ca_and_pin 1")},
    {"the pin is the key, as sha256//", [](Case& c) { c.policy.pins[0] = key_pin(kKey); }, ALL("pin_key 1"),
     ALL("ca_and_pin 1")},
    {"the pin is a key and equals the certificate", [](Case& c) { c.policy.pins[0] = key_pin(kCertificate); },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"the pin is Tasmota's digest of the key", [](Case& c) { c.policy.pins[0] = tasmota_pin(kTasmota); },
     ALL("pin_tasmota_key 1"), ALL("ca_and_pin 1")},
    {"Tasmota's digest, of another key", [](Case& c) { c.policy.pins[0] = tasmota_pin(kOther); },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"Tasmota's digest, and the key has none",
     [](Case& c) {
       c.policy.pins[0] = tasmota_pin(kTasmota);
       c.facts.tasmota_key.reset();
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"20 bytes that are the certificate's SHA-1", [](Case& c) { c.policy.pins[0] = tasmota_pin(kSha1OfCertificate); },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"the certificate is slot 2", [](Case& c) { c.policy.pins = {bare_pin(kOther), bare_pin(kCertificate)}; },
     ALL("pin_certificate 2"), ALL("ca_and_pin 2")},
    {"only slot 2 is set", [](Case& c) { c.policy.pins[1] = bare_pin(kCertificate); }, ALL("pin_certificate 2"),
     ALL("ca_and_pin 2")},
    {"both slots fit", [](Case& c) { c.policy.pins = {bare_pin(kKey), bare_pin(kCertificate)}; }, ALL("pin_key 1"),
     ALL("ca_and_pin 1")},
    {"slot 2 was promoted and is served",
     [](Case& c) {
       former_pin(c);
       c.policy.pins[1] = bare_pin(kCertificate);
       c.lineage.slots[1] = record(bare_pin(kCertificate), kCertificate, kKey);
       c.lineage.previous = bare_pin(kOther);
       c.lineage.swapped = true;
     },
     ALL("pin_certificate 1"), ALL("ca_and_pin 1")},
    {"slot 2 was promoted and the former pin is served",
     [](Case& c) {
       c.policy.pins = {bare_pin(kCertificate), bare_pin(kOther)};
       c.lineage.slots[0] = record(bare_pin(kCertificate), kCertificate, kKey);
       c.lineage.slots[1] = record(bare_pin(kOther), kOther, kOther + 1);
       c.lineage.previous = bare_pin(kCertificate);
       c.lineage.swapped = true;
     },
     ALL("pin_certificate 2"), ALL("ca_and_pin 2")},
    {"the former pin was taken out and is served",
     [](Case& c) {
       c.policy.pins[0] = bare_pin(kOther);
       c.lineage.slots[0] = record(bare_pin(kOther), kOther, kOther + 1, std::nullopt);
       c.lineage.previous = bare_pin(kCertificate);
       c.lineage.swapped = true;
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"another certificate than the pin, which never matched", [](Case& c) { c.policy.pins[0] = bare_pin(kOther); },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"renewed, new key, other anchor, before the pin's record",
     [](Case& c) {
       former_pin(c);
       c.facts.anchor = digest(kOther + 2);
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"renewed with the same key",
     former_pin_same_key,
     {"Refused pin_mismatch", "same_key 1", "Refused pin_mismatch"},
     {"Refused pin_mismatch", "same_key 1", "Refused pin_mismatch"}},
    {"renewed with the same key, slot 2",
     [](Case& c) {
       c.policy.pins = {bare_pin(kOther + 2), bare_pin(kOther)};
       c.lineage.slots[1] = record(bare_pin(kOther), kOther, kKey, std::nullopt);
     },
     {"Refused pin_mismatch", "same_key 2", "Refused pin_mismatch"},
     {"Refused pin_mismatch", "same_key 2", "Refused pin_mismatch"}},
    {"renewed with the same key, and slot 2 is it",
     [](Case& c) {
       former_pin_same_key(c);
       c.policy.pins[1] = bare_pin(kCertificate);
     },
     ALL("pin_certificate 2"), ALL("ca_and_pin 2")},
    {"the record belongs to a pin that was replaced",
     [](Case& c) {
       former_pin_same_key(c);
       c.policy.pins[0] = bare_pin(kOther + 2);
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"renewed with a new key under the same anchor",
     former_pin,
     {"Refused pin_mismatch", "Refused pin_mismatch", "same_ca 1"},
     ALL("Refused pin_mismatch")},
    {"the same, the pin is a key",
     [](Case& c) {
       c.policy.pins[0] = key_pin(kOther);
       c.lineage.slots[0] = record(key_pin(kOther), kOther + 1, kOther);
     },
     {"Refused pin_mismatch", "Refused pin_mismatch", "same_ca 1"},
     ALL("Refused pin_mismatch")},
    {"the same, the pin never verified to an anchor",
     [](Case& c) {
       former_pin(c);
       the(c.lineage.slots[0]).anchor.reset();
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"the same, and no anchor now either",
     [](Case& c) {
       former_pin(c);
       the(c.lineage.slots[0]).anchor.reset();
       c.facts.anchor.reset();
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"a pin besides a confirmed learned one",
     [](Case& c) {
       confirmed(c, kCertificate, kKey);
       c.policy.pins[0] = bare_pin(kOther);
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"learned and confirmed", [](Case& c) { confirmed(c, kCertificate, kKey); }, ALL("learned 0"), ALL("ca_and_pin 0")},
    {"learned and confirmed, somebody else's key and anchor",
     [](Case& c) {
       confirmed(c, kOther, kOther + 1);
       the(c.lineage.learned).anchor = digest(kOther + 2);
     },
     ALL("Refused pin_mismatch"), ALL("Refused pin_mismatch")},
    {"learned and confirmed, renewed with the same key",
     [](Case& c) {
       confirmed(c, kOther, kKey);
       the(c.lineage.learned).anchor.reset();
     },
     {"Refused pin_mismatch", "same_key 0", "Refused pin_mismatch"},
     {"Refused pin_mismatch", "same_key 0", "Refused pin_mismatch"}},
    {"learned and confirmed, renewed with a new key, same anchor",
     [](Case& c) { confirmed(c, kOther, kOther + 1); },
     {"Refused pin_mismatch", "Refused pin_mismatch", "same_ca 0"},
     ALL("Refused pin_mismatch")},
};

/// The same where no pin counts, by learning: off, confirm, automatic. In ca+fingerprint nothing is learned.
const Situation kLearning[] = {
    {"nothing is set or learned",
     [](Case&) {},
     {"Refused no_pin_set", "Learnable", "Learnable"},
     ALL("Refused no_pin_set")},
    {"learned, and served again",
     [](Case& c) { learned(c, kCertificate, kKey); },
     {"Refused no_pin_set", "Refused unconfirmed", "Learnable"},
     ALL("Refused no_pin_set")},
    {"learned, and another is served",
     [](Case& c) { learned(c, kOther, kOther + 1); },
     {"Refused no_pin_set", "Learnable", "Learnable"},
     ALL("Refused no_pin_set")},
    {"learned, and another certificate of that key",
     [](Case& c) { learned(c, kOther, kKey); },
     {"Refused no_pin_set", "Learnable", "Learnable"},
     ALL("Refused no_pin_set")},
    {"two were seen, the first is served",
     [](Case& c) {
       learned(c, kCertificate, kKey);
       the(c.lineage.learned).conflict = digest(kOther);
     },
     {"Refused no_pin_set", "Refused learn_conflict", "Refused learn_conflict"},
     ALL("Refused no_pin_set")},
    {"two were seen, the second is served",
     [](Case& c) {
       learned(c, kOther, kKey);
       the(c.lineage.learned).conflict = digest(kCertificate);
     },
     {"Refused no_pin_set", "Refused learn_conflict", "Refused learn_conflict"},
     ALL("Refused no_pin_set")},
};
#undef ALL

/// 2. What else is wrong, and does it matter? By how the peer was recognised. "-": not looked at. Anchored: `ca`,
/// `ca+fingerprint`, and what followed by `same-ca`. A chain, name or purpose that is wrong keeps `same-ca` from
/// applying: then it is a mismatch.
enum Column {
  direct,         ///< by the pin itself, or to be learned; expired = "warn"
  direct_strict,  ///< likewise, expired = "refuse"
  same_key,
  same_ca,
  anchored,
  kColumns
};
constexpr std::array<const char*, kColumns> kColumnNames{"direct", "direct, expired refused", "same-key", "same-ca",
                                                         "ca"};

struct Fault {
  const char* sentence;
  int field;  ///< faults of one field exclude each other
  void (*spoil)(Facts&);
  std::array<const char*, kColumns> expected;
};

enum Field {
  chain,
  key,
  signature,
  dates,
  purpose,
  name,
  staple
};

#define CHAIN(state) [](Facts& f) { f.chain = ChainState::state; }
#define STAPLE(state) [](Facts& f) { f.staple = StapleState::state; }
#define EVERY(reason) {reason, reason, reason, reason, reason}
#define ANCHORED(reason) {"-", "-", "-", "pin_mismatch", reason}
#define STAPLED(reason) {"-", "-", "-", reason, reason}

const Fault kFaults[] = {
    {"the certificate is malformed", chain, CHAIN(malformed), EVERY("certificate_malformed")},
    {"the list is too large", chain, CHAIN(too_large), EVERY("chain_too_large")},
    {"RSA of 2047 bits", key, [](Facts& f) { f.key_bits = 2047; }, EVERY("weak_key")},
    {"RSA of 0 bits", key, [](Facts& f) { f.key_bits = 0; }, EVERY("weak_key")},
    {"EC of 223 bits", key,
     [](Facts& f) {
       f.key_type = KeyType::ec;
       f.key_bits = 223;
     },
     EVERY("weak_key")},
    {"DSA of 3072 bits", key,
     [](Facts& f) {
       f.key_type = KeyType::dsa;
       f.key_bits = 3072;
     },
     EVERY("weak_key")},
    {"a key of unknown kind", key,
     [](Facts& f) {
       f.key_type = KeyType::other;
       f.key_bits = 4096;
     },
     EVERY("weak_key")},
    {"signed with MD5", signature, [](Facts& f) { f.signature_digest = Digest::md5; }, EVERY("weak_signature")},
    {"signed with SHA-1", signature, [](Facts& f) { f.signature_digest = Digest::sha1; }, EVERY("weak_signature")},
    {"signed with an unknown digest", signature, [](Facts& f) { f.signature_digest = Digest::other; },
     EVERY("weak_signature")},
    {"the clock is unknown", dates, [](Facts& f) { f.now.reset(); }, {"-", "clock", "clock", "clock", "clock"}},
    {"expired",
     dates,
     [](Facts& f) { f.not_after = test::utc(2026, 1, 31); },
     {"warn", "expired", "expired", "expired", "expired"}},
    {"not yet valid",
     dates,
     [](Facts& f) { f.not_before = test::utc(2026, 2, 2); },
     {"warn", "not_yet_valid", "not_yet_valid", "not_yet_valid", "not_yet_valid"}},
    {"valid at no time at all",
     dates,
     [](Facts& f) {
       f.not_before = test::utc(2026, 2, 2);
       f.not_after = test::utc(2026, 1, 31);
     },
     {"warn", "expired", "expired", "expired", "expired"}},
    {"self-signed", chain, CHAIN(self_signed), ANCHORED("self_signed")},
    {"signed by an unknown CA", chain, CHAIN(unknown_issuer), ANCHORED("unknown_issuer")},
    {"an intermediate is missing", chain, CHAIN(missing_intermediate), ANCHORED("missing_intermediate")},
    {"a signature in the chain is wrong", chain, CHAIN(bad_signature), ANCHORED("bad_chain")},
    {"an issuer is no CA", chain, CHAIN(not_a_ca), ANCHORED("bad_chain")},
    {"the path is too long", chain, CHAIN(path_too_long), ANCHORED("bad_chain")},
    {"an issuer has expired", chain, CHAIN(expired_issuer), ANCHORED("bad_chain")},
    {"an issuer is weak", chain, CHAIN(weak_issuer), ANCHORED("bad_chain")},
    {"a constraint is violated", chain, CHAIN(constraint_violated), ANCHORED("bad_chain")},
    {"an unknown critical extension", chain, CHAIN(unknown_critical_extension), ANCHORED("bad_chain")},
    {"another fault of the chain", chain, CHAIN(other), ANCHORED("bad_chain")},
    {"the chain was not looked at", chain, CHAIN(unchecked), ANCHORED("bad_chain")},
    {"revoked by a CRL", chain, CHAIN(revoked), ANCHORED("revoked")},
    {"the CRL is missing", chain, CHAIN(crl_missing), ANCHORED("crl_missing")},
    {"not for TLS servers", purpose, [](Facts& f) { f.server_purpose = false; }, ANCHORED("wrong_purpose")},
    {"for another name", name, [](Facts& f) { f.name_matches = false; }, ANCHORED("name_mismatch")},
    {"a staple is demanded and absent", staple,
     [](Facts& f) {
       f.must_staple = true;
       f.staple = StapleState::absent;
     },
     STAPLED("staple_missing")},
    {"the staple has not come", staple, STAPLE(pending), STAPLED("staple_missing")},
    {"the staple says revoked", staple, STAPLE(revoked), STAPLED("revoked")},
    {"the staple says unknown", staple, STAPLE(unknown), STAPLED("staple_bad")},
    {"the staple is stale", staple, STAPLE(stale), STAPLED("staple_bad")},
    {"the staple was good and has ended", staple,
     [](Facts& f) {
       f.staple = StapleState::good;
       f.staple_until = test::utc(2026, 1, 31);
     },
     STAPLED("staple_bad")},
    {"the staple is another certificate's", staple, STAPLE(foreign), STAPLED("staple_bad")},
    {"the staple is badly signed", staple, STAPLE(bad_signature), STAPLED("staple_bad")},
    {"the staple is malformed", staple, STAPLE(malformed), STAPLED("staple_bad")},
    {"the staple could not be checked", staple, STAPLE(unchecked), STAPLED("staple_bad")},
};
#undef CHAIN
#undef STAPLE
#undef EVERY
#undef ANCHORED
#undef STAPLED

/// 3. Which of several faults is named: the first in this order.
const std::vector<std::string> kPrecedence = {
    "certificate_malformed", "chain_too_large",      "weak_key",  "weak_signature", "pin_mismatch",  "no_pin_set",
    "unconfirmed",           "learn_conflict",       "clock",     "expired",        "not_yet_valid", "self_signed",
    "unknown_issuer",        "missing_intermediate", "bad_chain", "revoked",        "crl_missing",   "wrong_purpose",
    "name_mismatch",         "staple_missing",       "staple_bad"};

std::size_t rank(const std::string& reason) {
  return static_cast<std::size_t>(std::find(kPrecedence.begin(), kPrecedence.end(), reason) - kPrecedence.begin());
}

Column column_of(const std::string& recognised, const Policy& policy) {
  if (policy.mode != Mode::fingerprint) return anchored;
  if (recognised.starts_with("same_key")) return same_key;
  if (recognised.starts_with("same_ca")) return same_ca;
  return policy.expired == ExpiredRule::warn ? direct : direct_strict;
}

/// What was meant, from the tables above alone.
std::string meant(const std::string& recognised, const Policy& policy, const std::vector<const Fault*>& faults) {
  const bool is_refused = recognised.starts_with("Refused ");
  std::string first = is_refused ? recognised.substr(8) : "";
  bool warns = false;
  for (const Fault* fault : faults) {
    std::string reason = fault->expected.at(column_of(recognised, policy));
    warns = warns || reason == "warn";
    if (reason == "-" || reason == "warn") continue;
    if (rank(reason) < rank(first)) first = reason;
  }
  if (first == "clock") return "ClockUnknown";
  if (!first.empty()) return "Refused " + first;
  return warns && recognised != "Learnable" ? recognised + " warn" : recognised;
}

std::string as_certificate_verdict(const std::string& verdict) {
  return verdict.starts_with("Refused") || verdict == "ClockUnknown" || verdict == "Learnable" ? verdict : "Acceptable";
}

struct Setting {
  Mode mode;
  Renewal renewal;
  Learn learn;
  ExpiredRule expired;
};

void for_each_setting(const std::function<void(const Setting&)>& visit) {
  for (const Mode mode : {Mode::fingerprint, Mode::ca, Mode::ca_fingerprint}) {
    for (const Renewal renewal : {Renewal::manual, Renewal::same_key, Renewal::same_ca}) {
      for (const Learn learn : {Learn::off, Learn::confirm, Learn::automatic}) {
        for (const ExpiredRule expired : {ExpiredRule::warn, ExpiredRule::refuse})
          visit({mode, renewal, learn, expired});
      }
    }
  }
}

Case arranged(const Situation& situation, const Setting& setting) {
  Case c;
  c.policy.mode = setting.mode;
  c.policy.renewal = setting.renewal;
  c.policy.learn = setting.learn;
  c.policy.expired = setting.expired;
  situation.arrange(c);
  return c;
}

std::string recognised_as(const Situation& situation, const Setting& setting, bool by_learning) {
  if (setting.mode == Mode::ca) return "ca 0";
  const auto& cells = setting.mode == Mode::fingerprint ? situation.fingerprint : situation.ca_fingerprint;
  return cells.at(by_learning ? static_cast<std::size_t>(setting.learn) : static_cast<std::size_t>(setting.renewal));
}

std::string sentence(const Situation& situation, const Setting& s, const std::vector<const Fault*>& faults) {
  std::string text = situation.sentence;
  for (const Fault* fault : faults) text += std::string(", ") + fault->sentence;
  return text + " (mode " + std::to_string(static_cast<int>(s.mode)) + " renewal " +
         std::to_string(static_cast<int>(s.renewal)) + " learn " + std::to_string(static_cast<int>(s.learn)) +
         " expired " + std::to_string(static_cast<int>(s.expired)) + ")";
}

/// No fault, each fault, and each two that can occur together.
std::vector<std::vector<const Fault*>> combinations() {
  std::vector<std::vector<const Fault*>> all{{}};
  for (const Fault& a : kFaults) {
    all.push_back({&a});
    for (const Fault& b : kFaults) {
      if (a.field < b.field) all.push_back({&a, &b});
    }
  }
  return all;
}

int check_product(const Situation& situation, bool by_learning) {
  static const auto kCombinations = combinations();
  int cases = 0;
  for_each_setting([&](const Setting& setting) {
    const Case c = arranged(situation, setting);
    const std::string recognised = recognised_as(situation, setting, by_learning);
    for (const auto& faults : kCombinations) {
      Facts facts = c.facts;
      std::vector<const Fault*> without_staple;
      for (const Fault* fault : faults) {
        fault->spoil(facts);
        if (fault->field != staple) without_staple.push_back(fault);
      }
      const std::string expected = meant(recognised, c.policy, faults);
      EXPECT_EQ(text_of(judge(c.policy, c.lineage, facts)), expected) << sentence(situation, setting, faults);
      // A staple may still come while the certificate is judged.
      const bool is_pending = facts.staple == StapleState::pending;
      const std::string in_handshake = is_pending ? meant(recognised, c.policy, without_staple) : expected;
      EXPECT_EQ(text_of(judge_certificate(c.policy, c.lineage, facts)), as_certificate_verdict(in_handshake))
          << sentence(situation, setting, faults);
      ++cases;
      if (::testing::Test::HasFailure()) return;
    }
  });
  return cases;
}

TEST(TrustPolicy, GivesTheVerdictThatWasMeantInEveryCase) {
  int cases = 0;
  for (const Situation& situation : kSituations) cases += check_product(situation, false);
  for (const Situation& situation : kLearning) cases += check_product(situation, true);
  EXPECT_GT(cases, 1'000'000);
}

TEST(TrustPolicy, TrustsNobodyInModeOff) {
  for (const Situation& situation : kSituations) {
    Case c = arranged(situation, {Mode::off, Renewal::same_key, Learn::automatic, ExpiredRule::warn});
    EXPECT_EQ(text_of(judge(c.policy, c.lineage, c.facts)), "Refused no_pin_set") << situation.sentence;
    EXPECT_EQ(text_of(judge_certificate(c.policy, c.lineage, c.facts)), "Refused no_pin_set") << situation.sentence;
  }
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}
std::string without_refused(const std::string& verdict) {
  return verdict.starts_with("Refused ") ? verdict.substr(8) : verdict;
}

std::string drawn_recognition(std::span<const Situation> situations, bool by_learning) {
  std::string text;
  for (const Mode mode : {Mode::fingerprint, Mode::ca_fingerprint}) {
    text += mode == Mode::fingerprint ? "\nmode fingerprint\n" : "\nmode ca+fingerprint\n";
    text += padded("", 62);
    for (const char* name :
         by_learning ? std::array{"learn off", "confirm", "automatic"} : std::array{"manual", "same-key", "same-ca"}) {
      text += padded(name, 20);
    }
    text += "\n";
    for (const Situation& situation : situations) {
      text += padded("  " + std::string(situation.sentence), 62);
      for (int i = 0; i < 3; ++i) {
        Setting setting{mode, Renewal::manual, Learn::off, ExpiredRule::warn};
        if (by_learning) {
          setting.learn = static_cast<Learn>(i);
        } else {
          setting.renewal = static_cast<Renewal>(i);
        }
        const Case c = arranged(situation, setting);
        text += padded(without_refused(text_of(judge(c.policy, c.lineage, c.facts))), 20);
      }
      text += "\n";
    }
  }
  return text;
}

/// A case that is recognised in the way of this column.
Case recognised_in(Column column) {
  Case c;
  c.policy = test::pinned(bare_pin(kCertificate));
  switch (column) {
    case direct: break;
    case direct_strict: c.policy.expired = ExpiredRule::refuse; break;
    case same_key:
      former_pin_same_key(c);
      c.policy.renewal = Renewal::same_key;
      break;
    case same_ca:
      former_pin(c);
      c.policy.renewal = Renewal::same_ca;
      break;
    case anchored:
    case kColumns: c.policy.mode = Mode::ca; break;
  }
  return c;
}

std::string drawn_faults() {
  std::string text = padded("", 40);
  for (const char* name : kColumnNames) text += padded(name, 26);
  text += "\n";
  for (const Fault& fault : kFaults) {
    text += padded("  " + std::string(fault.sentence), 40);
    for (int column = 0; column < kColumns; ++column) {
      Case c = recognised_in(static_cast<Column>(column));
      fault.spoil(c.facts);
      text += padded(without_refused(text_of(judge(c.policy, c.lineage, c.facts))), 26);
    }
    text += "\n";
  }
  return text;
}

std::string without_trailing_blanks(const std::string& text) {
  std::string cleaned;
  for (const char c : text) {
    if (c == '\n') cleaned.resize(cleaned.find_last_not_of(' ') + 1);
    cleaned += c;
  }
  return cleaned;
}

TEST(TrustPolicy, IsDrawnAsTables) {
  std::string text =
      "The policy of trust, as the code fills its tables. A name with a slot number (0: none) is Trusted, and by "
      "what;\n"
      "\"warn\": trusted although outside its dates; other small words are the reason of a refusal.\n"
      "A test compares every combination of the three tables, with up to two faults, with what was meant.\n\n"
      "1. Who is it? By renewal rule. (Mode ca does not look at pins: ca 0.)\n";
  text += drawn_recognition(kSituations, false);
  text += "\n   Where no pin counts, by learning.\n";
  text += drawn_recognition(kLearning, true);
  text += "\n2. What else is wrong with it? By how it was recognised; ca+fingerprint is judged like ca.\n\n";
  text += drawn_faults();
  text += "\n3. Of several faults the first in this order is named (\"clock\" is ClockUnknown):\n\n";
  for (const std::string& reason : kPrecedence) text += "  " + reason + "\n";
  test::expect_golden("docs/machines/trust_policy.txt", without_trailing_blanks(text));
}

}  // namespace
}  // namespace meterseal::trust
