#include "meter/profile_csv.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "meter/errors.hpp"

namespace meterseal::meter {
namespace {

constexpr const char* kModelHeader =
    "model,aliases,phases,functions,max_words,holes,timeout_ms,gap_ms,slave_gap_ms,baud,frame,address,not_available,"
    "max_current_a,rollover_kwh,meter_code,voltage_check,notes\n";
constexpr const char* kRegisterHeader = "model,table,address_hex,words,type,scale,name,unit,access,notes\n";
constexpr const char* kModel = "M1,M-one,1,3 4,80,zero,,,,,,,,,,,,src=test\n";
constexpr const char* kRegister = "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=test\n";

Result<std::vector<Profile>> load(const std::string& models, const std::string& registers) {
  const std::string model_text = kModelHeader + models;
  const std::string register_text = kRegisterHeader + registers;
  const ProfileText texts[] = {{"r.csv", register_text}, {"m.csv", model_text}};
  return load_profiles(texts);
}

struct Refusal {
  const char* sentence;
  std::string models;
  std::string registers;
  Code code;
  const char* where;
  const char* detail;
};

void expect_refusals(const std::vector<Refusal>& rows) {
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.sentence);
    const auto loaded = load(row.models, row.registers);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code.name, row.code.name);
    EXPECT_EQ(loaded.error().where.view(), row.where);
    EXPECT_EQ(loaded.error().detail.view(), row.detail);
  }
}

TEST(ProfileCsv, NamesAFileInADeepFolderByItsEnd) {
  const std::string file = "/" + std::string(90, 'f') + "/profiles/mine.csv";
  const std::string text = std::string(kModelHeader) + "M1\n";
  const ProfileText texts[] = {{file, text}};
  const auto loaded = load_profiles(texts);
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().where.view().ends_with("/profiles/mine.csv:2")) << loaded.error().where.view();
  EXPECT_TRUE(loaded.error().where.view().starts_with("...")) << loaded.error().where.view();
}

std::string model_with(const std::string& from, const std::string& to) {
  std::string row = "M1,,1,3 4,80,zero,500,60,200,9600,8N1,1,signed_max,100,99.5,0x0020,decade,src=test\n";
  row.replace(row.find(from), from.size(), to);
  return row;
}

TEST(ProfileCsv, RefusesEachWrongFieldOfAModel) {
  const Code bad = profile_row_invalid;
  expect_refusals({
      {"no name", ",,1,3,,,,,,,,,,,,,,src=t\n", kRegister, bad, "m.csv:2",
       "model \"\": expected letters, digits, - _ . (at most 40)"},
      {"a blank in the name", "M 1,,1,3,,,,,,,,,,,,,,src=t\n", kRegister, bad, "m.csv:2",
       "model \"M 1\": expected letters, digits, - _ . (at most 40)"},
      {"two phases", model_with(",1,3", ",2,3"), kRegister, bad, "m.csv:2", "phases \"2\": expected 1 or 3"},
      {"no functions", model_with("3 4", ""), kRegister, bad, "m.csv:2",
       "functions \"\": expected function codes separated by blanks"},
      {"a function that is no number", model_with("3 4", "3 x"), kRegister, bad, "m.csv:2",
       "functions \"3 x\": expected function codes separated by blanks"},
      {"more words than Modbus has", model_with(",80,", ",126,"), kRegister, bad, "m.csv:2",
       "max_words \"126\": expected a whole number, 1 to 125"},
      {"an unknown rule for holes", model_with("zero", "zeros"), kRegister, bad, "m.csv:2",
       "holes \"zeros\": expected zero, ones or exception"},
      {"a time-out below any meter", model_with(",500,", ",5,"), kRegister, bad, "m.csv:2",
       "timeout_ms \"5\": expected a whole number, 20 to 60000"},
      {"a negative gap", model_with(",60,", ",-60,"), kRegister, bad, "m.csv:2",
       "gap_ms \"-60\": expected a whole number, 0 to 10000"},
      {"a baud rate of zero", model_with("9600", "0"), kRegister, bad, "m.csv:2",
       "baud \"0\": expected a whole number, 300 to 1000000"},
      {"seven data bits", model_with("8N1", "7E1"), kRegister, bad, "m.csv:2",
       "frame \"7E1\": expected 8N1, 8E1, 8O1, 8N2, 8E2 or 8O2"},
      {"the broadcast address", model_with("8N1,1", "8N1,0"), kRegister, bad, "m.csv:2",
       "address \"0\": expected a whole number, 1 to 247"},
      {"an unknown pattern", model_with("signed_max", "signed_mid"), kRegister, bad, "m.csv:2",
       "not_available \"signed_mid\": expected unsigned_ones, signed_max, signed_min"},
      {"a current with decimals", model_with(",100,", ",99.9,"), kRegister, bad, "m.csv:2",
       "max_current_a \"99.9\": expected a whole number, 1 to 100000"},
      {"a rollover of nothing", model_with("99.5", "0.0"), kRegister, bad, "m.csv:2",
       "rollover_kwh \"0.0\": expected kWh above 0 with at most six decimals"},
      {"a decimal meter code", model_with("0x0020", "32"), kRegister, bad, "m.csv:2",
       "meter_code \"32\": expected hex like 0x0020"},
      {"an unknown check", model_with("decade", "yes"), kRegister, bad, "m.csv:2",
       "voltage_check \"yes\": expected decade or nothing"},
      {"no source", model_with("src=test", "from memory"), kRegister, bad, "m.csv:2",
       "notes \"from memory\": expected src= and the source"},
      {"seventeen aliases", model_with("M1,,", "M1,a b c d e f g h i j k l m n o p q,"), kRegister, bad, "m.csv:2",
       "aliases \"a b c d e f g h i j k l m n o p q\": expected at most 16 names separated by blanks"},
  });
}

TEST(ProfileCsv, RefusesEachWrongFieldOfARegister) {
  const Code bad = profile_row_invalid;
  expect_refusals({
      {"an unknown table", kModel, "M1,coil,0x0000,2,f32be,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "table \"coil\": expected input or holding"},
      {"a decimal address", kModel, "M1,input,30001,2,f32be,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "address_hex \"30001\": expected hex like 0x001E"},
      {"an address of five digits", kModel, "M1,input,0x10000,2,f32be,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "address_hex \"0x10000\": expected hex like 0x001E"},
      {"a float of one word", kModel, "M1,input,0x0000,1,f32be,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "words \"1\": expected the words of this type"},
      {"no words", kModel, "M1,input,0x0000,,f32be,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "words \"\": expected a whole number, 1 to 125"},
      {"an unknown type", kModel, "M1,input,0x0000,2,f32,1,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "type \"f32\": expected u16, s32be, f32be, ... (docs/formats/profiles.md)"},
      {"a scale that is no power of ten", kModel, "M1,input,0x0000,2,f32be,0.5,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "scale \"0.5\": expected a power of ten, 0.000001 to 1000000"},
      {"a scale of zero", kModel, "M1,input,0x0000,2,f32be,0,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "scale \"0\": expected a power of ten, 0.000001 to 1000000"},
      {"a scale too small", kModel, "M1,input,0x0000,2,f32be,0.0000001,voltage_l1,V,r,src=t\n", bad, "r.csv:2",
       "scale \"0.0000001\": expected a power of ten, 0.000001 to 1000000"},
      {"a name in capitals", kModel, "M1,input,0x0000,2,f32be,1,Voltage,V,r,src=t\n", bad, "r.csv:2",
       "name \"Voltage\": expected a-z 0-9 _ (at most 40)"},
      {"an unknown unit", kModel, "M1,input,0x0000,2,f32be,1,voltage_l1,volt,r,src=t\n", bad, "r.csv:2",
       "unit \"volt\": expected a known unit"},
      {"a voltage in ampere", kModel, "M1,input,0x0000,2,f32be,1,voltage_l1,A,r,src=t\n", bad, "r.csv:2",
       "unit \"A\": expected the unit of this quantity"},
      {"an unknown access", kModel, "M1,input,0x0000,2,f32be,1,voltage_l1,V,x,src=t\n", bad, "r.csv:2",
       "access \"x\": expected r, w or rw"},
      {"an empty source", kModel, "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,doc=1; src= ; x\n", bad, "r.csv:2",
       "notes \"doc=1; src= ; x\": expected src= and the source"},
      {"an unknown multiplier", kModel, "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=t; times=gain\n", bad, "r.csv:2",
       "notes \"src=t; times=gain\": expected times=ct_ratio*vt_ratio, or one of them, or energy_unit_prefix"},
      {"text that is no serial number", kModel, "M1,input,0x0000,4,ascii,1,maker,,r,src=t\n", bad, "r.csv:2",
       "type \"ascii\": expected a number: text is for serial_number only"},
      {"the last word beyond the address space", kModel, "M1,input,0xFFFF,2,f32be,1,voltage_l1,V,r,src=t\n", bad,
       "r.csv:2", "address_hex \"0xFFFF\": expected an address whose last word is not above 0xFFFF"},
      {"a table that the meter cannot read", "M1,,1,3,,,,,,,,,,,,,,src=t\n", kRegister, bad, "r.csv:2",
       "table \"input\": expected a table that one of the functions of the model reads"},
      {"more words than the model reads", "M1,,1,4,1,,,,,,,,,,,,,src=t\n", kRegister, bad, "r.csv:2",
       "words \"2\": expected no more words than max_words of the model"},
  });
}

TEST(ProfileCsv, RefusesRegistersThatContradictEachOther) {
  const std::string first = kRegister;
  expect_refusals({
      {"an overlap by one word", kModel, first + "M1,input,0x0001,2,f32be,1,voltage_l2,V,r,src=t\n",
       profile_row_invalid, "r.csv:3",
       "address_hex \"0x0001\": expected rows in the order of addresses, without overlap"},
      {"the same address twice", kModel, first + "M1,input,0x0000,2,f32be,1,voltage_l2,V,r,src=t\n",
       profile_row_invalid, "r.csv:3",
       "address_hex \"0x0000\": expected rows in the order of addresses, without overlap"},
      {"the same name twice", kModel, first + "M1,input,0x0002,2,f32be,1,voltage_l1,V,r,src=t\n", profile_row_invalid,
       "r.csv:3", "name \"voltage_l1\": expected a name that stands once in its table"},
      {"a model without a row", kModel, "M2,input,0x0000,2,f32be,1,voltage_l1,V,r,src=t\n", profile_model_unknown,
       "r.csv:2", "no models file has \"M2\""},
      {"a multiplier that no register holds", kModel,
       "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=t; times=vt_ratio\n", profile_row_invalid, "m.csv:2",
       "M1: times= names a register it does not have: vt_ratio"},
      {"a model without registers", kModel, "", profile_row_invalid, "m.csv:2",
       "M1: the model has no register that is read"},
      {"a model of which nothing may be read", kModel,
       "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=t; do not poll: doubtful\n", profile_row_invalid, "m.csv:2",
       "M1: the model has no register that is read"},
  });
}

TEST(ProfileCsv, RefusesAModelThatExists) {
  const std::string again = "m_1,,1,3 4,,,,,,,,,,,,,,src=t\n";
  const std::string alias = "M2,M-ONE,1,3 4,,,,,,,,,,,,,,src=t\n";
  expect_refusals({
      {"the same name but for case and separators", kModel + again, kRegister, profile_duplicate, "m.csv:3",
       "m_1 is already M1 of m.csv:2"},
      {"an alias of another model", kModel + alias, kRegister, profile_duplicate, "m.csv:3",
       "M-ONE is already M1 of m.csv:2"},
  });
}

TEST(ProfileCsv, RefusesFilesThatAreNeitherKind) {
  struct Row {
    const char* sentence;
    std::string text;
    Code code;
    const char* where;
    const char* detail;
  };
  const Row rows[] = {
      {"an empty file", "", csv_malformed, "x.csv:1",
       "the first line is not the header of a models or a registers file"},
      {"a column too few", "model,table\nM1,input\n", csv_malformed, "x.csv:1",
       "the first line is not the header of a models or a registers file"},
      {"a row with too few fields", std::string(kModelHeader) + "M1,,1\n", csv_malformed, "x.csv:2",
       "expected 18 fields, found 3"},
      {"a broken quote", std::string(kModelHeader) + kModel + "\"M2", csv_malformed, "x.csv:3",
       "a quoted field without its closing quote"},
      {"more than a mebibyte", std::string(kMaxText + 1, 'x'), profile_too_large, "x.csv", "more than 1 MiB of text"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    const ProfileText texts[] = {{"x.csv", row.text}};
    const auto loaded = load_profiles(texts);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code.name, row.code.name);
    EXPECT_EQ(loaded.error().where.view(), row.where);
    EXPECT_EQ(loaded.error().detail.view(), row.detail);
  }
}

const std::string kModelsWithInterval = std::string(kModelHeader, std::strlen(kModelHeader) - 1) + ",slow_s\n";
const std::string kRegistersWithGroup = std::string(kRegisterHeader, std::strlen(kRegisterHeader) - 1) + ",group\n";

Result<std::vector<Profile>> load_groups(const std::string& model_end, const std::string& registers) {
  const std::string models = kModelsWithInterval + "M1,,1,3 4,80,zero,,,,,,,,,,,,src=test" + model_end + "\n";
  const std::string rows = kRegistersWithGroup + registers;
  const ProfileText texts[] = {{"r.csv", rows}, {"m.csv", models}};
  return load_profiles(texts);
}

TEST(ProfileCsv, RefusesEachWrongFieldOfAGroup) {
  struct Row {
    const char* sentence;
    const char* model_end;
    const char* registers;
    Code code;
    const char* where;
    const char* detail;
  };
  const std::string good = std::string(kRegister, std::strlen(kRegister) - 1) + ",fast\n";
  const Row rows[] = {
      {"no group of this name", ",60", "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=test,Slow\n", profile_row_invalid,
       "r.csv:2", "group \"Slow\": expected fast or slow"},
      {"a row without the column of its header", ",60", kRegister, csv_malformed, "r.csv:2",
       "expected 11 fields, found 10"},
      {"no time at all", ",0", good.c_str(), profile_row_invalid, "m.csv:2",
       "slow_s \"0\": expected a whole number, 1 to 3600"},
      {"more than an hour", ",3601", good.c_str(), profile_row_invalid, "m.csv:2",
       "slow_s \"3601\": expected a whole number, 1 to 3600"},
      {"a model without the column of its header", "", good.c_str(), csv_malformed, "m.csv:2",
       "expected 19 fields, found 18"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    const auto loaded = load_groups(row.model_end, row.registers);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, row.code);
    EXPECT_EQ(loaded.error().where.view(), row.where);
    EXPECT_EQ(loaded.error().detail.view(), row.detail);
  }
}

TEST(ProfileCsv, SaysWhichRegistersAreReadLessOften) {
  const auto loaded = load_groups(",120",
                                  "M1,input,0x0000,2,f32be,1,voltage_l1,V,r,src=test,\n"
                                  "M1,input,0x0002,2,f32be,1,current_l1,A,r,src=test,fast\n"
                                  "M1,input,0x0004,2,f32be,1,energy_active_import_total,kWh,r,src=test,slow\n");
  ASSERT_TRUE(loaded) << loaded.error().detail.view();
  const Profile& profile = loaded->front();
  EXPECT_EQ(profile.limits.slow_interval, seconds(120));
  EXPECT_EQ(profile.registers[0].group, Group::fast);
  EXPECT_EQ(profile.registers[1].group, Group::fast);
  EXPECT_EQ(profile.registers[2].group, Group::slow);
}

TEST(ProfileCsv, OfFilesWithoutGroupsReadsEverythingAtEachPoll) {
  const auto loaded = load(kModel, "M1,input,0x0000,2,f32be,1,energy_active_import_total,kWh,r,src=test\n");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->front().registers[0].group, Group::fast);
  EXPECT_EQ(loaded->front().limits.slow_interval, seconds(60));
}

TEST(ProfileCsv, StopsAtTheBounds) {
  std::string registers;
  for (std::size_t i = 0; i <= kMaxRegisters; ++i) {
    char row[80];
    std::snprintf(row, sizeof row, "M1,input,0x%04zX,1,u16,1,r%zu,,r,src=t\n", i, i);
    registers += row;
  }
  std::string models;
  for (std::size_t i = 0; i <= kMaxModels; ++i) models += "N" + std::to_string(i) + ",,1,3,,,,,,,,,,,,,,src=t\n";
  expect_refusals({
      {"one register too many", kModel, registers, profile_too_large, "r.csv:514", "more than 512 registers"},
      {"one model too many", models, "", profile_too_large, "m.csv:130", "more than 128 models"},
  });
}

TEST(ProfileCsv, EmptyFieldsOfAModelKeepTheDocumentedDefaults) {
  const auto loaded = load("M1,,1,4,,,,,,,,,,,,,,src=t\n", kRegister);
  ASSERT_TRUE(loaded) << loaded.error().detail.view();
  const Limits& limits = (*loaded)[0].limits;
  EXPECT_EQ(limits.max_words, 32);
  EXPECT_EQ(limits.holes, Holes::unknown);
  EXPECT_EQ(limits.timeout, milliseconds(1000));
  EXPECT_EQ(limits.gap, milliseconds(60));
  EXPECT_EQ(limits.slave_gap, milliseconds(100));
  EXPECT_EQ(limits.baud, 9600U);
  EXPECT_EQ(limits.frame.bits(), 10);
  EXPECT_EQ(limits.address, 1);
  EXPECT_EQ(limits.not_available, 0);
  EXPECT_EQ(limits.max_current_ma, 6000000);
  EXPECT_FALSE(limits.rollover_at_mwh);
  EXPECT_FALSE(limits.meter_code);
  EXPECT_FALSE(limits.has_doubtful_scale);
}

TEST(ProfileCsv, EveryFieldOfAModelReachesItsLimit) {
  const auto loaded = load(
      "M1,A1 A_2,3,3 4 16,77,ones,700,80,90,19200,8E2,9,unsigned_ones signed_min,65,42949672.96,0x00AB,decade,src=t\n",
      kRegister);
  ASSERT_TRUE(loaded) << loaded.error().detail.view();
  const Profile& profile = (*loaded)[0];
  EXPECT_EQ(profile.phases, 3);
  EXPECT_TRUE(find_profile(*loaded, "a2"));
  const Limits& limits = profile.limits;
  EXPECT_EQ(limits.functions, 1U << 3 | 1U << 4 | 1U << 16);
  EXPECT_EQ(limits.max_words, 77);
  EXPECT_EQ(limits.holes, Holes::ones);
  EXPECT_EQ(limits.timeout, milliseconds(700));
  EXPECT_EQ(limits.gap, milliseconds(80));
  EXPECT_EQ(limits.slave_gap, milliseconds(90));
  EXPECT_EQ(limits.baud, 19200U);
  EXPECT_EQ(limits.frame.parity, Parity::even);
  EXPECT_EQ(limits.frame.bits(), 12);
  EXPECT_EQ(limits.address, 9);
  EXPECT_EQ(limits.not_available, kUnsignedOnes | kSignedMin);
  EXPECT_EQ(limits.max_current_ma, 65000);
  EXPECT_EQ(limits.rollover_at_mwh, 42949672960000);
  EXPECT_EQ(limits.meter_code, 0x00AB);
  EXPECT_TRUE(limits.has_doubtful_scale);
}

TEST(ProfileCsv, TheGapAfterAnotherMeterIsNeverShorterThanTheGap) {
  const auto loaded = load("M1,,1,4,,,,500,,,,,,,,,,src=t\n", kRegister);
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)[0].limits.slave_gap, milliseconds(500));
}

TEST(ProfileCsv, EveryFieldOfARegisterReachesIt) {
  const auto loaded = load("M1,,1,3 4,,,,,,,,,,,,,,src=t\n",
                           "M1,holding,0x0102,2,u32_wordswap,0.001,energy_active_import_total,kWh,r,src=t; "
                           "times=ct_ratio*vt_ratio\n"
                           "M1,holding,0x0200,1,u16,1,ct_ratio,,r,src=t\n"
                           "M1,holding,0x0201,1,u16,0.1,vt_ratio,,rw,src=t\n"
                           "M1,holding,0x0202,1,u16,1,setting,,rw,src=t\n"
                           "M1,input,0x0000,1,s16,1,phase_sequence,,r,\"src=t, u; do not poll\"\n");
  ASSERT_TRUE(loaded) << loaded.error().detail.view();
  const Profile& profile = (*loaded)[0];
  ASSERT_EQ(profile.registers.size(), 5U);
  EXPECT_EQ(profile.registers[0].name.view(), "phase_sequence") << "input registers stand first";
  const Register& energy = profile.registers[1];
  EXPECT_EQ(energy.table, Table::holding);
  EXPECT_EQ(energy.address, 0x0102);
  EXPECT_EQ(energy.words, 2);
  EXPECT_EQ(energy.type, RegisterType::u32_wordswap);
  EXPECT_EQ(energy.scale, -3);
  EXPECT_EQ(energy.unit, Unit::kilowatt_hour);
  EXPECT_EQ(energy.what, Measurand::energy_active_import_total);
  EXPECT_EQ(energy.times, kTimesCtRatio | kTimesVtRatio);
  EXPECT_EQ(profile.all, (std::vector<std::uint16_t>{1})) << "settings and what must not be polled are not measured";
  EXPECT_EQ(profile.telemetry, (std::vector<std::uint16_t>{1}));
  EXPECT_EQ(profile.identity, (std::vector<std::uint16_t>{2, 3}));
  EXPECT_EQ(profile.import_counter, 1);
  EXPECT_EQ(profile.export_counter, std::nullopt);
}

}  // namespace
}  // namespace meterseal::meter
