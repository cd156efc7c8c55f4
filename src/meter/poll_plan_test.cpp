#include "meter/poll_plan.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "meter/errors.hpp"
#include "support/csv_file.hpp"
#include "support/profiles.hpp"

namespace meterseal::meter {
namespace {

using test::default_profile;
using test::default_profiles;

std::string blocks(std::span<const PollRequest> requests) {
  std::string text;
  for (const PollRequest& request : requests) {
    char block[24];
    std::snprintf(block, sizeof block, "%s%04X+%u", text.empty() ? "" : " ", request.address, request.words);
    text += block;
  }
  return text;
}

std::vector<std::uint16_t> input_registers(const Profile& profile, const std::vector<std::uint16_t>& addresses) {
  std::vector<std::uint16_t> indices;
  for (const std::uint16_t address : addresses) {
    for (std::size_t i = 0; i < profile.registers.size(); ++i) {
      if (profile.registers[i].table == Table::input && profile.registers[i].address == address) {
        indices.push_back(static_cast<std::uint16_t>(i));
      }
    }
  }
  EXPECT_EQ(indices.size(), addresses.size());
  return indices;
}

/// The register sets that the reference times were computed for.
std::vector<std::uint16_t> reference_set(const std::string& name) {
  if (name == "SDM120 old") {
    return input_registers(default_profile("SDM120"),
                           {0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158});
  }
  const Profile& profile = default_profile(name);
  std::vector<std::uint16_t> wanted = profile.all;
  if (name == "SDM630") {  // protocol 2.0 has one register more
    const std::uint16_t inverted = test::register_index(profile, "power_factor_total_inverted");
    wanted.insert(std::lower_bound(wanted.begin(), wanted.end(), inverted), inverted);
  }
  return wanted;
}

PollTiming line_of(const std::vector<std::string>& row) {
  return PollTiming{static_cast<std::uint32_t>(std::stoul(row[2])), static_cast<std::uint8_t>(std::stoul(row[1])),
                    milliseconds(std::stol(row[3])), milliseconds(std::stol(row[4]))};
}

TEST(PollPlan, MeetsEveryIndependentlyComputedMinimum) {
  std::size_t checked = 0;
  for (const auto& row : test::read_csv("poll_timing.csv")) {
    SCOPED_TRACE(row[0] + " " + row[1] + " bit " + row[2] + " baud, turnaround " + row[3] + ", gap " + row[4]);
    const PollTiming line = line_of(row);
    double expected_ms = 0;
    if (row[0] == "SDM630 first 80 words") {
      const PollRequest request{Table::input, 0, 80, {}};
      expected_ms = static_cast<double>(expected_cycle({&request, 1}, line).count()) / 1000;
    } else {
      const Profile& profile = default_profile(row[0].substr(0, row[0].find(' ')));
      const auto plan = make_poll_plan(profile, reference_set(row[0]), line);
      ASSERT_TRUE(plan);
      EXPECT_EQ(blocks(plan->requests), row[8]);
      EXPECT_EQ(plan->requests.size(), std::stoul(row[5]));
      EXPECT_EQ(plan->words(), std::stoul(row[6]));
      expected_ms = static_cast<double>(plan->expected.count()) / 1000;
    }
    EXPECT_NEAR(expected_ms, std::stod(row[7]), 0.0501) << "the reference is rounded to 0.1 ms";
    ++checked;
  }
  EXPECT_EQ(checked, 350U);
}

TEST(PollPlan, TelemetryOfAnSdm630IsOneRequest) {
  const Profile& profile = default_profile("SDM630");
  const auto plan = make_poll_plan(profile, profile.telemetry, PollTiming{});
  ASSERT_TRUE(plan);
  EXPECT_EQ(blocks(plan->requests), "0000+80");
  EXPECT_EQ(plan->requests[0].function(), 4);
  EXPECT_EQ(plan->requests[0].registers, profile.telemetry);
}

TEST(PollPlan, CoversEveryWantedRegisterOnceWithinTheLimitOfEveryModel) {
  const PollTiming lines[] = {{1200, 11, microseconds(0), microseconds(0)},
                              {9600, 10, microseconds(20000), microseconds(60000)},
                              {115200, 10, microseconds(100000), microseconds(0)},
                              kNetworkTiming};
  for (const Profile& profile : default_profiles()) {
    for (const PollTiming& line : lines) {
      SCOPED_TRACE(std::string(profile.model.view()) + " at " + std::to_string(line.baud));
      const auto plan = make_poll_plan(profile, profile.all, line);
      ASSERT_TRUE(plan);
      std::vector<std::uint16_t> read;
      for (const PollRequest& request : plan->requests) {
        EXPECT_LE(request.words, profile.limits.max_words);
        for (const std::uint16_t index : request.registers) {
          const Register& entry = profile.registers[index];
          EXPECT_EQ(entry.table, request.table);
          EXPECT_GE(entry.address, request.address);
          EXPECT_LE(entry.end(), std::uint32_t{request.address} + request.words);
          read.push_back(index);
        }
      }
      EXPECT_EQ(read, profile.all);
    }
  }
}

TEST(PollPlan, NeverReadsAWordThatTheMeterRefuses) {
  for (const char* model : {"EM24", "EM340", "DTSU666", "iEM3155", "OR-WE-514"}) {
    SCOPED_TRACE(model);
    const Profile& profile = default_profile(model);
    const auto plan = make_poll_plan(profile, profile.all, kNetworkTiming);
    ASSERT_TRUE(plan);
    for (const PollRequest& request : plan->requests) {
      std::size_t documented = 0;
      for (const std::uint16_t index : request.registers) documented += profile.registers[index].words;
      EXPECT_EQ(documented, request.words) << blocks({&request, 1});
    }
  }
  const Profile& em24 = default_profile("EM24");
  EXPECT_EQ(blocks(make_poll_plan(em24, em24.all, kNetworkTiming)->requests),
            "0000+6 000C+12 0028+2 0032+4 0037+1 0042+2 0046+6");
}

TEST(PollPlan, BridgesAHoleThatAnotherRegisterFills) {
  const Profile& profile = default_profile("EM340");
  const std::vector<std::uint16_t> wanted = {test::register_index(profile, "voltage_l1"),
                                             test::register_index(profile, "current_l1")};
  EXPECT_EQ(blocks(make_poll_plan(profile, wanted, PollTiming{})->requests), "0000+14");
}

TEST(PollPlan, DoesNotTrustARegisterThatMustNotBePolledToFillAHole) {
  const Profile& profile = default_profile("EM340");
  const std::vector<std::uint16_t> wanted = {test::register_index(profile, "energy_active_import_l3"),
                                             test::register_index(profile, "energy_active_export_total")};
  EXPECT_EQ(blocks(make_poll_plan(profile, wanted, PollTiming{})->requests), "0044+2 004E+2")
      << "0046 and 0048 are not confirmed on this meter";
}

TEST(PollPlan, BridgesWhereTheMeterAnswersForUndocumentedWords) {
  const Profile& profile = default_profile("ABB-B23");
  const std::vector<std::uint16_t> wanted = {test::register_index(profile, "frequency"),
                                             test::register_index(profile, "power_factor_total")};
  EXPECT_EQ(blocks(make_poll_plan(profile, wanted, PollTiming{})->requests), "5B2C+15");
}

TEST(PollPlan, SplitsTablesAndKeepsIdentityAlone) {
  const Profile& profile = default_profile("SDM630");
  const auto serial = test::register_index(profile, "serial_number");
  const std::vector<std::uint16_t> wanted = {test::register_index(profile, "voltage_l1"), serial};
  const auto plan = make_poll_plan(profile, wanted, PollTiming{});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->requests.size(), 2U);
  EXPECT_EQ(plan->requests[1].function(), 3);
  const PollRequest single = single_request(profile, serial);
  EXPECT_EQ(single.function(), 3);
  EXPECT_EQ(single.address, 0xFC00);
  EXPECT_EQ(single.words, 2);
  EXPECT_EQ(single.registers, (std::vector<std::uint16_t>{serial}));
}

TEST(PollPlan, RefusesWhatCannotBeRead) {
  Profile profile = default_profile("SDM630");
  const auto nothing = make_poll_plan(profile, {}, PollTiming{});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code.name, "meter_plan_impossible");
  profile.limits.max_words = 1;
  const auto too_long = make_poll_plan(profile, profile.all, PollTiming{});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code.name, "meter_plan_impossible");
  EXPECT_EQ(too_long.error().detail.view(), "voltage_l1");
}

TEST(PollPlan, SilenceAfterAFrameIsThatOfTheSerialLineGuide) {
  EXPECT_EQ(frame_silence(9600, 11), microseconds(4011)) << "3.5 characters, rounded up";
  EXPECT_EQ(frame_silence(19200, 10), microseconds(1823));
  EXPECT_EQ(frame_silence(38400, 10), microseconds(1750));
}

}  // namespace
}  // namespace meterseal::meter
