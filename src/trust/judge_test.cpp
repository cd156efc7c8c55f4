// Limits: the last value that is refused and the first that is taken. The tables are in judge_policy_test.cpp.

#include <gtest/gtest.h>

#include "support/trust_world.hpp"

namespace meterseal::trust {
namespace {

using test::bare_pin;
using test::kCertificate;
using test::kKey;
using test::kOther;
using test::kTasmota;
using test::record;
using test::text_of;
using test::the;
using test::utc;

std::string in_ca_mode(const Facts& facts) {
  return text_of(judge(Policy{}, Lineage{}, facts));
}

TEST(Judge, RefusesKeysBelow112BitsOfStrength) {
  struct Row {
    KeyType type;
    std::uint32_t bits;
    const char* verdict;
  };
  for (const Row& row :
       {Row{KeyType::rsa, 2047, "Refused weak_key"}, Row{KeyType::rsa, 2048, "ca 0"}, Row{KeyType::rsa, 16384, "ca 0"},
        Row{KeyType::ec, 223, "Refused weak_key"}, Row{KeyType::ec, 224, "ca 0"}, Row{KeyType::ec, 256, "ca 0"},
        Row{KeyType::ed25519, 256, "ca 0"}, Row{KeyType::ed448, 456, "ca 0"},
        Row{KeyType::dsa, 2048, "Refused weak_key"}, Row{KeyType::other, 4096, "Refused weak_key"}}) {
    Facts facts = test::broker_facts();
    facts.key_type = row.type;
    facts.key_bits = row.bits;
    EXPECT_EQ(in_ca_mode(facts), row.verdict) << static_cast<int>(row.type) << " " << row.bits;
  }
}

TEST(Judge, RefusesSignaturesThatCanBeForged) {
  for (const Digest digest : {Digest::md5, Digest::sha1, Digest::other}) {
    Facts facts = test::broker_facts();
    facts.signature_digest = digest;
    EXPECT_EQ(in_ca_mode(facts), "Refused weak_signature");
  }
  for (const Digest digest : {Digest::none, Digest::sha224, Digest::sha256, Digest::sha384, Digest::sha512}) {
    Facts facts = test::broker_facts();
    facts.signature_digest = digest;
    EXPECT_EQ(in_ca_mode(facts), "ca 0");
  }
}

TEST(Judge, TakesACertificateFromItsFirstSecondThroughItsLast) {
  struct Row {
    UtcTime now;
    const char* verdict;
  };
  const UtcTime first = utc(2026, 1, 1);
  const UtcTime last = utc(2026, 2, 28);
  for (const Row& row : {Row{first - milliseconds(1), "Refused not_yet_valid"}, Row{first, "ca 0"}, Row{last, "ca 0"},
                         Row{last + milliseconds(999), "ca 0"}, Row{last + seconds(1), "Refused expired"},
                         Row{UtcTime{}, "Refused not_yet_valid"}}) {
    Facts facts = test::broker_facts();
    facts.now = row.now;
    EXPECT_EQ(in_ca_mode(facts), row.verdict);
  }
}

TEST(Judge, TakesAStapleThroughItsLastMoment) {
  Facts facts = test::broker_facts();
  facts.staple = StapleState::good;
  facts.must_staple = true;
  facts.staple_until = facts.now;
  EXPECT_EQ(in_ca_mode(facts), "ca 0");
  facts.staple_until = the(facts.staple_until) - milliseconds(1);
  EXPECT_EQ(in_ca_mode(facts), "Refused staple_bad");
  facts.staple_until.reset();
  EXPECT_EQ(in_ca_mode(facts), "ca 0");
}

TEST(Judge, ComparesEveryByteOfAPin) {
  const Facts facts = test::broker_facts();
  for (const Pin& pin : {bare_pin(kCertificate), bare_pin(kKey), test::key_pin(kKey), test::tasmota_pin(kTasmota)}) {
    const std::size_t size = pin.kind == PinKind::tasmota_key ? 20 : 32;
    EXPECT_TRUE(std::holds_alternative<Trusted>(judge(test::pinned(pin), {}, facts)));
    for (std::size_t i = 0; i < size; ++i) {
      Pin other = pin;
      other.digest.at(i) ^= 1;
      EXPECT_EQ(text_of(judge(test::pinned(other), {}, facts)), "Refused pin_mismatch") << i;
    }
  }
}

TEST(Judge, ComparesEveryByteOfARecordedKeyAndAnchor) {
  Policy policy = test::pinned(bare_pin(kOther));
  for (std::size_t i = 0; i < 32; ++i) {
    Lineage lineage;
    lineage.slots[0] = record(bare_pin(kOther), kOther, kKey);
    policy.renewal = Renewal::same_key;
    the(lineage.slots[0]).key.at(i) ^= 0x80;
    EXPECT_EQ(text_of(judge(policy, lineage, test::broker_facts())), "Refused pin_mismatch");
    policy.renewal = Renewal::same_ca;
    EXPECT_EQ(text_of(judge(policy, lineage, test::broker_facts())), "same_ca 1");
    the(the(lineage.slots[0]).anchor).at(i) ^= 0x80;
    EXPECT_EQ(text_of(judge(policy, lineage, test::broker_facts())), "Refused pin_mismatch");
  }
}

TEST(Judge, AppliesNoRenewalRuleBeforeThePinHasMatchedOnce) {
  for (const Renewal renewal : {Renewal::manual, Renewal::same_key, Renewal::same_ca}) {
    Policy policy = test::pinned(bare_pin(kOther));
    policy.renewal = renewal;
    EXPECT_EQ(text_of(judge(policy, {}, test::broker_facts())), "Refused pin_mismatch");
  }
}

TEST(Judge, NamesEachReasonByACodeOfItsOwn) {
  std::uint16_t number = 200;
  for (int reason = 0; reason <= static_cast<int>(Reason::staple_bad); ++reason) {
    const Code& code = code_of(static_cast<Reason>(reason));
    EXPECT_EQ(code.number, number++);
    EXPECT_EQ(code.error_class, ErrorClass::security);
    EXPECT_TRUE(code.name.starts_with("trust_"));
    EXPECT_FALSE(code.remedy.empty());
  }
}

}  // namespace
}  // namespace meterseal::trust
