// What judge() never asks these rules, because it has decided before: they hold by themselves all the same.

#include "trust/checks.hpp"

#include <gtest/gtest.h>

#include "support/trust_world.hpp"

namespace meterseal::trust {
namespace {

TEST(Checks, RefuseWhatNoVersionOfThisProgramKnows) {
  Facts facts = test::broker_facts();
  facts.key_type = static_cast<KeyType>(200);
  EXPECT_EQ(strength_fault(facts), Reason::weak_key);
  facts = test::broker_facts();
  facts.signature_digest = static_cast<Digest>(200);
  EXPECT_EQ(strength_fault(facts), Reason::weak_signature);
  facts = test::broker_facts();
  facts.chain = static_cast<ChainState>(200);
  EXPECT_EQ(chain_fault(facts, Step::peer), Reason::bad_chain);
  facts = test::broker_facts();
  facts.staple = static_cast<StapleState>(200);
  EXPECT_EQ(chain_fault(facts, Step::peer), Reason::staple_bad);
}

TEST(Checks, OfTheChainDoNotRestOnThoseOfStrength) {
  Facts facts = test::broker_facts();
  facts.chain = ChainState::malformed;
  EXPECT_EQ(chain_fault(facts, Step::peer), Reason::certificate_malformed);
  facts.chain = ChainState::too_large;
  EXPECT_EQ(chain_fault(facts, Step::peer), Reason::chain_too_large);
}

TEST(Checks, LeaveTheEndOfAStapleToThoseWhoKnowTheTime) {
  Facts facts = test::broker_facts();
  facts.staple = StapleState::good;
  facts.staple_until = test::utc(2026, 1, 1);
  EXPECT_EQ(chain_fault(facts, Step::peer), Reason::staple_bad);
  facts.now.reset();
  EXPECT_EQ(chain_fault(facts, Step::peer), std::nullopt);
}

TEST(Checks, CallAPeerVerifiedOnlyWhenNothingIsWrong) {
  EXPECT_TRUE(verifies_to_an_anchor(test::broker_facts()));
  using Spoil = void (*)(Facts&);
  for (const Spoil spoil :
       {Spoil([](Facts& f) { f.anchor.reset(); }), Spoil([](Facts& f) { f.now.reset(); }),
        Spoil([](Facts& f) { f.key_bits = 1024; }), Spoil([](Facts& f) { f.signature_digest = Digest::sha1; }),
        Spoil([](Facts& f) { f.not_after = test::utc(2026, 1, 2); }),
        Spoil([](Facts& f) { f.chain = ChainState::revoked; }), Spoil([](Facts& f) { f.name_matches = false; }),
        Spoil([](Facts& f) { f.server_purpose = false; }), Spoil([](Facts& f) { f.staple = StapleState::pending; })}) {
    Facts facts = test::broker_facts();
    spoil(facts);
    EXPECT_FALSE(verifies_to_an_anchor(facts));
  }
}

}  // namespace
}  // namespace meterseal::trust
