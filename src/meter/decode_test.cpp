#include "meter/decode.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "meter/errors.hpp"
#include "support/csv_file.hpp"
#include "support/profiles.hpp"

namespace meterseal::meter {
namespace {

using test::default_profile;
using test::register_index;

constexpr Multipliers kOnes;

std::vector<std::uint16_t> words_of_frame(const std::string& hex) {
  std::vector<unsigned> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 3)
    bytes.push_back(static_cast<unsigned>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  std::vector<std::uint16_t> words;
  for (std::size_t i = 3; i + 3 < bytes.size(); i += 2)
    words.push_back(static_cast<std::uint16_t>(bytes[i] << 8 | bytes[i + 1]));
  return words;
}

std::vector<std::uint16_t> float_words(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>(bits >> 16), static_cast<std::uint16_t>(bits)};
}

/// Decodes one register alone.
Result<Decoded> decode_one(const Profile& profile, std::string_view name, const std::vector<std::uint16_t>& words,
                           const Multipliers& multipliers = kOnes) {
  return decode(profile, single_request(profile, register_index(profile, name)), words, multipliers);
}

/// A profile with one register, for types and scales that no default model has.
Profile one_register(RegisterType type, std::uint8_t words, int scale, Unit unit) {
  Profile profile;
  Register entry;
  entry.name = "energy_active_import_total";
  entry.type = type;
  entry.words = words;
  entry.scale = static_cast<std::int8_t>(scale);
  entry.unit = unit;
  entry.what = Measurand::energy_active_import_total;
  profile.registers.push_back(entry);
  complete(profile);
  return profile;
}

TEST(Decode, RefusesABlockThatIsNotAsLongAsItsRequest) {
  const auto short_block = decode_one(default_profile("SDM630"), "voltage_l1", {0x4366});
  ASSERT_FALSE(short_block);
  EXPECT_EQ(short_block.error().code.name, "meter_block_length_wrong");
  EXPECT_EQ(short_block.error().detail.view(), "expected words: 2, found: 1");
  const auto long_block = decode_one(default_profile("SDM630"), "voltage_l1", {0x4366, 0x3334, 0});
  ASSERT_FALSE(long_block);
  EXPECT_EQ(long_block.error().code.name, "meter_block_length_wrong");
}

TEST(Decode, AFloatThatIsNoNumberIsNotAvailable) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
    const auto decoded = decode_one(default_profile("SDM630"), "power_active_l1", float_words(value));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->values[0].milli, std::nullopt);
    EXPECT_EQ(decoded->not_available, 1);
  }
  const auto schneider = decode_one(default_profile("iEM3155"), "voltage_l1", {0xFFC0, 0x0000});
  EXPECT_EQ(schneider->values[0].milli, std::nullopt);
}

TEST(Decode, PatternsOfTheModelAreNotAvailable) {
  struct Row {
    const char* model;
    const char* name;
    std::vector<std::uint16_t> words;
  };
  const Row rows[] = {
      {"ABB-B23", "energy_active_export_total", {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}},
      {"ABB-B23", "energy_active_net", {0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF}},
      {"ABB-B23", "frequency", {0xFFFF}},
      {"ABB-B23", "power_factor_l1", {0x7FFF}},
      {"ABB-B23", "power_active_total", {0x7FFF, 0xFFFF}},
      {"EM340", "power_active_total", {0xFFFF, 0x7FFF}},
      {"EM340", "power_factor_l1", {0x7FFF}},
      {"iEM3155", "energy_active_import_total", {0x8000, 0, 0, 0}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.model) + " " + row.name);
    const auto decoded = decode_one(default_profile(row.model), row.name, row.words);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->values[0].milli, std::nullopt);
    EXPECT_EQ(decoded->not_available, 1);
    EXPECT_EQ(decoded->out_of_range, 0);
  }
}

TEST(Decode, APatternOfAnotherFamilyIsAValue) {
  EXPECT_EQ(decode_one(default_profile("ABB-B23"), "power_active_total", {0xFFFF, 0xFFFF})->values[0].milli, -10)
      << "minus one hundredth of a watt: signed registers have no all-ones pattern";
  EXPECT_EQ(decode_one(default_profile("PZEM-016"), "alarm_status", {0xFFFF})->values[0].milli, 65535000);
  EXPECT_EQ(decode_one(default_profile("EM340"), "frequency", {0xFFFF})->values[0].milli, 6553500);
}

TEST(Decode, WhatCannotBeCountedIsNulloptAndCounted) {
  const Profile huge = one_register(RegisterType::u64be, 4, 0, Unit::kilowatt_hour);
  for (const std::vector<std::uint16_t>& words : {std::vector<std::uint16_t>{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},
                                                  {0x8000, 0, 0, 0},
                                                  {0x0000, 0x0864, 0xBD00, 0x0000}}) {
    const auto decoded = decode(huge, single_request(huge, 0), words, kOnes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->values[0].milli, std::nullopt);
    EXPECT_EQ(decoded->out_of_range, 1);
  }
  const Profile real = one_register(RegisterType::f32be, 2, 0, Unit::watt);
  EXPECT_EQ(decode(real, single_request(real, 0), float_words(1e30F), kOnes)->out_of_range, 1);
}

TEST(Decode, WordsExchangedByTheMeterRefuseTheWholeBlock) {
  const Profile& profile = default_profile("SDM630");
  struct Row {
    const char* name;
    float value;
  };
  for (const Row& row : {Row{"voltage_l1", 230.2F},
                         {"voltage_l2", 221.917F},
                         {"frequency", 50.0F},
                         {"frequency", 49.98F},
                         {"energy_active_import_total", 27215.5F},
                         {"energy_active_import_total", 8.25F}}) {
    const auto words = float_words(row.value);
    const auto decoded = decode_one(profile, row.name, {words[1], words[0]});
    ASSERT_FALSE(decoded) << row.name << " " << row.value;
    EXPECT_EQ(decoded.error().code.name, "meter_word_order_swapped");
    EXPECT_EQ(decoded.error().detail.view(), row.name);
  }
}

TEST(Decode, SmallAndZeroValuesAreNotMistakenForExchangedWords) {
  const Profile& profile = default_profile("SDM630");
  for (const float value : {0.0F, -0.0F, 0.02F, 0.5F, 230.0F}) {
    EXPECT_TRUE(decode_one(profile, "voltage_l1", float_words(value))) << value;
    EXPECT_TRUE(decode_one(profile, "energy_active_import_total", float_words(value))) << value;
  }
  EXPECT_TRUE(decode_one(profile, "power_reactive_l1", float_words(1e-7F))) << "no phase power is ever exactly zero";
}

TEST(Decode, EveryRecordedFrameGivesItsValues) {
  std::size_t checked = 0;
  for (const auto& row : test::read_csv("meter_frames.csv")) {
    SCOPED_TRACE(row[0] + " " + row[2] + " " + row[6]);
    const Profile& profile = default_profile(row[2]);
    const auto words = words_of_frame(row[5]);
    const std::uint16_t index = register_index(profile, row[6]);
    PollRequest request{profile.registers[index].table,
                        static_cast<std::uint16_t>(std::stoul(row[4], nullptr, 16)),
                        static_cast<std::uint16_t>(words.size()),
                        {index}};
    const auto decoded = decode(profile, request, words, kOnes);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->values.size(), 1U);
    const Value& value = decoded->values[0];
    EXPECT_EQ(value.register_index, index);
    EXPECT_EQ(value.what, profile.registers[index].what);
    ++checked;
    if (row[7].empty()) {
      EXPECT_EQ(value.milli, std::nullopt);
      EXPECT_EQ(decoded->not_available, 1);
      continue;
    }
    ASSERT_TRUE(value.milli);
    const double per_unit = profile.registers[index].unit == Unit::kilowatt_hour ? 1e6 : 1e3;
    EXPECT_NEAR(static_cast<double>(value.milli.value_or(0)) / per_unit, std::stod(row[7]),
                std::max(std::stod(row[8]), 0.0006));
  }
  EXPECT_EQ(checked, 39U);
}

TEST(Decode, IntegersAreExactAtEveryScaleAndWordOrder) {
  EXPECT_EQ(
      decode_one(default_profile("ABB-B23"), "energy_active_import_total", {0, 0, 0x0012, 0xD687})->values[0].milli,
      12345670000)
      << "1234567 hundredths of a kWh";
  EXPECT_EQ(decode_one(default_profile("EM340"), "power_active_total", {0xCFC8, 0xFFFF})->values[0].milli, -1234400);
  EXPECT_EQ(decode_one(default_profile("PZEM-016"), "energy_active_import_total", {0x0026, 0x0000})->values[0].milli,
            38000);
  EXPECT_EQ(decode_one(default_profile("PZEM-016"), "energy_active_import_total", {0x0000, 0x0001})->values[0].milli,
            65536000);
  const Profile swapped = one_register(RegisterType::s64_wordswap, 4, -3, Unit::kilowatt_hour);
  EXPECT_EQ(
      decode(swapped, single_request(swapped, 0), std::vector<std::uint16_t>{0xFFFE, 0xFFFF, 0xFFFF, 0xFFFF}, kOnes)
          ->values[0]
          .milli,
      -2000);
  const Profile tiny = one_register(RegisterType::s32be, 2, -6, Unit::watt);
  EXPECT_EQ(decode(tiny, single_request(tiny, 0), std::vector<std::uint16_t>{0, 1500}, kOnes)->values[0].milli, 2)
      << "half a thousandth is rounded away from zero";
  EXPECT_EQ(
      decode(tiny, single_request(tiny, 0), std::vector<std::uint16_t>{0xFFFF, 0x10000 - 1500}, kOnes)->values[0].milli,
      -2);
  EXPECT_EQ(decode(tiny, single_request(tiny, 0), std::vector<std::uint16_t>{0, 1499}, kOnes)->values[0].milli, 1);
  const Profile largest = one_register(RegisterType::s64be, 4, -6, Unit::kilowatt_hour);
  EXPECT_EQ(
      decode(largest, single_request(largest, 0), std::vector<std::uint16_t>{0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF}, kOnes)
          ->values[0]
          .milli,
      std::numeric_limits<std::int64_t>::max());
}

TEST(Decode, FloatsAreRoundedOnceToTheThousandth) {
  EXPECT_EQ(decode_one(default_profile("SDM630"), "voltage_l1", float_words(230.2F))->values[0].milli, 230200);
  EXPECT_EQ(decode_one(default_profile("SDM630"), "current_l1", float_words(-0.0005F))->values[0].milli, -1)
      << "the float is a little below -0.0005";
  EXPECT_EQ(decode_one(default_profile("SDM630"), "energy_active_import_total", float_words(27215.5F))->values[0].milli,
            27215500000);
  EXPECT_EQ(decode_one(default_profile("PRO380"), "power_active_total", float_words(1.234F))->values[0].milli, 1234000);
  EXPECT_EQ(decode_one(default_profile("DTSU666"), "voltage_l1", float_words(2301.0F))->values[0].milli, 230100);
}

TEST(Decode, TransformersAndUnitPrefixesMultiply) {
  const Profile& chint = default_profile("DTSU666");
  Multipliers multipliers;
  multipliers.ct_ratio_milli = 40000;
  multipliers.vt_ratio_milli = 1500;
  EXPECT_EQ(decode_one(chint, "current_l1", float_words(1234.0F), multipliers)->values[0].milli, 49360);
  EXPECT_EQ(decode_one(chint, "voltage_l1", float_words(1000.0F), multipliers)->values[0].milli, 150000);
  EXPECT_EQ(decode_one(chint, "power_active_total", float_words(1000.0F), multipliers)->values[0].milli, 6000000);
  EXPECT_EQ(decode_one(chint, "energy_active_import_total", float_words(2.5F), multipliers)->values[0].milli,
            150000000);
  EXPECT_EQ(decode_one(chint, "frequency", float_words(4999.0F), multipliers)->values[0].milli, 49990);
  multipliers = Multipliers{};
  multipliers.energy_prefix = 1000;
  const Profile& sdm = default_profile("SDM630");
  EXPECT_EQ(decode_one(sdm, "energy_active_import_total", float_words(27.25F), multipliers)->values[0].milli,
            27250000000);
  EXPECT_EQ(decode_one(sdm, "voltage_l1", float_words(230.0F), multipliers)->values[0].milli, 230000);
  Profile integer = one_register(RegisterType::u32be, 2, 0, Unit::watt);
  integer.registers[0].times = kTimesVtRatio;
  multipliers.vt_ratio_milli = 100;
  EXPECT_EQ(
      decode(integer, single_request(integer, 0), std::vector<std::uint16_t>{0, 12345}, multipliers)->values[0].milli,
      1234500);
}

std::int64_t resolution(const Profile& profile, std::string_view name, const std::vector<std::uint16_t>& words,
                        const Multipliers& multipliers = kOnes) {
  const std::uint16_t index = register_index(profile, name);
  return resolution_of(profile, single_request(profile, index), words, index, multipliers).value_or(-1);
}

TEST(Decode, ResolutionOfAFloatCounterIsTheSpacingOfFloats) {
  const Profile& sdm = default_profile("SDM630");
  const char* name = "energy_active_import_total";
  EXPECT_EQ(resolution(sdm, name, float_words(10000.0F)), 977) << "2^-10 kWh";
  EXPECT_EQ(resolution(sdm, name, float_words(30000.0F)), 1953);
  EXPECT_EQ(resolution(sdm, name, float_words(600000.0F)), 62500);
  EXPECT_EQ(resolution(sdm, name, float_words(0.0F)), 1);
  Multipliers mega;
  mega.energy_prefix = 1000;
  EXPECT_EQ(resolution(sdm, name, float_words(10000.0F), mega), 976563);
  EXPECT_EQ(resolution(default_profile("JANITZA-B23"), name, float_words(20000000.0F)), 2000) << "2 Wh above 16.8 MWh";
  EXPECT_EQ(resolution(sdm, name, float_words(std::numeric_limits<float>::quiet_NaN())), -1);
}

TEST(Decode, ResolutionOfAnIntegerCounterIsItsScale) {
  const char* name = "energy_active_import_total";
  EXPECT_EQ(resolution(default_profile("ABB-B23"), name, {0, 0, 0, 1}), 10000) << "10 Wh";
  EXPECT_EQ(resolution(default_profile("EM340"), name, {1, 0}), 100000) << "100 Wh";
  EXPECT_EQ(resolution(default_profile("iEM3155"), name, {0, 0, 0, 1}), 1000) << "1 Wh";
}

TEST(Decode, ResolutionIsKnownOnlyForRegistersOfTheBlock) {
  const Profile& sdm = default_profile("SDM630");
  const auto request = single_request(sdm, register_index(sdm, "voltage_l1"));
  const auto words = float_words(230.0F);
  EXPECT_FALSE(resolution_of(sdm, request, words, register_index(sdm, "energy_active_import_total"), kOnes));
  EXPECT_FALSE(resolution_of(sdm, request, words, register_index(sdm, "serial_number"), kOnes));
}

TEST(Decode, ABlockGivesItsRegistersAndSkipsItsHoles) {
  const Profile& sdm = default_profile("SDM630");
  const auto plan = make_poll_plan(sdm, sdm.telemetry, PollTiming{});
  ASSERT_TRUE(plan);
  std::vector<std::uint16_t> words(80, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto value = float_words(static_cast<float>(i) + 100);
    words[2 * i] = value[0];
    words[2 * i + 1] = value[1];
  }
  const auto decoded = decode(sdm, plan->requests[0], words, kOnes);
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->values.size(), sdm.telemetry.size());
  for (const Value& value : decoded->values) {
    const Register& entry = sdm.registers[value.register_index];
    const std::int64_t thousandths =
        entry.unit == Unit::kilowatt_hour || entry.unit == Unit::kilovar_hour ? 1000000 : 1000;
    EXPECT_EQ(value.milli, (entry.address / 2 + 100) * thousandths) << entry.name.view();
  }
}

TEST(Decode, IdentityIsTextAsPeopleReadIt) {
  const auto identity = [](const char* model, const char* name, const std::vector<std::uint16_t>& words) {
    const Profile& profile = default_profile(model);
    return *decode_identity(profile, register_index(profile, name), words);
  };
  EXPECT_EQ(identity("SDM630", "serial_number", {0x015F, 0x8C6F}).text.view(), "23039087");
  EXPECT_EQ(identity("OR-WE-516", "serial_number", {0x1506, 0x0001}).text.view(), "15060001");
  EXPECT_EQ(identity("EM340", "serial_number", {0x4142, 0x3132, 0x3300, 0x5858, 0, 0, 0}).text.view(), "AB123")
      << "up to the first NUL";
  EXPECT_EQ(identity("EM340", "serial_number", {0x411B, 0x5B32, 0x4A20, 0x2020, 0x2020, 0x2020, 0x2020}).text.view(),
            "A [2J")
      << "no control character reaches a log";
  EXPECT_EQ(identity("SDM120", "meter_code", {0x0020}).milli, 32000);
}

TEST(Decode, AMeterWithoutASerialNumberTellsNothing) {
  const Profile& sdm = default_profile("SDM630");
  const auto index = register_index(sdm, "serial_number");
  EXPECT_EQ(decode_identity(sdm, index, std::vector<std::uint16_t>{0, 0})->text.view(), "");
  EXPECT_EQ(decode_identity(sdm, index, std::vector<std::uint16_t>{0xFFFF, 0xFFFF})->text.view(), "");
  const auto wrong = decode_identity(sdm, index, std::vector<std::uint16_t>{0});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code.name, "meter_block_length_wrong");
}

TEST(Decode, IdentitySetsTheMultipliersAndNonsenseDoesNot) {
  const Profile& chint = default_profile("DTSU666");
  const auto read = [&](const Profile& profile, const char* name, std::vector<std::uint16_t> words) {
    const auto index = register_index(profile, name);
    return with_identity(Multipliers{}, profile.registers[index], *decode_identity(profile, index, words));
  };
  EXPECT_EQ(read(chint, "ct_ratio", {40}).ct_ratio_milli, 40000);
  EXPECT_EQ(read(chint, "vt_ratio", {10}), Multipliers{}) << "raw 10 is a ratio of 1.0";
  EXPECT_EQ(read(chint, "vt_ratio", {1000}).vt_ratio_milli, 100000);
  EXPECT_EQ(read(chint, "ct_ratio", {0}), Multipliers{});
  EXPECT_EQ(read(chint, "ct_ratio", {0xFFFF}), Multipliers{});
  const Profile& sdm = default_profile("SDM630");
  EXPECT_EQ(read(sdm, "energy_unit_prefix", float_words(1.0F)).energy_prefix, 1000);
  EXPECT_EQ(read(sdm, "energy_unit_prefix", float_words(0.0F)), Multipliers{});
  EXPECT_EQ(read(sdm, "serial_number", {0, 1000}), Multipliers{});
}

}  // namespace
}  // namespace meterseal::meter
