#include "app/agent/trust_setting.hpp"

#include <gtest/gtest.h>

#include "app/errors.hpp"
#include "support/test_site.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {
namespace {

using trust::Learn;
using trust::Mode;
using trust::Renewal;

trust::Policy pinned() {
  trust::Policy policy;
  policy.mode = Mode::fingerprint;
  policy.renewal = Renewal::same_ca;
  policy.pins[1] = trust::parse_pin(test::kPin).value();
  return policy;
}

TEST(TrustSetting, ComesBackAsItWasSet) {
  const auto back = with_trust_setting({}, {}, encode_trust_setting(pinned()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->mode, Mode::fingerprint);
  EXPECT_EQ(back->renewal, Renewal::same_ca);
  EXPECT_FALSE(back->pins[0]);
  EXPECT_EQ(back->pins[1], pinned().pins[1]);
}

TEST(TrustSetting, TheFileWins) {
  trust::Policy declared;
  declared.mode = Mode::ca;
  declared.renewal = Renewal::manual;
  const auto back = with_trust_setting(declared, {true, false, true, false}, encode_trust_setting(pinned()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->mode, Mode::ca);
  EXPECT_EQ(back->renewal, Renewal::manual);
  EXPECT_TRUE(back->pins[1]) << "not declared, so what was set holds";
}

TEST(TrustSetting, LearningOfTheFileEndsWithAPin) {
  trust::Policy declared;
  declared.mode = Mode::fingerprint;
  declared.learn = Learn::confirm;
  const auto back = with_trust_setting(declared, {true, false, false, true}, encode_trust_setting(pinned()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->learn, Learn::off);
}

TEST(TrustSetting, WhatIsDamagedIsRefusedAsAWhole) {
  const std::string good = encode_trust_setting(pinned());
  trust::Policy both = pinned();
  both.mode = Mode::ca_fingerprint;
  both.pins = {};
  const std::string damaged[] = {
      "",          "2\nmode=ca\n", "1\nmode=off\n",      "1\nmode=any\n",  "1\nx=1\n",
      "1\nmode\n", "1\nmode=ca",   "1\npin1=AA:BB:CC\n", good + "garbage", encode_trust_setting(both)};
  for (const std::string& text : damaged) {
    const auto back = with_trust_setting({}, {}, text);
    ASSERT_FALSE(back) << text;
    EXPECT_EQ(back.error().code, trust_setting_damaged) << text;
  }
}

}  // namespace
}  // namespace meterseal::app
