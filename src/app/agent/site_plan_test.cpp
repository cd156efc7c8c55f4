#include "app/agent/site_plan.hpp"

#include <gtest/gtest.h>

#include "support/profiles.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kSite;

std::vector<BusPlan> plan_of(const std::string& text) {
  const std::vector<std::string> names{"SDM630", "SDM120", "PZEM-004T-V3"};
  const auto config = parse_config(text, "site.toml", names);
  if (!config) {
    ADD_FAILURE() << config.error().front().detail.view();
    return {};
  }
  auto plan = make_site_plan(*config, test::default_profiles());
  if (!plan) ADD_FAILURE() << plan.error().detail.view();
  return std::move(*plan);
}

const std::string kTwoMeters = kSite + "[[bus.meter]]\naddress = 2\nprofile = \"sdm120\"\nname = \"heatpump\"\n";

TEST(SitePlan, PutsThePrimaryMeterUnderEnergyAndOthersUnderTheirNames) {
  const auto buses = plan_of(kTwoMeters);
  ASSERT_EQ(buses.size(), 1U);
  ASSERT_EQ(buses[0].meters.size(), 2U);
  EXPECT_EQ(buses[0].meters[0].key, "ENERGY");
  EXPECT_EQ(buses[0].meters[0].name, "main");
  EXPECT_EQ(buses[0].meters[1].key, "heatpump");
  EXPECT_EQ(buses[0].settings.name, "bus1");
}

TEST(SitePlan, TakesTimesFromTheProfileUnlessTheFileSaysOtherwise) {
  const auto bus = plan_of(kSite)[0];
  const auto& meter = bus.settings.meters[0].plan;
  EXPECT_EQ(meter.response_timeout, milliseconds{1000});
  EXPECT_EQ(meter.gap, milliseconds{60});
  EXPECT_EQ(meter.slave_change_gap, milliseconds{100});
  EXPECT_EQ(meter.poll_interval, milliseconds{1000});

  const auto tuned = plan_of(kSite + "timeout_ms = 300\ngap_ms = 5\npoll_ms = 2000\n")[0].settings.meters[0].plan;
  EXPECT_EQ(tuned.response_timeout, milliseconds{300});
  EXPECT_EQ(tuned.gap, milliseconds{5});
  EXPECT_EQ(tuned.slave_change_gap, milliseconds{5});
  EXPECT_EQ(tuned.poll_interval, milliseconds{2000});
}

TEST(SitePlan, LeavesSilencesToAGatewayThatSpeaksModbusTcp) {
  const std::string tcp = changed(kSite, "device = \"/dev/ttyUSB0\"", "tcp = \"192.0.2.7\"");
  EXPECT_EQ(plan_of(tcp)[0].settings.meters[0].plan.gap, milliseconds{0});
  const std::string rtu = changed(tcp, "tcp = \"192.0.2.7\"", "tcp = \"192.0.2.7\"\nframing = \"rtu\"");
  EXPECT_EQ(plan_of(rtu)[0].settings.meters[0].plan.gap, milliseconds{60});
}

TEST(SitePlan, AsksTheSameOfBusAndDecoder) {
  const auto bus = plan_of(kTwoMeters)[0];
  for (std::size_t m = 0; m < bus.meters.size(); ++m) {
    const auto& asked = bus.settings.meters[m].plan;
    ASSERT_EQ(asked.blocks.size(), bus.meters[m].requests.size());
    ASSERT_EQ(asked.identity.size(), bus.meters[m].identity.size());
    for (std::size_t i = 0; i < asked.blocks.size(); ++i) {
      EXPECT_EQ(asked.blocks[i].start, bus.meters[m].requests[i].address);
      EXPECT_EQ(asked.blocks[i].words, bus.meters[m].requests[i].words);
      EXPECT_EQ(static_cast<std::uint8_t>(asked.blocks[i].function), bus.meters[m].requests[i].function());
    }
  }
}

TEST(SitePlan, ReadsMoreWhenAllRegistersAreAskedFor) {
  const auto words = [](const BusPlan& bus) {
    std::size_t sum = 0;
    for (const auto& request : bus.meters[0].requests) sum += request.words;
    return sum;
  };
  EXPECT_LT(words(plan_of(kSite)[0]), words(plan_of(kSite + "read = \"all\"\n")[0]));
}

std::vector<std::string> read_by(const MeterPlan& meter, std::size_t request) {
  std::vector<std::string> names;
  for (const std::uint16_t index : meter.requests[request].registers) {
    names.emplace_back(meter.profile->registers[index].name.view());
  }
  return names;
}

TEST(SitePlan, ReadsTheSlowGroupOfTheProfileEachMinuteAndBeforeTelemetry) {
  const auto bus = plan_of(kSite)[0];
  const auto& plan = bus.settings.meters[0].plan;
  ASSERT_EQ(plan.slow_blocks, 1U);
  EXPECT_EQ(plan.slow_interval, seconds{60});
  EXPECT_EQ(plan.poll_interval, seconds{1});
  const MeterPlan& meter = bus.meters[0];
  EXPECT_TRUE(meter.reads_before_telemetry);
  for (std::size_t i = 0; i < meter.requests.size(); ++i) {
    for (const std::uint16_t index : meter.requests[i].registers) {
      const bool slow = meter.profile->registers[index].group == meter::Group::slow;
      EXPECT_EQ(slow, i + 1 == meter.requests.size()) << meter.profile->registers[index].name.view();
    }
  }
  EXPECT_LT(meter.freshness, seconds{4});
  EXPECT_GT(meter.slow_freshness, seconds{61});
  EXPECT_TRUE(shape_of(meter).is_slow(meter::Measurand::energy_active_import_total));
  EXPECT_FALSE(shape_of(meter).is_slow(meter::Measurand::power_active_total));
}

TEST(SitePlan, ReadsTheSlowGroupAsOftenAsTheFileSaysAndNoMore) {
  const auto apart = plan_of(kSite + "energy_ms = 5000\n")[0];
  EXPECT_EQ(apart.settings.meters[0].plan.slow_blocks, 1U);
  EXPECT_EQ(apart.settings.meters[0].plan.slow_interval, seconds{5});
  EXPECT_FALSE(apart.meters[0].reads_before_telemetry);

  const auto together = plan_of(kSite + "energy_ms = 1000\n")[0];
  EXPECT_EQ(together.settings.meters[0].plan.slow_blocks, 0U);
  EXPECT_EQ(together.meters[0].slow_freshness, together.meters[0].freshness);
  EXPECT_EQ(together.meters[0].requests.size(), 1U);
}

TEST(SitePlan, ReadsEverythingTogetherWhereThePollIsNoFasterThanTheSlowGroup) {
  for (const char* poll : {"60000", "300000"}) {
    const auto bus = plan_of(kSite + "poll_ms = " + poll + "\n")[0];
    EXPECT_EQ(bus.settings.meters[0].plan.slow_blocks, 0U);
    EXPECT_EQ(bus.meters[0].slow_freshness, bus.meters[0].freshness);
    EXPECT_FALSE(bus.meters[0].reads_before_telemetry);
  }
  EXPECT_EQ(plan_of(kSite + "poll_ms = 10000\n")[0].settings.meters[0].plan.slow_interval, seconds{60});
}

TEST(SitePlan, TakesACounterAlongThatLiesWithinARequestWhichIsSentAnyway) {
  const auto bus = plan_of(changed(kSite, "sdm630", "pzem-004t-v3"))[0];
  EXPECT_EQ(bus.settings.meters[0].plan.slow_blocks, 0U);
  EXPECT_EQ(bus.meters[0].slow_freshness, bus.meters[0].freshness);
  ASSERT_EQ(bus.meters[0].requests.size(), 1U);
  EXPECT_EQ(read_by(bus.meters[0], 0),
            (std::vector<std::string>{"voltage_l1", "current_l1", "power_active_total", "energy_active_import_total",
                                      "frequency", "power_factor_total"}));
}

TEST(SitePlan, CallsAValueLiveForOneIntervalOneRoundOfTheLineAndOneLostAnswer) {
  const auto one = plan_of(kSite)[0].meters[0].freshness;
  EXPECT_GT(one, milliseconds{2000});  // 1 s of interval, 1 s of time-out
  EXPECT_LT(one, milliseconds{3000});
  EXPECT_GT(plan_of(kTwoMeters)[0].meters[0].freshness, one);
  EXPECT_GT(plan_of(kSite + "poll_ms = 60000\n")[0].meters[0].freshness, seconds{61});
}

TEST(SitePlan, KnowsHowACharacterIsFramed) {
  const std::vector<std::string> names{"SDM630"};
  const auto frame = [&](const std::string& text) {
    return character_frame(parse_config(text, "site.toml", names)->buses[0]);
  };
  EXPECT_EQ(frame(kSite), "8N1");
  EXPECT_EQ(frame(changed(kSite, "[[bus.meter]]", "parity = \"even\"\nstop_bits = 2\n[[bus.meter]]")), "8E2");
  EXPECT_EQ(frame(changed(kSite, "device = \"/dev/ttyUSB0\"", "tcp = \"192.0.2.7\"")), "");
}

}  // namespace
}  // namespace meterseal::app
