#include "app/face/proposal.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

using trust::Mode;

const std::string kPin(64, 'A');

Patient present(Mode mode = Mode::fingerprint) {
  Patient patient;
  patient.to = {"broker.example.com", 8883};
  patient.broker = BrokerConfig{};
  patient.broker->address = patient.to;
  patient.broker->tls.policy.mode = mode;
  patient.broker->tls.policy.pins[0] = *trust::parse_pin(std::string(64, 'B'));
  patient.mqtt = MqttConfig{};
  patient.mqtt->user = "emon_1";
  patient.mqtt->password = "old";
  patient.mqtt->client_id = "meterseal-emon_1";
  patient.lineage.learned = trust::Learned{};
  return patient;
}

TEST(Proposal, ThereIsNothingToProveInWhatDoesNotTouchTheBroker) {
  EXPECT_FALSE(proposed(present(), {}));
  EXPECT_FALSE(proposed(present(), {"TelePeriod 60", "Topic x", "FriendlyName y"}));
  EXPECT_FALSE(proposed(present(Mode::off), {"MqttHost other"})) << "a login in clear proves nothing";
}

TEST(Proposal, WhatTheConsoleRefusesIsLeftToTheConsole) {
  for (const char* line : {"MqttPort 0", "MqttPort 65536", "MqttPort x", "MqttFingerprint1 AA:BB", "TlsMode off",
                           "TlsMode none", "TlsRenewal never"}) {
    EXPECT_FALSE(proposed(present(), {line})) << line;
  }
  EXPECT_FALSE(proposed(present(Mode::ca_fingerprint), {"MqttFingerprint1 0"})) << "this mode needs one";
}

TEST(Proposal, ANewAddressIsAnotherBrokerOfWhichNothingIsRecorded) {
  const auto patient = proposed(present(), {"MqttHost other.example.com", "MqttPort 443"});
  ASSERT_TRUE(patient);
  EXPECT_EQ(patient->to, (HostPort{"other.example.com", 443}));
  EXPECT_EQ(patient->broker->address, patient->to);
  EXPECT_FALSE(patient->lineage.learned);
  EXPECT_EQ(patient->mqtt->password, "old");
}

TEST(Proposal, CredentialsAreThoseOfTheForm) {
  const auto patient = proposed(present(), {"MqttUser emon_2", "MqttPassword new words", "MqttClient me"});
  ASSERT_TRUE(patient);
  EXPECT_EQ(patient->mqtt->user, "emon_2");
  EXPECT_EQ(patient->mqtt->password, "new words");
  EXPECT_EQ(patient->mqtt->client_id, "me");
  EXPECT_TRUE(patient->lineage.learned) << "the same broker as before";
  EXPECT_EQ(proposed(present(), {"MqttUser 0"})->mqtt->user, "");
}

TEST(Proposal, TrustIsThatOfTheForm) {
  const auto patient = proposed(present(), {"TlsMode ca+fingerprint", "MqttFingerprint1 " + kPin, "TlsRenewal manual"});
  ASSERT_TRUE(patient);
  const trust::Policy& policy = patient->broker->tls.policy;
  EXPECT_EQ(policy.mode, Mode::ca_fingerprint);
  EXPECT_EQ(policy.pins[0]->digest[0], 0xAA);
  EXPECT_EQ(policy.renewal, trust::Renewal::manual);
}

TEST(Proposal, LearnsOnlyWhereTheConsoleWould) {
  const auto learn = [](const Patient& from, const std::vector<std::string>& lines) {
    return proposed(from, lines)->broker->tls.policy.learn;
  };
  EXPECT_EQ(learn(present(), {"MqttFingerprint1 0"}), trust::Learn::off) << "then nothing is believed any more";
  EXPECT_EQ(learn(present(), {"TlsMode fingerprint", "MqttFingerprint1 0"}), trust::Learn::off);
  Patient bare = present(Mode::ca);
  bare.broker->tls.policy.pins[0].reset();
  EXPECT_EQ(learn(bare, {"TlsMode fingerprint"}), trust::Learn::confirm);
  EXPECT_EQ(learn(bare, {"MqttFingerprint1 " + kPin, "TlsMode fingerprint"}), trust::Learn::off);
  bare.broker->tls.policy.mode = Mode::fingerprint;
  bare.broker->tls.policy.learn = trust::Learn::confirm;
  EXPECT_EQ(learn(bare, {"MqttUser other"}), trust::Learn::confirm);
  EXPECT_EQ(learn(bare, {"MqttFingerprint1 " + kPin}), trust::Learn::off);
}

TEST(Proposal, TheSlotsAreThoseThatTheFormShows) {
  Patient promoted = present();
  promoted.broker->tls.policy.pins[1] = *trust::parse_pin(std::string(64, 'C'));
  promoted.lineage.swapped = true;
  const auto patient = proposed(promoted, {"MqttFingerprint2 " + kPin});
  ASSERT_TRUE(patient);
  EXPECT_EQ(patient->broker->tls.policy.pins[0]->digest[0], 0xCC) << "the promoted one is the first now";
  EXPECT_EQ(patient->broker->tls.policy.pins[1]->digest[0], 0xAA);
}

TEST(Proposal, IsProvedByATrustedBrokerThatTookTheLogin) {
  using V = CheckVerdict;
  const auto proved = [](V policy, V mqtt) {
    return is_proved({{"tcp", V::good, "", ""}, {"policy", policy, "", ""}, {"mqtt", mqtt, "", ""}});
  };
  EXPECT_TRUE(proved(V::good, V::good));
  EXPECT_TRUE(proved(V::good, V::warning)) << "the broker takes the device's own client id only";
  EXPECT_TRUE(proved(V::warning, V::skipped)) << "to be learned, or no second connection is possible";
  EXPECT_FALSE(proved(V::good, V::bad));
  EXPECT_FALSE(proved(V::bad, V::skipped));
  EXPECT_FALSE(proved(V::skipped, V::skipped)) << "nobody was reached";
  EXPECT_FALSE(is_proved({}));
}

}  // namespace
}  // namespace meterseal::app
