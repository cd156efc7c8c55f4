#include "meter/plausibility.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/profiles.hpp"

namespace meterseal::meter {
namespace {

using test::default_profile;

using Block = std::vector<Value>;

Block block_of(const std::vector<std::pair<Measurand, std::int64_t>>& values) {
  Block block;
  for (const auto& [what, milli] : values) block.push_back({static_cast<std::uint16_t>(block.size()), what, milli});
  return block;
}

/// What is left of the block, by name.
std::map<std::string, std::int64_t> kept(const Block& block) {
  std::map<std::string, std::int64_t> names;
  for (const Value& value : block) {
    if (value.milli) names.emplace(name_of(value.what), *value.milli);
  }
  return names;
}

/// A three-phase block that real meters give: a capture of an SDM630.
Block good_block() {
  using M = Measurand;
  return block_of({{M::voltage_l1, 221917},
                   {M::voltage_l2, 230169},
                   {M::voltage_l3, 233361},
                   {M::current_l1, 3583},
                   {M::current_l2, 5148},
                   {M::current_l3, 4906},
                   {M::power_active_l1, 754754},
                   {M::power_active_l2, 1183510},
                   {M::power_active_l3, 1141647},
                   {M::power_apparent_l1, 754798},
                   {M::power_apparent_l2, 1183756},
                   {M::power_apparent_l3, 1143876},
                   {M::power_factor_l1, 1000},
                   {M::power_factor_l2, 1000},
                   {M::power_factor_l3, 998},
                   {M::power_active_total, 3079911},
                   {M::power_apparent_total, 3082429},
                   {M::power_factor_total, 999},
                   {M::frequency, 50021},
                   {M::energy_active_import_total, 27215500000}});
}

Value& of(Block& block, Measurand what) {
  for (Value& value : block) {
    if (value.what == what) return value;
  }
  ADD_FAILURE() << "not in the block: " << name_of(what);
  return block.front();
}

struct Case {
  const char* sentence;
  std::int64_t milli;  // given to `what`
  std::vector<Measurand> lost;
  Measurand what;
  Reason reason;
};

TEST(Plausibility, RejectsWhatThisMeterCannotHaveMeasured) {
  using M = Measurand;
  const Case cases[] = {
      {"a voltage above any mains", 300001, {M::voltage_l2}, M::voltage_l2, Reason::voltage_out_of_range},
      {"a negative voltage", -1, {M::voltage_l2}, M::voltage_l2, Reason::voltage_out_of_range},
      {"1.2 times 100 A", 120001, {M::current_l1}, M::current_l1, Reason::current_out_of_range},
      {"as much backwards", -120001, {M::current_l1}, M::current_l1, Reason::current_out_of_range},
      {"more power than a phase has", 36000001, {M::power_active_l1}, M::power_active_l1, Reason::power_out_of_range},
      {"more power than three phases have",
       108000001,
       {M::power_apparent_total},
       M::power_apparent_total,
       Reason::power_out_of_range},
      {"a factor above one", 1002, {M::power_factor_l3}, M::power_factor_l3, Reason::factor_out_of_range},
      {"a factor below minus one", -1002, {M::power_factor_total}, M::power_factor_total, Reason::factor_out_of_range},
      {"a frequency of no grid", 44999, {M::frequency}, M::frequency, Reason::frequency_out_of_range},
      {"a frequency above every grid", 65001, {M::frequency}, M::frequency, Reason::frequency_out_of_range},
      {"a total that is not the sum",
       3200000,
       {M::power_active_total, M::power_apparent_total},
       M::power_active_total,
       Reason::active_above_apparent},
      {"a total far below the sum",
       2900000,
       {M::power_active_l1, M::power_active_l2, M::power_active_l3, M::power_active_total},
       M::power_active_total,
       Reason::phases_do_not_add_up},
      {"apparent power below active power",
       1100000,
       {M::power_active_l3, M::power_apparent_l3},
       M::power_apparent_l3,
       Reason::active_above_apparent},
      {"a current that cannot carry the power",
       4000,
       {M::power_active_l2, M::power_factor_l2, M::voltage_l2, M::current_l2},
       M::current_l2,
       Reason::power_above_volt_amperes},
  };
  for (const Case& row : cases) {
    SCOPED_TRACE(row.sentence);
    Plausibility plausibility(default_profile("SDM630"));
    Block block = good_block();
    auto expected = kept(block);
    of(block, row.what).milli = row.milli;
    for (const Measurand what : row.lost) expected.erase(std::string(name_of(what)));
    const Rejections rejections = plausibility.filter(block);
    EXPECT_EQ(kept(block), expected) << "nothing else is touched";
    ASSERT_EQ(rejections.size(), row.lost.size());
    for (const Rejection& rejection : rejections) EXPECT_EQ(text_of(rejection.reason), text_of(row.reason));
    EXPECT_EQ(plausibility.counts()[static_cast<std::size_t>(row.reason)], row.lost.size());
  }
}

TEST(Plausibility, KeepsWhatRealMetersGive) {
  Plausibility plausibility(default_profile("SDM630"));
  Block block = good_block();
  const auto before = kept(block);
  EXPECT_TRUE(plausibility.filter(block).empty());
  EXPECT_EQ(kept(block), before);
}

TEST(Plausibility, KeepsTheEdges) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM630"));
  Block block = block_of({{M::voltage_l1, 0},
                          {M::voltage_l2, 300000},
                          {M::voltage_l1_l2, 519900},
                          {M::current_l1, 120000},
                          {M::current_neutral, 360000},
                          {M::power_reactive_l1, -36000000},
                          {M::power_factor_l1, -1001},
                          {M::frequency, 45000},
                          {M::phase_angle_total, -180000},
                          {M::other, 99999999999}});
  EXPECT_TRUE(plausibility.filter(block).empty());
  Block dead = block_of({{M::frequency, 0}, {M::voltage_l1, 0}});
  EXPECT_TRUE(plausibility.filter(dead).empty()) << "a dead feeder is a measurement";
  Block beyond = block_of({{M::voltage_l1_l2, 520000}, {M::current_neutral, 360001}});
  EXPECT_EQ(plausibility.filter(beyond).size(), 2U);
}

TEST(Plausibility, NeverTouchesACounter) {
  using M = Measurand;
  Plausibility plausibility(default_profile("DTSU666"));
  Block block =
      block_of({{M::voltage_l1, 23000}, {M::energy_active_import_total, -5}, {M::energy_active_export_l1, INT64_MAX}});
  EXPECT_EQ(plausibility.filter(block).size(), 1U) << "only the voltage";
  EXPECT_EQ(block[1].milli, -5);
  EXPECT_EQ(block[2].milli, INT64_MAX);
}

TEST(Plausibility, ExportAndSmallLoadsAddUp) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM630"));
  Block exporting = block_of({{M::power_active_l1, -2000000},
                              {M::power_active_l2, 500000},
                              {M::power_active_l3, 0},
                              {M::power_active_total, -1500000}});
  EXPECT_TRUE(plausibility.filter(exporting).empty());
  Block rounding = block_of({{M::power_active_l1, 4000},
                             {M::power_active_l2, 3000},
                             {M::power_active_l3, 2000},
                             {M::power_active_total, 12000}});
  EXPECT_TRUE(plausibility.filter(rounding).empty());
  Block all_as_import = block_of({{M::power_active_l1, -2000000},
                                  {M::power_active_l2, 500000},
                                  {M::power_active_l3, 0},
                                  {M::power_active_total, 2500000}});
  EXPECT_TRUE(plausibility.filter(all_as_import).empty()) << "a meter that counts everything as import";
}

TEST(Plausibility, RelationsNeedAllTheirValues) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM630"));
  Block two_phases =
      block_of({{M::power_active_l1, 1000000}, {M::power_active_l2, 1000000}, {M::power_active_total, 9000000}});
  EXPECT_TRUE(plausibility.filter(two_phases).empty());
  Block three_wires = block_of(
      {{M::power_active_l1, 0}, {M::power_active_l2, 0}, {M::power_active_l3, 0}, {M::power_active_total, 5000000}});
  EXPECT_TRUE(plausibility.filter(three_wires).empty()) << "wired for three wires the meter leaves the phases at zero";
  Block no_factor =
      block_of({{M::voltage_l1, 230000}, {M::current_l1, 0}, {M::power_factor_l1, 0}, {M::power_active_l1, 15000}});
  EXPECT_TRUE(plausibility.filter(no_factor).empty());
  Block unavailable = block_of({{M::power_active_l1, 1000000}, {M::power_apparent_l1, 0}});
  unavailable[1].milli.reset();
  EXPECT_TRUE(plausibility.filter(unavailable).empty());
}

TEST(Plausibility, ADistortedLoadMayHaveLessPowerThanItsFactorSays) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM120"));
  Block block = block_of(
      {{M::voltage_l1, 230000}, {M::current_l1, 1000}, {M::power_factor_total, 980}, {M::power_active_total, 138000}});
  EXPECT_TRUE(plausibility.filter(block).empty());
}

TEST(Plausibility, TheTotalOfASinglePhaseMeterIsItsPhase) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM120"));
  Block block = block_of(
      {{M::voltage_l1, 230000}, {M::current_l1, 1000}, {M::power_factor_total, 500}, {M::power_active_total, 200000}});
  EXPECT_EQ(plausibility.filter(block).size(), 4U);
  EXPECT_EQ(plausibility.counts()[static_cast<std::size_t>(Reason::power_above_volt_amperes)], 4U);
  Block heavy = block_of({{M::power_active_total, 16200001}});
  EXPECT_EQ(plausibility.filter(heavy).size(), 1U) << "1.2 x 300 V x 45 A is the most of an SDM120";
}

TEST(Plausibility, AWrongPowerOfTenIsNamedWhereEditionsDiffer) {
  using M = Measurand;
  const auto values = [](std::int64_t voltage) {
    return block_of({{M::voltage_l1, voltage},
                     {M::voltage_l2, 0},
                     {M::voltage_l3, voltage},
                     {M::power_active_total, 77000},
                     {M::other, 5}});
  };
  Plausibility chint(default_profile("DTSU666"));
  for (const std::int64_t voltage : {23010, 8000, 30000, 800000, 2301000}) {
    Block block = values(voltage);
    const Rejections rejections = chint.filter(block);
    EXPECT_EQ(rejections.size(), 5U) << voltage;
    EXPECT_TRUE(kept(block).empty());
    EXPECT_EQ(text_of(rejections[0].reason), text_of(Reason::scale_doubtful));
  }
  for (const std::int64_t voltage : {0, 5000, 230100}) {
    Block block = values(voltage);
    EXPECT_TRUE(chint.filter(block).empty()) << voltage;
  }
  Plausibility eastron(default_profile("SDM630"));
  Block low = values(23010);
  EXPECT_TRUE(eastron.filter(low).empty()) << "where the scale is certain, 23 V are 23 V";
}

TEST(Plausibility, BehindAVoltageTransformerTheVoltsGrow) {
  using M = Measurand;
  Plausibility plausibility(default_profile("DTSU666"));
  Multipliers multipliers;
  multipliers.vt_ratio_milli = 100000;
  plausibility.set_multipliers(multipliers);
  Block high = block_of({{M::voltage_l1, 5774000}});
  EXPECT_TRUE(plausibility.filter(high).empty()) << "10 kV through 100:1";
  Block mains = block_of({{M::voltage_l1, 2310000}});
  EXPECT_EQ(plausibility.filter(mains).size(), 1U) << "a tenth of the line voltage";
}

TEST(Plausibility, TheMostOfAMeterBoundsItsCounterToo) {
  EXPECT_EQ(max_power_mw(default_profile("SDM630"), Multipliers{}), 108000000);
  EXPECT_EQ(max_power_mw(default_profile("SDM120"), Multipliers{}), 16200000);
  Multipliers multipliers;
  multipliers.vt_ratio_milli = 2000;
  EXPECT_EQ(max_power_mw(default_profile("SDM120"), multipliers), 32400000);
}

TEST(Plausibility, CountsGrowFromBlockToBlock) {
  using M = Measurand;
  Plausibility plausibility(default_profile("SDM630"));
  for (int i = 0; i < 3; ++i) {
    Block block = block_of({{M::frequency, 20000}});
    EXPECT_EQ(plausibility.filter(block)[0].milli, 20000);
  }
  EXPECT_EQ(plausibility.counts()[static_cast<std::size_t>(Reason::frequency_out_of_range)], 3U);
}

TEST(Plausibility, RejectsMoreThanItLists) {
  using M = Measurand;
  Plausibility plausibility(default_profile("DTSU666"));
  std::vector<std::pair<M, std::int64_t>> values{{M::voltage_l1, 23000}};
  for (int i = 0; i < 40; ++i) values.emplace_back(M::other, 1);
  Block block = block_of(values);
  EXPECT_EQ(plausibility.filter(block).size(), 16U);
  EXPECT_TRUE(kept(block).empty());
  EXPECT_EQ(plausibility.counts()[static_cast<std::size_t>(Reason::scale_doubtful)], 41U);
}

}  // namespace
}  // namespace meterseal::meter
