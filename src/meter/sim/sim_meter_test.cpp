#include "meter/sim/sim_meter.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "meter/decode.hpp"
#include "meter/plausibility.hpp"
#include "support/profiles.hpp"

namespace meterseal::meter::sim {
namespace {

using std::chrono::hours;
using test::default_profile;
using Answer = std::vector<unsigned>;

SimMeter meter_of(const char* model) {
  return SimMeter(default_profile(model), SimMeterSettings{}, hours(12));
}

Answer ask(const SimMeter& meter, const std::vector<std::uint8_t>& request) {
  const Pdu pdu = meter.answer(request);
  return {pdu.begin(), pdu.end()};
}

Answer read(const SimMeter& meter, std::uint8_t function, unsigned address, unsigned count) {
  return ask(meter, {function, static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address),
                     static_cast<std::uint8_t>(count >> 8), static_cast<std::uint8_t>(count)});
}

struct Refusal {
  const char* sentence;
  const char* model;
  std::vector<std::uint8_t> request;
  Answer answer;
};

TEST(SimMeter, RefusesAsTheFamilyDoes) {
  const Refusal rows[] = {
      {"nothing at all", "SDM630", {}, {0x80, 1}},
      {"an unknown function", "SDM630", {0x2B, 14, 1, 0}, {0xAB, 1}},
      {"a function above all", "SDM630", {0x90}, {0x90, 1}},
      {"function 06 on an Eastron", "SDM630", {6, 0, 2, 0, 1}, {0x86, 1}},
      {"a write to an Eastron", "SDM630", {16, 0, 2, 0, 2, 4, 0x42, 0x70, 0, 0}, {0x90, 3}},
      {"a write to a PZEM", "PZEM-016", {6, 0, 2, 0, 5}, {0x86, 3}},
      {"input registers of a meter that has none", "DTSU666", {4, 0x20, 0, 0, 2}, {0x84, 1}},
      {"a read without a count", "SDM630", {4, 0, 0}, {0x84, 3}},
      {"a read with a tail", "SDM630", {4, 0, 0, 0, 2, 0}, {0x84, 3}},
      {"no words", "SDM630", {4, 0, 0, 0, 0}, {0x84, 3}},
      {"more words than the limit", "SDM630", {4, 0, 0, 0, 82}, {0x84, 3}},
      {"an odd start", "SDM630", {4, 0, 1, 0, 2}, {0x84, 2}},
      {"an odd count", "SDM630", {4, 0, 0, 0, 3}, {0x84, 2}},
      {"input registers beyond the map", "SDM630", {4, 2, 0, 0, 2}, {0x84, 2}},
      {"a word that a Carlo Gavazzi does not know", "EM24", {4, 0, 6, 0, 2}, {0x84, 2}},
      {"a block across such a word", "EM340", {4, 0, 0x30, 0, 6}, {4, 12}},
      {"a register that is not confirmed", "EM340", {4, 0, 0x46, 0, 2}, {0x84, 2}},
      {"an ABB address below its map", "ABB-B23", {3, 0x40, 0, 0, 1}, {0x83, 2}},
      {"another diagnostic", "SDM630", {8, 0, 1, 0, 0}, {0x88, 1}},
      {"a diagnostic cut short", "SDM630", {8, 0}, {0x88, 1}},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.sentence);
    Answer answer = ask(meter_of(row.model), row.request);
    answer.resize(std::min<std::size_t>(answer.size(), 2));
    EXPECT_EQ(answer, row.answer);
  }
}

TEST(SimMeter, EchoesADiagnostic) {
  EXPECT_EQ(ask(meter_of("SDM630"), {8, 0, 0, 0xAA, 0x55}), (Answer{8, 0, 0, 0xAA, 0x55}));
}

TEST(SimMeter, AnEastronAnswersZerosWhereItHasNothing) {
  const SimMeter meter = meter_of("SDM630");
  const Answer block = read(meter, 4, 0, 80);
  ASSERT_EQ(block.size(), 162U);
  for (const unsigned reserved : {0x2CU, 0x32U, 0x36U, 0x3AU, 0x40U, 0x44U}) {
    for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(block[2 + 2 * reserved + i], 0U) << reserved;
  }
  EXPECT_EQ(read(meter, 3, 0x4A38, 2), (Answer{3, 4, 0, 0, 0, 0})) << "holding registers of another maker";
  EXPECT_EQ(read(meter, 3, 0x23, 1), (Answer{3, 2, 0, 0})) << "a single word at an odd address";
  EXPECT_EQ(read(meter, 4, 0x00, 1), (Answer{4, 2, 0, 0})) << "half a float is no value";
  EXPECT_EQ(read(meter, 4, 0x58, 2), (Answer{4, 4, 0, 0, 0, 0})) << "in libraries, in no document";
}

TEST(SimMeter, AnAbbAnswersOnesWhereItHasNothing) {
  EXPECT_EQ(read(meter_of("ABB-B23"), 3, 0x5B2D, 1), (Answer{3, 2, 0xFF, 0xFF}));
}

TEST(SimMeter, TellsWhoItIs) {
  SimMeterSettings settings;
  settings.seed = 42;
  const SimMeter meter(default_profile("SDM120"), settings, SimTime{});
  EXPECT_EQ(read(meter, 3, 0xFC00, 2), (Answer{3, 4, 0x01, 0x31, 0x2D, 0x2A})) << "20000042";
  EXPECT_EQ(read(meter, 3, 0xFC02, 1), (Answer{3, 2, 0, 0x20}));
}

TEST(SimMeter, EnergyIsTheIntegralOfThePowerShown) {
  SimMeterSettings settings;
  SimMeter meter(default_profile("SDM120"), settings, hours(18));
  double expected = settings.start_import_kwh;
  const LoadCurve curve(settings.seed, 1, settings.solar_peak_watts);
  for (SimTime at = hours(18); at < hours(18) + seconds(1800); at += seconds(1))
    expected += curve.at(at).phases[0].watts / 3.6e6;
  meter.advance_to(hours(18) + seconds(1800));
  EXPECT_NEAR(value_of("energy_active_import_total", meter.quantities()), expected, 1e-9);
  EXPECT_GT(expected, settings.start_import_kwh + 0.05);
}

TEST(SimMeter, HowOftenItIsAskedDoesNotChangeTheEnergy) {
  SimMeter once = meter_of("SDM630");
  SimMeter often = meter_of("SDM630");
  const SimTime end = hours(12) + SimTime(600250);
  once.advance_to(end);
  for (SimTime at = hours(12); at < end; at += SimTime(130)) often.advance_to(at);
  often.advance_to(end);
  for (const char* name : {"energy_active_import_total", "energy_active_export_total", "energy_reactive_total",
                           "demand_power_active_total_max"}) {
    EXPECT_NEAR(value_of(name, once.quantities()), value_of(name, often.quantities()), 1e-8) << name;
  }
}

TEST(SimMeter, TimeNeverGoesBack) {
  SimMeter meter = meter_of("SDM630");
  meter.advance_to(hours(13));
  const double energy = value_of("energy_active_total", meter.quantities());
  meter.advance_to(hours(12));
  EXPECT_EQ(value_of("energy_active_total", meter.quantities()), energy);
}

TEST(SimMeter, AWeekIsStillAWeekOfEnergy) {
  SimMeter meter(default_profile("SDM120"), SimMeterSettings{}, SimTime{});
  const double before = value_of("energy_active_import_total", meter.quantities());
  meter.advance_to(hours(7 * 24));
  const double week = value_of("energy_active_import_total", meter.quantities()) - before;
  EXPECT_GT(week, 25);
  EXPECT_LT(week, 120);
}

TEST(SimMeter, TheDemandIsTheMeanOfAQuarterAndItsMaximumStays) {
  SimMeter meter(default_profile("SDM630"), SimMeterSettings{}, hours(18));
  double highest = 0;
  for (int quarter = 0; quarter < 8; ++quarter) {
    meter.advance_to(hours(18) + seconds(900 * (quarter + 1)));
    highest = std::max(highest, value_of("demand_power_active_total", meter.quantities()));
    EXPECT_NEAR(value_of("demand_power_active_total_max", meter.quantities()), highest, 1e-9);
  }
  EXPECT_GT(highest, 100);
}

/// Every value of every default model, read through plan and decoder, is what the meter shows, and passes the filter.
TEST(SimMeter, IsReadBackByEveryDefaultProfile) {
  for (const Profile& profile : test::default_profiles()) {
    SCOPED_TRACE(profile.model.view());
    SimMeter meter(profile, SimMeterSettings{}, hours(18));
    meter.advance_to(hours(19));
    const auto plan = make_poll_plan(profile, profile.all, PollTiming{});
    ASSERT_TRUE(plan);
    Plausibility plausibility(profile);
    for (const PollRequest& request : plan->requests) {
      const Answer bytes = read(meter, request.function(), request.address, request.words);
      ASSERT_EQ(bytes.size(), 2U + 2 * request.words);
      std::vector<std::uint16_t> words;
      for (std::size_t i = 2; i < bytes.size(); i += 2)
        words.push_back(static_cast<std::uint16_t>(bytes[i] << 8 | bytes[i + 1]));
      auto decoded = decode(profile, request, words, Multipliers{});
      ASSERT_TRUE(decoded) << decoded.error().detail.view();
      EXPECT_TRUE(plausibility.filter({decoded->values.begin(), decoded->values.size()}).empty());
      for (const Value& value : decoded->values) {
        const Register& entry = profile.registers[value.register_index];
        SCOPED_TRACE(entry.name.view());
        ASSERT_TRUE(value.milli);
        const bool is_kilo = entry.unit == Unit::kilowatt_hour || entry.unit == Unit::kilovar_hour ||
                             entry.unit == Unit::kilovolt_ampere_hour;
        const double read_back = static_cast<double>(value.milli.value_or(0)) / (is_kilo ? 1e6 : 1e3);
        double shown = value_of(entry.name, meter.quantities());
        if (!is_float(entry.type) && !is_signed_integer(entry.type)) shown = std::fabs(shown);
        const double step =
            is_float(entry.type) ? std::fabs(shown) * 1.2e-7 + 0.0006 : std::pow(10, entry.scale) * 0.51 + 0.0006;
        EXPECT_NEAR(read_back, shown, step);
      }
    }
  }
}

}  // namespace
}  // namespace meterseal::meter::sim
