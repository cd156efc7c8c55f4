#include "trust/continuity.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/trust_world.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {
namespace {

using test::bare_pin;
using test::digest;
using test::kAnchor;
using test::kCertificate;
using test::kKey;
using test::kOther;
using test::kTasmota;
using test::pinned;
using test::text_of;
using test::the;
using test::utc;

/// One broker over the years, and this device that connects to it. What the device remembers is written down and read
/// again after each connection, as the real one does.
struct Device {
  Policy policy;
  Lineage lineage;
  std::string events;              ///< of the last connection
  std::vector<std::string> texts;  ///< likewise

  /// The verdict of one connection, after which everything was remembered.
  std::string connect(const Facts& facts) {
    events.clear();
    texts.clear();
    const Verdict verdict = judge(policy, lineage, facts);
    const auto pins_before = pins_in_force(policy, lineage).size();
    Remembered remembered{lineage, {}};
    if (const auto* trusted = std::get_if<Trusted>(&verdict)) {
      remembered = remember_accepted(policy, lineage, *trusted, facts);
    } else if (std::holds_alternative<Learnable>(verdict)) {
      remembered = remember_learned(policy, lineage, facts);
    }
    EXPECT_GE(pins_in_force(policy, remembered.lineage).size(), pins_before) << "fewer valid pins than before";
    lineage = decode_lineage(encode(remembered.lineage)).value();
    EXPECT_EQ(lineage, remembered.lineage);
    for (const TrustEvent& event : remembered.events) {
      events += (events.empty() ? "" : " ") + name_of(event.kind);
      EXPECT_FALSE(event.text.truncated()) << event.text.view();
      texts.emplace_back(event.text.view());
    }
    return text_of(verdict);
  }

  static std::string name_of(TrustEventKind kind) {
    switch (kind) {
      case TrustEventKind::pin_matched_first_time: return "first";
      case TrustEventKind::followed_same_key: return "same_key";
      case TrustEventKind::followed_same_ca: return "same_ca";
      case TrustEventKind::promoted_slot_2: return "promoted";
      case TrustEventKind::flipped_back: return "flipped_back";
      case TrustEventKind::learned: return "learned";
      case TrustEventKind::learned_automatically: return "learned_automatically";
      case TrustEventKind::learn_conflict: return "conflict";
    }
    return {};
  }
};

Facts served(std::uint8_t certificate, std::uint8_t key, std::uint8_t anchor = kAnchor) {
  Facts facts = test::broker_facts();
  facts.certificate = digest(certificate);
  facts.key = digest(key);
  facts.anchor = digest(anchor);
  return facts;
}
Facts without_chain(Facts facts) {
  facts.chain = ChainState::unchecked;
  facts.anchor.reset();
  return facts;
}

Device pinned_device(Renewal renewal = Renewal::same_key) {
  Device device;
  device.policy = pinned(bare_pin(kCertificate));
  device.policy.renewal = renewal;
  return device;
}

TEST(Continuity, RecordsWhatAPinStandsForAtItsFirstMatch) {
  Device device = pinned_device();
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 1");
  EXPECT_EQ(device.events, "first");
  const SlotRecord& record = the(device.lineage.slots[0]);
  EXPECT_EQ(record.declared, bare_pin(kCertificate));
  EXPECT_EQ(record.certificate, digest(kCertificate));
  EXPECT_EQ(record.key, digest(kKey));
  EXPECT_EQ(record.anchor, digest(kAnchor));
  EXPECT_FALSE(record.is_key_pin);
  EXPECT_FALSE(record.followed);
  EXPECT_EQ(record.since, utc(2026, 2, 1));

  const Lineage before = device.lineage;
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 1");
  EXPECT_EQ(device.events, "");
  EXPECT_EQ(device.lineage, before);
}

TEST(Continuity, RecordsThatBareHexIsAKey) {
  Device device;
  device.policy = pinned(bare_pin(kKey));
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_key 1");
  EXPECT_EQ(device.events, "first");
  EXPECT_TRUE(the(device.lineage.slots[0]).is_key_pin);
}

TEST(Continuity, RecordsAnAnchorOnlyWhenEverythingAboutTheChainIsRight) {
  using Spoil = void (*)(Facts&);
  for (const Spoil spoil :
       {Spoil([](Facts& f) { f.chain = ChainState::unknown_issuer; }), Spoil([](Facts& f) { f.anchor.reset(); }),
        Spoil([](Facts& f) { f.now.reset(); }), Spoil([](Facts& f) { f.not_after = utc(2026, 1, 31); }),
        Spoil([](Facts& f) { f.name_matches = false; }), Spoil([](Facts& f) { f.server_purpose = false; }),
        Spoil([](Facts& f) { f.staple = StapleState::revoked; }),
        Spoil([](Facts& f) { f.staple = StapleState::pending; })}) {
    Device device = pinned_device();
    Facts facts = test::broker_facts();
    spoil(facts);
    EXPECT_TRUE(device.connect(facts).starts_with("pin_certificate 1"));
    EXPECT_EQ(the(device.lineage.slots[0]).anchor, std::nullopt);
    // The same pin, when everything is right.
    EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 1");
    EXPECT_EQ(the(device.lineage.slots[0]).anchor, digest(kAnchor));
  }
}

TEST(Continuity, NeverExchangesARecordedAnchor) {
  Device device = pinned_device(Renewal::same_ca);
  device.connect(test::broker_facts());
  device.connect(served(kCertificate, kKey, kOther));
  EXPECT_EQ(the(device.lineage.slots[0]).anchor, digest(kAnchor));
}

TEST(Continuity, RecordsNoAnchorThatOnlyAFollowedCertificateVerifiesTo) {
  Device device = pinned_device(Renewal::same_key);
  device.connect(without_chain(test::broker_facts()));
  EXPECT_EQ(device.connect(served(kOther, kKey)), "same_key 1");
  EXPECT_EQ(the(device.lineage.slots[0]).anchor, std::nullopt);
}

TEST(Continuity, FollowsARenewalWithTheSameKeyOnceAndSaysSoOnce) {
  Device device = pinned_device();
  device.connect(test::broker_facts());
  Facts renewed = served(kOther, kKey);
  renewed.now = utc(2026, 2, 2);
  EXPECT_EQ(device.connect(renewed), "same_key 1");
  EXPECT_EQ(device.events, "same_key");
  EXPECT_EQ(the(device.lineage.slots[0]).since, utc(2026, 2, 2));
  EXPECT_EQ(the(device.lineage.slots[0]).certificate, digest(kOther));
  EXPECT_TRUE(the(device.lineage.slots[0]).followed);
  EXPECT_EQ(the(device.lineage.slots[0]).declared, bare_pin(kCertificate));
  EXPECT_EQ(device.connect(served(kOther, kKey)), "same_key 1");
  EXPECT_EQ(device.events, "");
  EXPECT_EQ(device.connect(served(kOther + 1, kKey)), "same_key 1");
  EXPECT_EQ(device.events, "same_key");
  EXPECT_EQ(device.connect(served(kOther + 2, kOther + 3)), "Refused pin_mismatch");
}

TEST(Continuity, TakesTheFormerCertificateBackAndSaysSo) {
  Device device = pinned_device(Renewal::same_ca);
  device.connect(test::broker_facts());
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_ca 1");
  EXPECT_EQ(device.events, "same_ca");
  EXPECT_EQ(the(device.lineage.slots[0]).key, digest(kOther + 1));
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 1");
  EXPECT_EQ(device.events, "flipped_back");
  EXPECT_FALSE(the(device.lineage.slots[0]).followed);
  EXPECT_EQ(the(device.lineage.slots[0]).key, digest(kKey));
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_ca 1");
  EXPECT_EQ(device.events, "same_ca");
}

TEST(Continuity, FollowsTheSameCaThroughManyNewKeys) {
  Device device = pinned_device(Renewal::same_ca);
  device.connect(test::broker_facts());
  for (std::uint8_t i = 0; i < 20; ++i) {
    const auto certificate = static_cast<std::uint8_t>(kOther + 2 * i);
    EXPECT_EQ(device.connect(served(certificate, static_cast<std::uint8_t>(certificate + 1))), "same_ca 1");
    EXPECT_EQ(device.events, "same_ca");
    EXPECT_EQ(the(device.lineage.slots[0]).anchor, digest(kAnchor));
  }
  EXPECT_EQ(device.connect(served(kOther, kOther + 1, kOther)), "Refused pin_mismatch");
}

TEST(Continuity, KeepsTheKeyOfTheFollowedCertificateWhenTheRuleChanges) {
  Device device = pinned_device(Renewal::same_ca);
  device.connect(test::broker_facts());
  device.connect(served(kOther, kOther + 1));
  device.policy.renewal = Renewal::same_key;
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_key 1");
  device.policy.renewal = Renewal::manual;
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "Refused pin_mismatch");
}

TEST(Continuity, SaysThatTheCertificateOfAPinnedKeyWasRenewed) {
  for (const Pin& pin : {bare_pin(kKey), test::key_pin(kKey), test::tasmota_pin(kTasmota)}) {
    Device device;
    device.policy = pinned(pin);
    device.policy.renewal = Renewal::manual;
    device.connect(test::broker_facts());
    EXPECT_EQ(device.events, "first");
    EXPECT_TRUE(device.connect(served(kOther, kKey)).starts_with("pin_"));
    EXPECT_EQ(device.events, "same_key");
    EXPECT_FALSE(the(device.lineage.slots[0]).followed);  // it is the declared pin still
  }
}

TEST(Continuity, PromotesTheAnnouncedSuccessorAndKeepsTheFormerPin) {
  Device device;
  device.policy = pinned(bare_pin(kCertificate), bare_pin(kOther));
  device.connect(test::broker_facts());
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate 2");
  EXPECT_EQ(device.events, "first promoted");
  EXPECT_EQ(device.lineage.previous, bare_pin(kCertificate));
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate 1");
  EXPECT_EQ(device.events, "");

  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 2");
  EXPECT_EQ(device.events, "flipped_back");
  EXPECT_EQ(device.lineage.previous, bare_pin(kOther));
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 1");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate 2");
  EXPECT_EQ(device.events, "flipped_back");
}

TEST(Continuity, PromotesInBothModesWithPins) {
  Device device;
  device.policy = pinned(bare_pin(kCertificate), bare_pin(kOther));
  device.policy.mode = Mode::ca_fingerprint;
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "ca_and_pin 2");
  EXPECT_EQ(device.events, "first promoted");
  EXPECT_EQ(device.connect(test::broker_facts()), "ca_and_pin 2");
  EXPECT_EQ(device.events, "first flipped_back");
}

TEST(Continuity, DoesNotPromoteASecondSlotThatIsAlone) {
  Device device;
  device.policy.mode = Mode::fingerprint;
  device.policy.pins[1] = bare_pin(kCertificate);
  EXPECT_EQ(device.connect(test::broker_facts()), "pin_certificate 2");
  EXPECT_EQ(device.events, "first");
  EXPECT_EQ(device.lineage.previous, std::nullopt);
  EXPECT_FALSE(device.lineage.swapped);
}

TEST(Continuity, RetiresTheFormerPinWhenAPersonTakesItOut) {
  Device device;
  device.policy = pinned(bare_pin(kCertificate), bare_pin(kOther));
  device.connect(test::broker_facts());
  device.connect(served(kOther, kOther + 1));
  device.policy = pinned(bare_pin(kOther));
  EXPECT_EQ(device.connect(test::broker_facts()), "Refused pin_mismatch");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate 1");
  EXPECT_EQ(device.events, "");  // its record was kept
  EXPECT_EQ(device.lineage.previous, std::nullopt);
  EXPECT_FALSE(device.lineage.swapped);
  const auto& slots = device.lineage.slots;
  EXPECT_EQ(static_cast<int>(slots[0].has_value()) + static_cast<int>(slots[1].has_value()), 1);
}

TEST(Continuity, GoesOnThroughASeriesOfAnnouncedSuccessors) {
  Device device;
  device.policy = pinned(bare_pin(1));
  EXPECT_EQ(device.connect(served(1, 101)), "pin_certificate 1");
  for (std::uint8_t next = 2; next < 40; ++next) {
    // The owner announces the next one in slot 2, in place of the former; then the broker changes.
    device.policy = pinned(bare_pin(static_cast<std::uint8_t>(next - 1)), bare_pin(next));
    const auto key = static_cast<std::uint8_t>(100 + next);
    EXPECT_EQ(device.connect(served(static_cast<std::uint8_t>(next - 1), static_cast<std::uint8_t>(key - 1))),
              "pin_certificate 1");
    EXPECT_EQ(device.events, "");
    EXPECT_EQ(device.connect(served(next, key)), "pin_certificate 2");
    EXPECT_EQ(device.events, "first promoted");
  }
}

TEST(Continuity, FollowsARenewalOfTheSuccessorAndPromotesIt) {
  Device device;
  device.policy = pinned(bare_pin(kCertificate), bare_pin(kOther));
  device.connect(served(kOther, kOther + 1));
  device.connect(test::broker_facts());
  EXPECT_EQ(device.connect(served(kOther + 2, kOther + 1)), "same_key 2");
  EXPECT_EQ(device.events, "same_key flipped_back");
  EXPECT_EQ(pins_in_force(device.policy, device.lineage)[0].pin, bare_pin(kOther));
}

TEST(Continuity, ForgetsARecordWhenItsPinChanges) {
  Device device = pinned_device();
  device.connect(test::broker_facts());
  device.policy.pins[0] = bare_pin(kOther);
  EXPECT_EQ(device.connect(test::broker_facts()), "Refused pin_mismatch");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate 1");
  EXPECT_EQ(device.events, "first");
  device.policy.pins[0] = bare_pin(kCertificate);
  EXPECT_EQ(device.connect(served(kOther + 2, kKey)), "Refused pin_mismatch") << "the record of the first pin is gone";
}

TEST(Continuity, SaysWhatHappenedWithBothFingerprints) {
  const std::string certificate(format_sha256(digest(kCertificate)).view());
  const std::string key(format_sha256(digest(kKey)).view());
  const std::string other(format_sha256(digest(kOther)).view());
  Device device;
  const auto expect = [&](const Facts& facts, std::initializer_list<std::string> texts) {
    device.connect(facts);
    EXPECT_EQ(device.texts, std::vector<std::string>(texts));
  };
  device.policy = pinned(bare_pin(kCertificate), bare_pin(kOther));
  expect(without_chain(test::broker_facts()), {"pin " + certificate + " is the broker's certificate"});
  expect(served(kOther, kOther + 1), {"pin " + other +
                                          " is the broker's certificate; its chain verifies, so renewal = "
                                          "\"same-ca\" could follow a new key",
                                      "successor served: " + certificate + " -> " + other});
  expect(test::broker_facts(), {"former pin is back: " + other + " -> " + certificate});
  expect(served(kOther + 2, kKey), {"renewed with the same key: " + certificate + " -> " +
                                    std::string(format_sha256(digest(kOther + 2)).view())});
  expect(test::broker_facts(), {"former certificate is back: " + std::string(format_sha256(digest(kOther + 2)).view()) +
                                " -> " + certificate});

  device = Device{};
  device.policy = pinned(bare_pin(kKey));
  device.policy.renewal = Renewal::same_ca;
  expect(without_chain(test::broker_facts()), {"pin " + key + " is the broker's key"});
  expect(test::broker_facts(), {});
  expect(served(kOther, kOther + 1), {"renewed under the same CA: " + certificate + " -> " + other});

  device = Device{};
  device.policy.mode = Mode::fingerprint;
  device.policy.learn = Learn::confirm;
  expect(test::broker_facts(), {"learned " + certificate});
  expect(served(kOther, kOther + 1), {"another one than learned: " + certificate + " -> " + other});
}

TEST(Continuity, RemembersNothingInCaMode) {
  Device device;
  device.policy.pins[0] = bare_pin(kCertificate);
  EXPECT_EQ(device.connect(test::broker_facts()), "ca 0");
  EXPECT_EQ(device.events, "");
  EXPECT_EQ(device.lineage, Lineage{});

  Lineage learned;
  learned.learned = Learned{digest(kCertificate), digest(kKey), std::nullopt, std::nullopt, std::nullopt, true};
  device.policy.pins[0].reset();
  device.lineage = learned;
  EXPECT_EQ(device.connect(test::broker_facts()), "ca 0");
  EXPECT_EQ(device.lineage, learned);
}

TEST(Continuity, GivesAPinThatWasSetMeanwhileNoRecordOfAnotherBroker) {
  const Facts facts = test::broker_facts();
  const Policy before = pinned(bare_pin(kCertificate));
  const Trusted trusted = std::get<Trusted>(judge(before, {}, facts));
  Policy cleared = before;
  cleared.pins[0].reset();
  for (const Policy& now : {pinned(bare_pin(kOther)), cleared}) {
    const auto remembered = remember_accepted(now, {}, trusted, facts);
    EXPECT_EQ(remembered.lineage, Lineage{});
    EXPECT_TRUE(remembered.events.empty());
  }
  // It moved to slot 2: recorded as what it is now.
  const auto moved = remember_accepted(pinned(bare_pin(kOther), bare_pin(kCertificate)), {}, trusted, facts);
  EXPECT_EQ(moved.lineage.previous, bare_pin(kOther));
}

Device learning(Learn learn) {
  Device device;
  device.policy.mode = Mode::fingerprint;
  device.policy.learn = learn;
  return device;
}

TEST(Learning, NotesTheFirstFingerprintAndTrustsItAfterAPersonHasConfirmedIt) {
  Device device = learning(Learn::confirm);
  EXPECT_EQ(device.connect(test::broker_facts()), "Learnable");
  EXPECT_EQ(device.events, "learned");
  EXPECT_EQ(device.lineage.learned,
            (Learned{digest(kCertificate), digest(kKey), digest(kAnchor), utc(2026, 2, 1), std::nullopt, false}));
  EXPECT_EQ(device.connect(test::broker_facts()), "Refused unconfirmed");
  device.lineage = confirm_learned(device.lineage, digest(kCertificate)).value();
  EXPECT_EQ(device.connect(test::broker_facts()), "learned 0");
  EXPECT_EQ(device.events, "");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "Refused pin_mismatch");
}

TEST(Learning, OfAPinThatCannotVerifyRecordsNoAnchor) {
  Device device = learning(Learn::confirm);
  device.connect(without_chain(test::broker_facts()));
  EXPECT_EQ(the(device.lineage.learned).anchor, std::nullopt);
}

TEST(Learning, TrustsTheFirstAtOnceWhenTheOwnerWantsIt) {
  Device device = learning(Learn::automatic);
  EXPECT_EQ(device.connect(test::broker_facts()), "Learnable");
  EXPECT_EQ(device.events, "learned_automatically");
  EXPECT_EQ(device.connect(test::broker_facts()), "learned 0");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "Refused pin_mismatch");
  EXPECT_EQ(the(device.lineage.learned).certificate, digest(kCertificate));
}

TEST(Learning, BecomesAutomaticForWhatWasLearnedAlready) {
  Device device = learning(Learn::confirm);
  device.connect(test::broker_facts());
  device.policy.learn = Learn::automatic;
  Facts later = without_chain(test::broker_facts());
  later.now = utc(2026, 2, 2);
  EXPECT_EQ(device.connect(later), "Learnable");
  EXPECT_EQ(device.events, "learned_automatically");
  EXPECT_EQ(the(device.lineage.learned).seen, utc(2026, 2, 1));
  EXPECT_EQ(the(device.lineage.learned).anchor, digest(kAnchor));
  EXPECT_EQ(device.connect(test::broker_facts()), "learned 0");
}

TEST(Learning, NeverOverwritesTheFirstAndNamesAConflictOnce) {
  for (const Learn learn : {Learn::confirm, Learn::automatic}) {
    Device device = learning(Learn::confirm);
    device.connect(test::broker_facts());
    device.policy.learn = learn;
    EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "Learnable");
    EXPECT_EQ(device.events, "conflict");
    EXPECT_EQ(the(device.lineage.learned).certificate, digest(kCertificate));
    EXPECT_EQ(the(device.lineage.learned).conflict, digest(kOther));
    EXPECT_FALSE(the(device.lineage.learned).confirmed);
    for (const Facts& facts : {test::broker_facts(), served(kOther, kOther + 1), served(kOther + 2, kOther + 3)}) {
      EXPECT_EQ(device.connect(facts), "Refused learn_conflict");
      EXPECT_EQ(device.events, "");
    }
    EXPECT_EQ(the(device.lineage.learned).conflict, digest(kOther));
  }
}

TEST(Learning, KeepsTheAnchorOfAConfirmedPinForItsRenewals) {
  Device device = learning(Learn::confirm);
  device.policy.renewal = Renewal::same_ca;
  device.connect(test::broker_facts());
  device.lineage = confirm_learned(device.lineage, digest(kCertificate)).value();
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_ca 0");
  EXPECT_EQ(device.events, "same_ca");
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_ca 0");
  EXPECT_EQ(device.events, "");
  EXPECT_EQ(the(device.lineage.learned).certificate, digest(kCertificate));
  EXPECT_EQ(device.connect(test::broker_facts()), "learned 0");
  EXPECT_EQ(device.events, "flipped_back");
}

TEST(Learning, EndsWhenAPinIsSetAndDoesNotComeBackWhenThatIsCleared) {
  for (const std::size_t slot : {0U, 1U}) {
    Device device = learning(Learn::automatic);
    device.connect(test::broker_facts());
    device.policy.pins.at(slot) = bare_pin(kOther);
    EXPECT_EQ(device.connect(test::broker_facts()), "Refused pin_mismatch");
    EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "pin_certificate " + std::to_string(slot + 1));
    EXPECT_EQ(device.lineage.learned, std::nullopt);
    device.policy.pins.at(slot).reset();
    device.policy.learn = Learn::off;
    EXPECT_EQ(device.connect(test::broker_facts()), "Refused no_pin_set");
  }
}

TEST(Learning, ThatBecomesADeclaredPinKeepsItsRecord) {
  Device device = learning(Learn::confirm);
  device.connect(test::broker_facts());
  device.policy = pinned(bare_pin(kCertificate));
  device.policy.renewal = Renewal::same_ca;
  EXPECT_EQ(device.connect(served(kOther, kOther + 1)), "same_ca 1");
  EXPECT_EQ(device.lineage.learned, std::nullopt);
}

TEST(Learning, NeverTakesPlaceOverAPinOrOutsideItsMode) {
  const Facts facts = test::broker_facts();
  Policy policy = learning(Learn::automatic).policy;
  for (const std::size_t slot : {0U, 1U}) {
    Policy with_pin = policy;
    with_pin.pins.at(slot) = bare_pin(kOther);
    EXPECT_EQ(remember_learned(with_pin, {}, facts).lineage, Lineage{});
  }
  for (const Mode mode : {Mode::ca, Mode::ca_fingerprint, Mode::off}) {
    Policy other_mode = policy;
    other_mode.mode = mode;
    EXPECT_EQ(remember_learned(other_mode, {}, facts).lineage, Lineage{});
  }
  policy.learn = Learn::off;
  EXPECT_EQ(remember_learned(policy, {}, facts).lineage, Lineage{});
}

TEST(Learning, LeavesAConfirmedPinAsItIs) {
  Device device = learning(Learn::automatic);
  device.connect(test::broker_facts());
  const auto again = remember_learned(device.policy, device.lineage, served(kOther, kOther + 1));
  EXPECT_EQ(again.lineage, device.lineage);
  EXPECT_TRUE(again.events.empty());
}

TEST(Confirmation, IsOfTheOneValueThatWasSeen) {
  Lineage lineage;
  EXPECT_EQ(confirm_learned(lineage, digest(1)).error().code, nothing_learned);
  lineage.learned = Learned{digest(1), digest(2), std::nullopt, std::nullopt, std::nullopt, false};
  for (std::size_t i = 0; i < 32; ++i) {
    Sha256 other = digest(1);
    other.at(i) ^= 1;
    EXPECT_EQ(confirm_learned(lineage, other).error().code, confirm_mismatch);
  }
  EXPECT_EQ(confirm_learned(lineage, digest(2)).error().code, confirm_mismatch) << "the key is not what was shown";
  the(lineage.learned).conflict = digest(9);
  EXPECT_EQ(confirm_learned(lineage, digest(1)).error().code, learn_conflict_open);
  EXPECT_EQ(confirm_learned(lineage, digest(9)).error().code, learn_conflict_open);
  the(lineage.learned).conflict.reset();
  const auto confirmed = confirm_learned(lineage, digest(1));
  ASSERT_TRUE(confirmed);
  EXPECT_TRUE(the(confirmed->learned).confirmed);
  EXPECT_EQ(confirm_learned(*confirmed, digest(1)).value(), *confirmed);
}

TEST(ProvenTime, IsTheLatestSignedMomentThatTheClockAgreesWith) {
  const UtcTime now = utc(2026, 6, 1);
  const UtcTime before = now - seconds(1);
  const UtcTime after = now + seconds(1);
  struct Row {
    const char* what;
    UtcTime made;
    std::optional<UtcTime> news;
    std::optional<UtcTime> clock;
    std::optional<UtcTime> proven;
  };
  const Row rows[] = {
      {"a certificate", before, std::nullopt, now, before},
      {"a certificate of this moment", now, std::nullopt, now, now},
      {"newer news of its revocation", utc(2026, 1, 1), before, now, before},
      {"older news", before, utc(2026, 1, 1), now, before},
      {"news of this moment", before, now, now, now},
      {"news of the future", before, after, now, before},
      {"a certificate of the future", after, std::nullopt, now, std::nullopt},
      {"a certificate of the future with news", after, before, now, std::nullopt},
      {"a clock that is not known", before, before, std::nullopt, std::nullopt},
  };
  for (const Row& row : rows) {
    Facts facts;
    facts.not_before = row.made;
    facts.not_revoked_at = row.news;
    facts.now = row.clock;
    EXPECT_EQ(proven_time(facts), row.proven) << row.what;
  }
}

}  // namespace
}  // namespace meterseal::trust
