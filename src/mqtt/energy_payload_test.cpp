#include "mqtt/energy_payload.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mqtt/errors.hpp"
#include "support/test_meters.hpp"

namespace meterseal::mqtt {
namespace {

using namespace meterseal::test;
using Json = nlohmann::ordered_json;

Json object_of(const TestMeter& meter, const Resolutions& resolutions = {}) {
  return Json::parse("{" + body_of(meter, resolutions) + "}").at(std::string(kPrimaryKey));
}

std::string keys_of(const Json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) keys += (keys.empty() ? "" : " ") + key;
  return keys;
}

TEST(EnergyPayload, RefusesReadingsThatDoNotFit) {
  const TestMeter meter = sdm120();
  const std::array meters{meter.telemetry()};
  const std::string whole = body_of(meter);
  std::vector<char> memory(whole.size() - 1);
  EXPECT_EQ(write_energy_body(memory, meters, FixedCalendar()).error().code, payload_too_large);
  memory.resize(whole.size());
  EXPECT_EQ(write_energy_body(memory, meters, FixedCalendar()).value(), whole);
}

TEST(EnergyPayload, SinglePhaseIsWordForWordWhatTasmotaSends) {
  TestMeter meter = sdm120();
  meter.period = PeriodEnergy{ledger::MilliWattHours{19'200}, {}};
  std::vector<char> memory(2048);
  CivilTime time;
  time.date = {2026, 8, 23};
  time.hour = 13;
  time.minute = 5;
  const std::string body = body_of(meter);
  EXPECT_EQ(
      sensor_message(memory, body, time, TimeSource::measured).value(),
      R"({"Time":"2026-08-23T13:05:00","ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Total":412.317,)"
      R"("Yesterday":8.412,"Today":3.207,"TodaySumImport":3.207,"TodaySumExport":0.000,"ExportActive":0.000,)"
      R"("Period":19,"Power":231,"ApparentPower":240,"ReactivePower":65,"Factor":0.96,"Frequency":50,"Voltage":233,)"
      R"("Current":1.030,"ImportActive":412.317,"ImportReactive":41.002,"ExportReactive":12.345,)"
      R"("PhaseAngle":15.70}})");
}

TEST(EnergyPayload, PeriodIsThereOnlyInThePeriodicMessage) {
  EXPECT_FALSE(object_of(sdm120()).contains("Period"));
}

TestMeter sdm630() {
  TestMeter meter(Phases::three, kSdm630);
  meter.set(kVoltages, {235'100, 236'000, 234'700}).set(kCurrents, {787, 191, 337});
  meter.set(kPowers, {-172'594, -8608, -70'458}).set(kApparents, {185'600, 45'300, 79'200});
  meter.set(kReactives, {-66'100, 44'500, 36'200}).set(kFactors, {-930, 190, -890});
  meter.set(kImports, {5'550'100'000, 5'560'200'000, 5'537'600'000});
  meter.set(kExports, {1'508'370'000, 1'929'488'000, 1'696'624'000});
  meter.set(Measurand::frequency, 49'951).set(Measurand::power_active_total, -251'660);
  meter.set(Measurand::energy_active_total, 21'782'382'000).set(Measurand::energy_active_import_total, 16'647'900'000);
  meter.set(Measurand::energy_active_export_total, 5'134'482'000);
  meter.totals = ledger::Totals{kwh_milli(16'647'947),
                                kwh_milli(7980),
                                kwh_milli(26'425),
                                kwh_milli(5'134'482),
                                kwh_milli(1250),
                                kNewYear,
                                false,
                                false};
  return meter;
}

TEST(EnergyPayload, ThreePhasesAreArraysAndTotalsAndFrequencyAreNumbers) {
  TestMeter meter = sdm630();
  meter.period = PeriodEnergy{std::nullopt, {kwh_milli(1), std::nullopt, kwh_milli(0)}};
  const Resolutions fine{.volt = 3, .watt = 3, .amp = 3, .freq = 3, .energy = 3};
  EXPECT_EQ(body_of(meter, fine),
            R"("ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Total":16647.947,"Yesterday":26.425,"Today":7.980,)"
            R"("TodaySumImport":7.980,"TodaySumExport":1.250,"ExportActive":[1508.370,1929.488,1696.624],)"
            R"("Period":[1.000,null,0.000],"Power":[-172.594,-8.608,-70.458],"ApparentPower":[185.600,45.300,79.200],)"
            R"("ReactivePower":[-66.100,44.500,36.200],"Factor":[-0.93,0.19,-0.89],"Frequency":49.951,)"
            R"("Voltage":[235.100,236.000,234.700],"Current":[0.787,0.191,0.337],)"
            R"("ImportActive":[5550.100,5560.200,5537.600]})");
}

TEST(EnergyPayload, LeavesOutWhatAMeterCannotGive) {
  EXPECT_EQ(keys_of(object_of(TestMeter(Phases::three, kSdm72))),
            "TotalStartTime Total Yesterday Today TodaySumImport TodaySumExport ExportActive Power ImportActive");
  EXPECT_EQ(keys_of(object_of(TestMeter(Phases::one, kPzem))),
            "TotalStartTime Total Yesterday Today Power ApparentPower ReactivePower Factor Frequency Voltage Current "
            "ImportActive");
  EXPECT_EQ(keys_of(object_of(TestMeter(Phases::one, {Measurand::power_active_total, Measurand::energy_active_total}))),
            "TotalStartTime Total Yesterday Today Power");
  EXPECT_EQ(keys_of(object_of(TestMeter(Phases::one, {Measurand::voltage_l1}))), "Voltage");
}

TEST(EnergyPayload, HasNullForWhatWasNotReadInTime) {
  TestMeter meter = sdm120();
  meter.set(Measurand::power_active_total, 999'000, Instant(seconds{99}));
  meter.lose(Measurand::voltage_l1);
  const Json object = object_of(meter);
  EXPECT_TRUE(object.at("Power").is_null());
  EXPECT_TRUE(object.at("Voltage").is_null());
  EXPECT_EQ(object.at("Current"), 1.030);
}

TEST(EnergyPayload, KeepsItsShapeWhateverTheValues) {
  TestMeter silent(Phases::three, kSdm630);
  const Json full = object_of(sdm630());
  const Json empty = object_of(silent);
  EXPECT_EQ(keys_of(full), keys_of(empty));
  for (const auto& [key, value] : full.items()) {
    EXPECT_EQ(value.is_array(), empty.at(key).is_array()) << key;
    EXPECT_EQ(value.is_array() ? 3U : 1U, empty.at(key).is_array() ? empty.at(key).size() : 1U) << key;
  }
  for (const auto& [key, value] : empty.items()) {
    EXPECT_EQ(value, value.is_array() ? Json({nullptr, nullptr, nullptr}) : Json(nullptr)) << key;
  }
}

TEST(EnergyPayload, CountersOfASilentMeterAreNotPublishedAsCurrent) {
  TestMeter meter = sdm630();
  meter.oldest = Instant(seconds{101});
  const Json object = object_of(meter);
  for (const auto* key : {"Total", "Today", "TodaySumImport", "TodaySumExport"}) {
    EXPECT_TRUE(object.at(key).is_null()) << key;
  }
  EXPECT_EQ(object.at("ExportActive"), Json({nullptr, nullptr, nullptr}));
  EXPECT_EQ(object.at("Yesterday"), 26.425) << "a closed day cannot become old";
  EXPECT_EQ(object.at("TotalStartTime"), "2026-01-01T00:00:00");
}

TEST(EnergyPayload, StartTimeIsNullWhileTheClockWasNeverKnown) {
  TestMeter meter = sdm120();
  ledger::Totals book = sdm120_book();
  book.since.reset();
  meter.totals = book;
  EXPECT_TRUE(object_of(meter).at("TotalStartTime").is_null());
}

TEST(EnergyPayload, StartTimeIsLocal) {
  const TestMeter meter = sdm120();
  const std::array meters{meter.telemetry()};
  std::vector<char> memory(4096);
  const FixedCalendar bangkok(seconds{7 * 3600});
  const auto body = write_energy_body(memory, meters, bangkok).value();
  EXPECT_NE(body.find(R"("TotalStartTime":"2026-01-01T07:00:00")"), std::string_view::npos) << body;
}

TEST(EnergyPayload, FurtherMetersStandUnderTheirNames) {
  const TestMeter main = sdm630();
  const TestMeter sub = sdm120("heatpump");
  const std::array meters{main.telemetry(), sub.telemetry()};
  const Json object = Json::parse("{" + body_of(meters) + "}");
  EXPECT_EQ(keys_of(object), "ENERGY heatpump");
  EXPECT_EQ(object.at("heatpump").at("Power"), 231);
}

TEST(EnergyPayload, NamedRegistersFollowTheKnownKeys) {
  TestMeter meter = sdm120();
  meter.registers = {{"thd_voltage_l1", 2345, 3}, {"energy_apparent_total", 1'234'567'890, 6}, {"max\"demand", {}, 3}};
  EXPECT_NE(
      body_of(meter).find(
          R"("PhaseAngle":15.70,"REGISTERS":{"thd_voltage_l1":2.345,"energy_apparent_total":1234.568,"max\"demand":null}})"),
      std::string::npos)
      << body_of(meter);
}

TEST(SensorMessage, SaysWhenItsTimeWasEstimatedOrIsUnknown) {
  std::vector<char> memory(256);
  CivilTime time;
  time.date = {2026, 12, 31};
  time.hour = 23;
  time.second = 9;
  EXPECT_EQ(sensor_message(memory, R"("A":{})", time, TimeSource::estimated).value(),
            R"({"Time":"2026-12-31T23:00:09","TimeEstimated":true,"A":{}})");
  EXPECT_EQ(sensor_message(memory, R"("A":{})", std::nullopt, TimeSource::measured).value(), R"({"Time":null,"A":{}})");
  EXPECT_EQ(sensor_message(memory, "", time, TimeSource::measured).value(), R"({"Time":"2026-12-31T23:00:09"})");
  memory.resize(10);
  EXPECT_EQ(sensor_message(memory, "", time, TimeSource::measured).error().code, payload_too_large);
}

ledger::Totals grown(std::int64_t mwh) {
  ledger::Totals book = sdm120_book();
  book.total.value += mwh;
  return book;
}

TEST(PeriodBook, GivesTheEnergySinceTheLastMessage) {
  PeriodBook book;
  TestMeter meter = sdm120();
  EXPECT_FALSE(book.next(meter.telemetry()).whole) << "nothing to compare with";
  meter.totals = grown(19'000);
  EXPECT_EQ(book.next(meter.telemetry()).whole, ledger::MilliWattHours{19'000});
  EXPECT_EQ(book.next(meter.telemetry()).whole, ledger::MilliWattHours{0});
}

TEST(PeriodBook, SilenceLeavesItsEnergyToTheNextPeriod) {
  PeriodBook book;
  TestMeter meter = sdm120();
  (void)book.next(meter.telemetry());
  meter.oldest = Instant(seconds{101});
  EXPECT_FALSE(book.next(meter.telemetry()).whole);
  meter.totals = grown(5000);
  meter.set(Measurand::energy_active_import_total, 412'322'000, Instant(seconds{102}));
  EXPECT_EQ(book.next(meter.telemetry()).whole, ledger::MilliWattHours{5000});
}

TEST(PeriodBook, CountsPerPhaseAndHasNoNumberForAFall) {
  PeriodBook book;
  TestMeter meter = sdm630();
  (void)book.next(meter.telemetry());
  meter.set(kImports, {5'550'101'000, 5'560'200'000, 5'537'599'000});
  const PeriodEnergy period = book.next(meter.telemetry());
  EXPECT_EQ(period.phases[0], ledger::MilliWattHours{1000});
  EXPECT_EQ(period.phases[1], ledger::MilliWattHours{0});
  EXPECT_FALSE(period.phases[2]);
}

}  // namespace
}  // namespace meterseal::mqtt
