#include "trust/explain.hpp"

#include <gtest/gtest.h>

#include "support/trust_world.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {
namespace {

using test::bare_pin;
using test::digest;
using test::kCertificate;
using test::kOther;

const std::string kServed =
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20:21:22:23:24:25:26:27:28:29:2A:2B:2C:2D:2E:2F";
const std::string kExpected =
    "A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF";

std::string explained(Reason reason, const Facts& facts, const Policy& policy = test::pinned(bare_pin(kOther)),
                      const Lineage& lineage = {}) {
  const std::string text(explain(policy, lineage, facts, reason).view());
  const std::string ending = "; served " + kServed;
  EXPECT_TRUE(text.ends_with(ending)) << text;
  return text.substr(0, text.size() - std::min(text.size(), ending.size()));
}

TEST(Explain, NamesWhatIsWrongBesideTheServedFingerprint) {
  Facts facts = test::broker_facts();
  facts.chain_detail = "CN=Some CA";
  facts.key_bits = 1024;
  facts.signature_digest = Digest::sha1;
  facts.names = "DNS:other.example";
  facts.staple = StapleState::stale;
  struct Row {
    Reason reason;
    const char* text;
  };
  for (const Row& row : {
           Row{Reason::certificate_malformed, "the certificate is malformed: CN=Some CA"},
           Row{Reason::chain_too_large, "the list of certificates is too long: CN=Some CA"},
           Row{Reason::weak_key, "the key is RSA of 1024 bits"},
           Row{Reason::weak_signature, "the certificate is signed with SHA-1"},
           Row{Reason::no_pin_set, "no fingerprint is set"},
           Row{Reason::unconfirmed, "learned, and confirmed by no person"},
           Row{Reason::expired, "the certificate has expired, it was valid until 2026-02-28T00:00:00Z"},
           Row{Reason::not_yet_valid, "the certificate is valid from 2026-01-01T00:00:00Z"},
           Row{Reason::self_signed, "the certificate is self-signed: CN=Some CA"},
           Row{Reason::unknown_issuer, "no known CA signed the certificate: CN=Some CA"},
           Row{Reason::missing_intermediate, "an intermediate certificate is missing: CN=Some CA"},
           Row{Reason::bad_chain, "the chain does not hold: CN=Some CA"},
           Row{Reason::revoked, "the certificate is revoked: CN=Some CA"},
           Row{Reason::crl_missing, "there is no current CRL: CN=Some CA"},
           Row{Reason::wrong_purpose, "the certificate is not for TLS servers"},
           Row{Reason::name_mismatch, "the certificate is for DNS:other.example"},
           Row{Reason::staple_missing, "the certificate demands an OCSP staple and there is none"},
           Row{Reason::staple_bad, "the stapled OCSP answer is out of date"},
       }) {
    EXPECT_EQ(explained(row.reason, facts), row.text);
  }
}

TEST(Explain, ShowsBothFingerprintsOfAMismatchWhole) {
  EXPECT_EQ(explained(Reason::pin_mismatch, test::broker_facts()), "expected " + kExpected);
  EXPECT_EQ(explained(Reason::pin_mismatch, test::broker_facts(), test::pinned(bare_pin(kOther), bare_pin(1))),
            "no pin fits, slot 1: " + kExpected);
  EXPECT_EQ(explained(Reason::pin_mismatch, test::broker_facts(), test::pinned(test::key_pin(kOther))),
            "expected sha256//oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=");
}

TEST(Explain, ShowsTheLearnedFingerprintOfAConflictWhole) {
  Lineage lineage;
  lineage.learned = Learned{digest(kOther), digest(1), std::nullopt, std::nullopt, digest(kCertificate), false};
  EXPECT_EQ(explained(Reason::learn_conflict, test::broker_facts(), {}, lineage),
            "another one was learned: " + kExpected);
}

TEST(Explain, NamesTheMistakeOfASha1FingerprintAsPin) {
  const char* mistake = "the pin is the certificate's SHA-1 fingerprint and not Tasmota's digest of the key";
  const Pin sha1 = test::tasmota_pin(test::kSha1OfCertificate);
  EXPECT_EQ(explained(Reason::pin_mismatch, test::broker_facts(), test::pinned(sha1)), mistake);
  EXPECT_EQ(explained(Reason::pin_mismatch, test::broker_facts(), test::pinned(bare_pin(kOther), sha1)), mistake);
  Pin nearly = sha1;
  nearly.digest.at(19) ^= 1;
  EXPECT_NE(explained(Reason::pin_mismatch, test::broker_facts(), test::pinned(nearly)), mistake);
}

TEST(Explain, GivesTheOneCommandThatMendsIt) {
  const Facts facts = test::broker_facts();
  Lineage lineage;
  lineage.learned = Learned{digest(kOther), digest(1), std::nullopt, std::nullopt, std::nullopt, false};
  for (const Reason reason : {Reason::pin_mismatch, Reason::no_pin_set}) {
    const auto hint = remedy_of({}, lineage, facts, reason);
    EXPECT_TRUE(hint.view().ends_with(": MqttFingerprint1 " + kServed)) << hint.view();
    EXPECT_FALSE(hint.truncated());
  }
  Policy declared;
  declared.are_pins_declared = true;
  const auto in_file = remedy_of(declared, lineage, facts, Reason::pin_mismatch);
  EXPECT_TRUE(in_file.view().ends_with("shows it, in the file: " + kServed)) << in_file.view();
  EXPECT_FALSE(in_file.truncated());
  const auto confirm = remedy_of({}, lineage, facts, Reason::unconfirmed);
  EXPECT_TRUE(confirm.view().ends_with(": TlsConfirm " + kExpected)) << confirm.view();
  EXPECT_FALSE(confirm.truncated());
  EXPECT_TRUE(remedy_of({}, lineage, facts, Reason::expired).empty());
  EXPECT_TRUE(remedy_of({}, {}, facts, Reason::unconfirmed).empty());
}

TEST(Explain, MakesHostileTextPrintableAndNeverCutsTheFingerprint) {
  Facts facts = test::broker_facts();
  facts.names.assign(std::string("DNS:a\n12:00:00 MQTT: Connected\x1B[2J\xE2\x80\xAE") + std::string(200, 'x'));
  facts.chain_detail = facts.names;
  for (int reason = 0; reason <= static_cast<int>(Reason::staple_bad); ++reason) {
    const std::string text = explained(static_cast<Reason>(reason), facts);
    for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << reason;
  }
  EXPECT_TRUE(explained(Reason::name_mismatch, facts).starts_with("the certificate is for DNS:a?12:00:00 MQTT"));
  facts.names.clear();
  EXPECT_EQ(explained(Reason::name_mismatch, facts), "the certificate names no host");
}

TEST(Explain, IsOneErrorWithCodePlaceDetailAndHint) {
  const Error error = refusal(test::pinned(bare_pin(kOther)), {}, test::broker_facts(), Reason::pin_mismatch,
                              "broker.example.com:8883");
  EXPECT_EQ(error.code, pin_mismatch);
  EXPECT_EQ(error.where.view(), "broker.example.com:8883");
  EXPECT_TRUE(error.remedy().ends_with("MqttFingerprint1 " + kServed));
  EXPECT_EQ(refusal({}, {}, test::broker_facts(), Reason::expired, "b:1").remedy(), expired.remedy);
}

TEST(Explain, SaysThatAnUnknownClockIsNoFaultOfTheBroker) {
  const Error error = clock_refusal(test::broker_facts(), "b:1");
  EXPECT_EQ(error.code, clock_unknown);
  EXPECT_EQ(error.code.error_class, ErrorClass::retry);
  EXPECT_EQ(error.detail.view(), "dates cannot be checked without a clock; served " + kServed);
}

}  // namespace
}  // namespace meterseal::trust
