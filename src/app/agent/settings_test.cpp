#include "app/agent/settings.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

constexpr std::uint64_t kRandom = 0xFFFF'1234'5678'9ABC;

TEST(Settings, OfANewDeviceAreTheDefaults) {
  const Settings settings({}, 1, kRandom);
  EXPECT_EQ(settings.tele_period(), seconds{300});
  EXPECT_EQ(settings.start(), Start::power_on);
  EXPECT_EQ(settings.starts(), 1U);
  EXPECT_EQ(settings.seed(), 0x1234'5678'9ABCU);
  EXPECT_EQ(settings.outbox(), "FFFF1234");
  EXPECT_EQ(settings.value("ledger/main"), "");
}

TEST(Settings, KeepTheSeedOfTheDeviceForEver) {
  const Settings first({}, 1, kRandom);
  const Settings second(first.changes_of_start(), 1, 42);
  EXPECT_EQ(second.seed(), first.seed());
  EXPECT_EQ(second.outbox(), first.outbox());
  EXPECT_EQ(second.starts(), 2U);
}

TEST(Settings, TellARestartFromTheFirstStartOfABoot) {
  const Settings first({}, 7, kRandom);
  EXPECT_EQ(Settings(first.changes_of_start(), 7, 0).start(), Start::restart);
  EXPECT_EQ(Settings(first.changes_of_start(), 8, 0).start(), Start::power_on);
}

TEST(Settings, KeepTheTelePeriodThatWasSet) {
  Settings settings({}, 1, kRandom);
  const outbox::NamedValue change = settings.set_tele_period(seconds{60});
  EXPECT_EQ(settings.tele_period(), seconds{60});
  EXPECT_EQ(Settings({change}, 1, 0).tele_period(), seconds{60});
}

TEST(Settings, DoNotBelieveAValueThatIsNone) {
  const Settings settings({{"setting/TelePeriod", "3601"}, {"device/starts", "-4"}, {"device/seed", "x"}}, 1, 5);
  EXPECT_EQ(settings.tele_period(), seconds{300});
  EXPECT_EQ(settings.starts(), 1U);
  EXPECT_EQ(settings.seed(), 5U);
}

}  // namespace
}  // namespace meterseal::app
