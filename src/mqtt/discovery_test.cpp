#include "mqtt/discovery.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "mqtt/errors.hpp"
#include "support/test_facts.hpp"
#include "support/test_meters.hpp"

namespace meterseal::mqtt {
namespace {

using namespace meterseal::test;
using Json = nlohmann::ordered_json;

std::string config_text(const Facts& facts = device_facts()) {
  std::vector<char> memory(8192);
  const Topics topics = Topics::make(kDefaultFullTopic, facts.device.topic).value();
  return std::string(discovery_config_message(memory, facts, topics).value());
}

Json sensors_of(std::string_view body) {
  std::vector<char> memory(65'536);
  return Json::parse(discovery_sensors_message(memory, body, device_facts().local).value());
}

/// The reader's side, written from what hatasmota does with the two messages: which entities it makes of `sn`.
/// Strings and numbers of the first level are no sensors; an object's members are; an array gives one per element; an
/// object inside gives one per member.
std::set<std::string> entities_of(const Json& sensors) {
  std::set<std::string> entities;
  const auto add = [&](std::initializer_list<std::string> path) {
    std::string id = "sensor_sensor";
    for (const std::string& part : path) id += "_" + part;
    EXPECT_TRUE(entities.insert(id).second) << "two entities are called " << id;
  };
  for (const auto& [name, sensor] : sensors.at("sn").items()) {
    if (name == "Time" || !sensor.is_object()) continue;
    for (const auto& [key, value] : sensor.items()) {
      if (value.is_object()) {
        for (const auto& [inner, ignored] : value.items()) add({name, key, inner});
      } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) add({name, key, std::to_string(i)});
      } else {
        add({name, key});
      }
    }
  }
  return entities;
}

/// Follows `ft` as the reader does, to a topic that it subscribes.
std::string reader_topic(const Json& config, std::size_t prefix, const std::string& name) {
  std::string topic = config.at("ft").get<std::string>() + name;
  const auto replace = [&](const std::string& token, const std::string& text) {
    for (auto at = topic.find(token); at != std::string::npos; at = topic.find(token)) {
      topic.replace(at, token.size(), text);
    }
  };
  replace("%prefix%", config.at("tp").at(prefix).get<std::string>());
  replace("%topic%", config.at("t").get<std::string>());
  return topic;
}

TEST(Discovery, RefusesMemoryThatIsTooSmall) {
  const Topics topics = Topics::make(kDefaultFullTopic, "emon_1").value();
  std::vector<char> memory(config_text().size() - 1);
  EXPECT_EQ(discovery_config_message(memory, device_facts(), topics).error().code, payload_too_large);
  memory.resize(20);
  EXPECT_EQ(discovery_sensors_message(memory, "", device_facts().local).error().code, payload_too_large);
}

TEST(Discovery, ConfigHasEveryKeyThatIsMandatory) {
  const Json config = Json::parse(config_text());
  // @source hatasmota discovery.py, TASMOTA_DISCOVERY_SCHEMA: key and type
  const std::pair<const char*, Json::value_t> mandatory[] = {{"btn", Json::value_t::array},
                                                             {"dn", Json::value_t::string},
                                                             {"fn", Json::value_t::array},
                                                             {"ft", Json::value_t::string},
                                                             {"hn", Json::value_t::string},
                                                             {"ip", Json::value_t::string},
                                                             {"lt_st", Json::value_t::number_unsigned},
                                                             {"lk", Json::value_t::number_unsigned},
                                                             {"mac", Json::value_t::string},
                                                             {"md", Json::value_t::string},
                                                             {"ofln", Json::value_t::string},
                                                             {"onln", Json::value_t::string},
                                                             {"so", Json::value_t::object},
                                                             {"tp", Json::value_t::array},
                                                             {"state", Json::value_t::array},
                                                             {"sw", Json::value_t::string},
                                                             {"swc", Json::value_t::array},
                                                             {"rl", Json::value_t::array},
                                                             {"t", Json::value_t::string},
                                                             {"ty", Json::value_t::number_unsigned},
                                                             {"ver", Json::value_t::number_unsigned}};
  for (const auto& [key, type] : mandatory) {
    ASSERT_TRUE(config.contains(key)) << key;
    EXPECT_EQ(config.at(key).type(), type) << key;
  }
  for (const auto* option : {"11", "13", "17", "20", "30", "68", "73", "82"}) {
    EXPECT_EQ(config.at("so").at(option), 0) << option;
  }
  EXPECT_EQ(config.at("ver"), 1);
  EXPECT_EQ(config.at("state"), Json({"OFF", "ON", "TOGGLE", "HOLD"}));
  EXPECT_EQ(config.at("dslp"), 0) << "anything else switches the availability off";
}

TEST(Discovery, ConfigOffersNoPartThatTheDeviceDoesNotHave) {
  const Json config = Json::parse(config_text());
  EXPECT_EQ(config.at("rl"), Json(std::vector<int>(32, 0)));
  EXPECT_EQ(config.at("btn"), Json(std::vector<int>(32, 0)));
  EXPECT_EQ(config.at("swc"), Json(std::vector<int>(32, -1)));
  EXPECT_EQ(config.at("swn"), Json(std::vector<Json>(32, nullptr)));
  EXPECT_EQ(config.at("sho"), Json::array());
  EXPECT_EQ(config.at("fn").size(), 8U);
  EXPECT_EQ(config.at("fn").at(0), "House");
  EXPECT_TRUE(config.at("fn").at(7).is_null());
}

TEST(Discovery, ReaderFindsTheDevicesTopics) {
  const Json config = Json::parse(config_text());
  const Topics topics = Topics::make(kDefaultFullTopic, "emon_1").value();
  EXPECT_TRUE(config.at("ft").get<std::string>().ends_with('/'));
  EXPECT_EQ(reader_topic(config, 0, "STATUS"), topics.of(Prefix::cmnd, "STATUS").view());
  EXPECT_EQ(reader_topic(config, 1, "STATUS10"), topics.of(Prefix::stat, "STATUS10").view());
  EXPECT_EQ(reader_topic(config, 2, "SENSOR"), topics.of(Prefix::tele, "SENSOR").view());
  EXPECT_EQ(reader_topic(config, 2, "LWT"), topics.of(Prefix::tele, "LWT").view());
  EXPECT_EQ(config.at("onln"), "Online");
  EXPECT_EQ(config.at("ofln"), "Offline");
}

TEST(Discovery, TopicsCarryTheSameMacAsThePayload) {
  const Text<12> mac = discovery_mac(0x123456789ABC);
  EXPECT_EQ(discovery_config_topic(mac).view(), "tasmota/discovery/" + std::string(mac.view()) + "/config");
  EXPECT_EQ(discovery_sensors_topic(mac).view(), "tasmota/discovery/" + std::string(mac.view()) + "/sensors");
  Facts facts = device_facts();
  facts.network.mac = mac;
  EXPECT_EQ(Json::parse(config_text(facts)).at("mac"), mac.view());
}

TEST(Discovery, MacIsLocallyAdministeredAndUnicast) {
  const std::pair<std::uint64_t, const char*> rows[] = {{0, "020000000000"},
                                                        {0x0100000000FF, "0200000000FF"},
                                                        {0xFFFFFFFFFFFF, "FEFFFFFFFFFF"},
                                                        {0xDEADABCDEF012345, "AACDEF012345"}};
  for (const auto& [seed, mac] : rows) EXPECT_EQ(discovery_mac(seed).view(), mac);
}

TEST(Discovery, OnePhaseGivesOneEntityPerKey) {
  const auto entities = entities_of(sensors_of(body_of(sdm120())));
  EXPECT_EQ(
      entities,
      (std::set<std::string>{
          "sensor_sensor_ENERGY_TotalStartTime", "sensor_sensor_ENERGY_Total", "sensor_sensor_ENERGY_Yesterday",
          "sensor_sensor_ENERGY_Today", "sensor_sensor_ENERGY_TodaySumImport", "sensor_sensor_ENERGY_TodaySumExport",
          "sensor_sensor_ENERGY_ExportActive", "sensor_sensor_ENERGY_Power", "sensor_sensor_ENERGY_ApparentPower",
          "sensor_sensor_ENERGY_ReactivePower", "sensor_sensor_ENERGY_Factor", "sensor_sensor_ENERGY_Frequency",
          "sensor_sensor_ENERGY_Voltage", "sensor_sensor_ENERGY_Current", "sensor_sensor_ENERGY_ImportActive",
          "sensor_sensor_ENERGY_ImportReactive", "sensor_sensor_ENERGY_ExportReactive",
          "sensor_sensor_ENERGY_PhaseAngle"}));
}

TEST(Discovery, ThreePhasesGiveThreeEntitiesAndFurtherMetersTheirOwn) {
  const TestMeter main(Phases::three, kSdm630);
  const TestMeter sub = sdm120("heatpump");
  const std::array meters{main.telemetry(), sub.telemetry()};
  const auto entities = entities_of(sensors_of(body_of(meters)));
  for (const auto* id :
       {"sensor_sensor_ENERGY_Power_0", "sensor_sensor_ENERGY_Power_1", "sensor_sensor_ENERGY_Power_2",
        "sensor_sensor_ENERGY_Voltage_2", "sensor_sensor_ENERGY_ExportActive_0", "sensor_sensor_ENERGY_Total",
        "sensor_sensor_ENERGY_Frequency", "sensor_sensor_heatpump_Power", "sensor_sensor_heatpump_Total"}) {
    EXPECT_TRUE(entities.contains(id)) << id;
  }
  EXPECT_FALSE(entities.contains("sensor_sensor_ENERGY_Power"));
}

TEST(Discovery, EntitiesAreTheSameBeforeTheFirstReading) {
  TestMeter silent(Phases::one, kSdm120);
  EXPECT_EQ(entities_of(sensors_of(body_of(silent))), entities_of(sensors_of(body_of(sdm120()))));
}

TEST(Discovery, SensorsHaveNoPeriodAndVersionOne) {
  const Json sensors = sensors_of(body_of(sdm120()));
  EXPECT_EQ(sensors.at("ver"), 1);
  EXPECT_EQ(sensors.at("sn").at("Time"), "2026-08-23T13:05:00");
  EXPECT_FALSE(sensors.at("sn").at("ENERGY").contains("Period"));
}

}  // namespace
}  // namespace meterseal::mqtt
