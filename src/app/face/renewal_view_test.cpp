#include "app/face/renewal_view.hpp"

#include <gtest/gtest.h>

#include "support/trust_world.hpp"

namespace meterseal::app {
namespace {

using trust::Renewal;

OwnTrust pinned(Renewal renewal) {
  OwnTrust own;
  own.policy.mode = trust::Mode::fingerprint;
  own.policy.renewal = renewal;
  own.policy.pins[0] = trust::Pin{trust::PinKind::certificate_or_key, test::broker_facts().certificate};
  return own;
}
trust::Facts of_an_unknown_ca() {
  trust::Facts facts = test::broker_facts();
  facts.chain = trust::ChainState::unknown_issuer;
  facts.anchor.reset();
  return facts;
}

TEST(RenewalView, ProposesSameCaByItsLineWhereChainAndNameVerify) {
  const web::RenewalView view = renewal_view(pinned(Renewal::same_key), {}, test::broker_facts());
  EXPECT_EQ(view.line, "TlsRenewal same-ca");
  EXPECT_NE(view.fate.find("certbot makes a new key each time"), std::string::npos) << view.fate;
  EXPECT_NE(view.fate.find("verify to a CA that this device knows"), std::string::npos) << view.fate;
}

TEST(RenewalView, NamesTheFileWhereTheFileDeclaresTheRule) {
  console::FixedByFile fixed;
  fixed.renewal = true;
  const web::RenewalView view = renewal_view(pinned(Renewal::same_key), fixed, test::broker_facts());
  EXPECT_EQ(view.line, "");
  EXPECT_NE(view.hint.find("renewal = \"same-ca\" in [mqtt.tls]"), std::string::npos) << view.hint;
}

TEST(RenewalView, SaysHowToPrepareWhereNothingVerifies) {
  const web::RenewalView view = renewal_view(pinned(Renewal::same_key), {}, of_an_unknown_ca());
  EXPECT_EQ(view.line, "");
  EXPECT_NE(view.hint.find("MqttFingerprint2"), std::string::npos) << view.hint;
  EXPECT_NE(view.hint.find("--reuse-key"), std::string::npos) << view.hint;
}

TEST(RenewalView, ProposesNothingThatIsDoneAlready) {
  const web::RenewalView view = renewal_view(pinned(Renewal::same_ca), {}, test::broker_facts());
  EXPECT_EQ(view.line, "");
  EXPECT_EQ(view.hint, "");
  OwnTrust by_ca;
  by_ca.policy.mode = trust::Mode::ca;
  EXPECT_EQ(renewal_view(by_ca, {}, test::broker_facts()).hint, "");
}

TEST(RenewalView, DoesNotWaitForAnOcspAnswerThatCannotComeBeforeTheConfirmation) {
  trust::Facts facts = test::broker_facts();
  facts.staple = trust::StapleState::pending;
  EXPECT_EQ(renewal_view(pinned(Renewal::same_key), {}, facts).line, "TlsRenewal same-ca");
}

TEST(RenewalView, ASecondFingerprintIsPreparationEnough) {
  OwnTrust own = pinned(Renewal::same_key);
  trust::Pin next{trust::PinKind::certificate_or_key, {}};
  next.digest[0] = 9;
  own.policy.pins[1] = next;
  const web::RenewalView view = renewal_view(own, {}, test::broker_facts());
  EXPECT_EQ(view.line, "");
  EXPECT_EQ(view.hint, "");
}

}  // namespace
}  // namespace meterseal::app
