#include "meter/profile.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "meter/errors.hpp"
#include "support/profiles.hpp"

namespace meterseal::meter {
namespace {

using test::default_profile;
using test::default_profiles;

std::set<std::string> names(const Profile& profile, const std::vector<std::uint16_t>& indices) {
  std::set<std::string> all;
  for (const std::uint16_t index : indices) all.emplace(profile.registers[index].name.view());
  return all;
}

TEST(Profile, UnknownModelNamesTheKnownOnes) {
  const auto found = find_profile(default_profiles(), "SDM999");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code.name, "meter_profile_not_found");
  EXPECT_EQ(found.error().where.view(), "SDM999");
  EXPECT_TRUE(found.error().detail.view().starts_with("is no known meter; known: SDM120 "))
      << found.error().detail.view();
  EXPECT_EQ(find_profile(default_profiles(), "sdm603").error().detail.view(),
            "is no known meter; did you mean SDM630?");
  EXPECT_FALSE(find_profile(default_profiles(), ""));
  EXPECT_FALSE(find_profile(default_profiles(), "--"));
  EXPECT_FALSE(find_profile(default_profiles(), "SDM63"));
  EXPECT_FALSE(find_profile(default_profiles(), "SDM6300"));
}

TEST(Profile, EveryFamilyIsCompiledIn) {
  const char* const models[] = {"SDM120",       "SDM220",   "SDM230",    "SDM630",     "SDM72D-M", "SDM72D-M-V2",
                                "PZEM-004T-V3", "PZEM-016", "DTSU666",   "DTSU666-QM", "ABB-B23",  "iEM3155",
                                "EM24",         "EM340",    "OR-WE-514", "OR-WE-516",  "PRO380",   "JANITZA-B23"};
  EXPECT_EQ(default_profiles().size(), std::size(models));
  for (const char* model : models) {
    const auto found = find_profile(default_profiles(), model);
    ASSERT_TRUE(found) << model;
    EXPECT_EQ((*found)->model.view(), model);
  }
}

TEST(Profile, IsFoundWithoutRegardToCaseAndSeparatorsAndByAlias) {
  const std::pair<const char*, const char*> rows[] = {
      {"sdm630", "SDM630"},         {"SDM_630-modbus", "SDM630"},
      {"sdm72dmv2", "SDM72D-M-V2"}, {"SDM72D-M V2", "SDM72D-M-V2"},
      {"pzem014", "PZEM-016"},      {"B21", "ABB-B23"},
      {"b24", "ABB-B23"},           {"em330", "EM340"},
      {"ET340", "EM340"},           {"or-we-515", "OR-WE-514"},
      {"ORWE517", "OR-WE-516"},     {"iEM3255", "iEM3155"},
  };
  for (const auto& [name, model] : rows) {
    const auto found = find_profile(default_profiles(), name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ((*found)->model.view(), model) << name;
  }
}

TEST(Profile, EveryDefaultModelGivesTelemetryItsBasics) {
  for (const Profile& profile : default_profiles()) {
    SCOPED_TRACE(profile.model.view());
    const auto telemetry = names(profile, profile.telemetry);
    EXPECT_TRUE(telemetry.contains("power_active_total"));
    EXPECT_TRUE(profile.import_counter) << "the ledger needs a counter";
    EXPECT_EQ(telemetry.contains("voltage_l1"), profile.model != std::string_view("SDM72D-M"));
    EXPECT_EQ(profile.phases == 3 && telemetry.contains("voltage_l1"), telemetry.contains("voltage_l3"));
    EXPECT_LE(telemetry.size(), 31U);
  }
}

TEST(Profile, TelemetryOfAnSdm630IsWhatTheEnergyObjectShows) {
  const Profile& profile = default_profile("SDM630");
  std::set<std::string> expected = {"frequency", "energy_active_import_total", "energy_active_export_total",
                                    "energy_reactive_import_total", "energy_reactive_export_total"};
  for (const char* quantity :
       {"power_active_", "power_apparent_", "power_reactive_", "power_factor_", "phase_angle_"}) {
    for (const char* phase : {"l1", "l2", "l3", "total"}) expected.insert(std::string(quantity) + phase);
  }
  for (const char* phase : {"l1", "l2", "l3"}) {
    expected.insert(std::string("voltage_") + phase);
    expected.insert(std::string("current_") + phase);
  }
  EXPECT_EQ(names(profile, profile.telemetry), expected);
}

TEST(Profile, EverythingMeasuredIsReadExceptWhatNoDocumentNames) {
  const Profile& profile = default_profile("SDM630");
  const auto all = names(profile, profile.all);
  EXPECT_EQ(all.size(), 85U) << "the registers of protocol 1.8";
  EXPECT_TRUE(all.contains("thd_voltage_l1"));
  EXPECT_FALSE(all.contains("demand_power_active_import")) << "in libraries only";
  EXPECT_FALSE(all.contains("serial_number"));
}

TEST(Profile, TheImportCounterIsTheTotalWhereNoImportIsCounted) {
  const Profile& orno = default_profile("OR-WE-514");
  EXPECT_EQ(orno.import_counter, test::register_index(orno, "energy_active_total"));
  EXPECT_FALSE(orno.export_counter);
  const Profile& sdm = default_profile("SDM120");
  EXPECT_EQ(sdm.import_counter, test::register_index(sdm, "energy_active_import_total"));
  EXPECT_EQ(sdm.export_counter, test::register_index(sdm, "energy_active_export_total"));
  const auto telemetry = names(sdm, sdm.telemetry);
  EXPECT_FALSE(telemetry.contains("energy_active_total")) << "import + export: nothing that a dashboard should show";
}

TEST(Profile, IdentityIsReadRegisterByRegister) {
  EXPECT_EQ(names(default_profile("SDM630"), default_profile("SDM630").identity),
            (std::set<std::string>{"energy_unit_prefix", "serial_number"}));
  EXPECT_EQ(names(default_profile("DTSU666"), default_profile("DTSU666").identity),
            (std::set<std::string>{"ct_ratio", "vt_ratio"}));
  EXPECT_TRUE(default_profile("PZEM-016").identity.empty());
}

TEST(Profile, EveryDefaultModelReadsCountersEachMinuteAndWhatTheyCountAtEachPoll) {
  for (const Profile& profile : default_profiles()) {
    EXPECT_EQ(profile.limits.slow_interval, seconds(60)) << profile.model.view();
    for (const std::uint16_t index : profile.all) {
      const Register& entry = profile.registers[index];
      SCOPED_TRACE(std::string(profile.model.view()) + " " + std::string(entry.name.view()));
      const bool counts = entry.unit == Unit::kilowatt_hour || entry.unit == Unit::kilovar_hour ||
                          entry.unit == Unit::kilovolt_ampere_hour || entry.unit == Unit::ampere_hour ||
                          entry.unit == Unit::hour;
      const bool is_mean = entry.name.view().starts_with("demand_");
      EXPECT_EQ(entry.group, counts || is_mean ? Group::slow : Group::fast);
    }
  }
}

TEST(Profile, NoDefaultRegisterIsWritten) {
  for (const Profile& profile : default_profiles()) {
    for (const Register& entry : profile.registers) {
      EXPECT_EQ(entry.access, Access::read) << profile.model.view() << " " << entry.name.view();
    }
  }
}

TEST(Profile, LimitsOfTheDefaultModelsAreThoseOfTheirDocuments) {
  EXPECT_EQ(default_profile("SDM630").limits.max_words, 80);
  EXPECT_EQ(default_profile("SDM72D-M").limits.max_words, 60);
  EXPECT_EQ(default_profile("SDM72D-M").limits.gap, milliseconds(500));
  EXPECT_EQ(default_profile("EM340").limits.max_words, 50);
  EXPECT_EQ(default_profile("EM340").limits.holes, Holes::exception);
  EXPECT_EQ(default_profile("ABB-B23").limits.frame.bits(), 11);
  EXPECT_EQ(default_profile("SDM120").limits.baud, 2400U);
  EXPECT_EQ(default_profile("SDM120").limits.meter_code, 0x0020);
}

TEST(Measurand, NamesAndValuesAreOneToOne) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < kMeasurands; ++i) {
    const auto what = static_cast<Measurand>(i);
    EXPECT_EQ(measurand_of(name_of(what)), what);
    EXPECT_TRUE(seen.insert(name_of(what)).second);
  }
  EXPECT_EQ(name_of(Measurand::energy_apparent_total), "energy_apparent_total");
  EXPECT_EQ(name_of(Measurand::frequency), "frequency");
  EXPECT_EQ(name_of(Measurand::other), "");
  EXPECT_EQ(measurand_of(""), Measurand::other);
  EXPECT_EQ(measurand_of("thd_voltage_l1"), Measurand::other);
}

}  // namespace
}  // namespace meterseal::meter
