#include "mqtt/state_payload.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mqtt/errors.hpp"
#include "mqtt/time_text.hpp"
#include "support/test_facts.hpp"

namespace meterseal::mqtt {
namespace {

using Json = nlohmann::ordered_json;
using test::device_facts;

constexpr std::string_view kBody = R"("ENERGY":{"Power":231})";

std::string status(std::span<const StatusSection> sections, const Facts& facts) {
  std::vector<char> memory(8192);
  return std::string(status_message(memory, sections, facts, kBody).value());
}
std::string status(StatusSection section, const Facts& facts = device_facts()) {
  return status(std::span(&section, 1), facts);
}

TEST(StatePayload, RefusesMemoryThatIsTooSmall) {
  const Facts facts = device_facts();
  for (std::size_t size = 0; size < 40; ++size) {
    std::vector<char> memory(size);
    EXPECT_EQ(state_message(memory, facts).error().code, payload_too_large);
    EXPECT_EQ(info1_message(memory, facts).error().code, payload_too_large);
    EXPECT_EQ(info2_message(memory, facts).error().code, payload_too_large);
    EXPECT_EQ(info3_message(memory, facts).error().code, payload_too_large);
    EXPECT_EQ(status_message(memory, kStatusSections, facts, kBody).error().code, payload_too_large);
  }
}

TEST(StatePayload, StateOfAWiredMachineHasNoWifi) {
  std::vector<char> memory(8192);
  EXPECT_EQ(state_message(memory, device_facts()).value(),
            R"({"Time":"2026-08-23T13:05:00","Uptime":"0T01:02:03","UptimeSec":3723,"Heap":152000,)"
            R"("SleepMode":"Dynamic","Sleep":0,"LoadAvg":19,"MqttCount":3,"Hostname":"meter-gw",)"
            R"("IPAddress":"192.0.2.50"})");
}

TEST(StatePayload, WifiHasQualityInPercentAndLevelInDbm) {
  Facts facts = device_facts();
  facts.network.wifi = WifiFacts{"net", "AA:BB:CC:DD:EE:FF", 6, "HT20", -62, 1, seconds{4}};
  std::vector<char> memory(8192);
  const auto state = state_message(memory, facts).value();
  EXPECT_NE(state.find(R"("MqttCount":3,"Wifi":{"AP":1,"SSId":"net","BSSId":"AA:BB:CC:DD:EE:FF","Channel":6,)"
                       R"("Mode":"HT20","RSSI":76,"Signal":-62,"LinkCount":1,"Downtime":"0T00:00:04"},"Hostname")"),
            std::string_view::npos)
      << state;
}

TEST(StatePayload, WifiQualityStaysWithinAHundredPercent) {
  Facts facts = device_facts();
  const std::pair<int, int> rows[] = {{-120, 0}, {-100, 0}, {-75, 50}, {-50, 100}, {-10, 100}};
  for (const auto& [dbm, percent] : rows) {
    facts.network.wifi = WifiFacts{"net", "", 1, "11n", dbm, 0, seconds{0}};
    EXPECT_EQ(Json::parse(status(StatusSection::state, facts)).at("StatusSTS").at("Wifi").at("RSSI"), percent);
  }
}

TEST(StatePayload, AHostileNetworkNameCannotBreakTheMessage) {
  Facts facts = device_facts();
  facts.network.wifi = WifiFacts{"\xFF\xFE", "", 1, "11n", -60, 0, seconds{0}};
  EXPECT_EQ(Json::parse(status(StatusSection::state, facts)).at("StatusSTS").at("Wifi").at("SSId"), "(not text)");
  facts.network.wifi->ssid = "a\",\"b\n";
  EXPECT_EQ(Json::parse(status(StatusSection::state, facts)).at("StatusSTS").at("Wifi").at("SSId"), "a\",\"b\n");
}

TEST(StatePayload, InfoMessagesAreTasmotas) {
  std::vector<char> memory(8192);
  EXPECT_EQ(info1_message(memory, device_facts()).value(),
            R"~({"Info1":{"Module":"Raspberry Pi 4 Model B","Version":"0.1.0(meterseal)","FallbackTopic":"",)~"
            R"~("GroupTopic":""}})~");
  EXPECT_EQ(info2_message(memory, device_facts()).value(),
            R"({"Info2":{"WebServerMode":"Admin","Hostname":"meter-gw","IPAddress":"192.0.2.50"}})");
  EXPECT_EQ(info3_message(memory, device_facts()).value(),
            R"({"Info3":{"RestartReason":"Software/System restart","BootCount":12}})");
}

TEST(StatePayload, EachStatusSectionHasItsKeysInOrder) {
  const std::pair<StatusSection, const char*> rows[] = {
      {StatusSection::device,
       R"({"Status":{"Module":0,"DeviceName":"House","FriendlyName":["House"],"Topic":"emon_1","ButtonTopic":"0",)"
       R"("Power":"0","SwitchTopic":"0","ButtonRetain":0,"SwitchRetain":0,"SensorRetain":0,"PowerRetain":0,)"
       R"("InfoRetain":0,"StateRetain":0,"StatusRetain":0}})"},
      {StatusSection::parameters,
       R"({"StatusPRM":{"Baudrate":9600,"SerialConfig":"8N1","GroupTopic":"","OtaUrl":"https://ota.example.com/",)"
       R"("RestartReason":"Software/System restart","Uptime":"0T01:02:03","StartupUTC":"2026-08-23T10:02:57",)"
       R"("Sleep":0,"BootCount":12}})"},
      {StatusSection::firmware,
       R"~({"StatusFWR":{"Version":"0.1.0(meterseal)","BuildDateTime":"2026-08-01T12:00:00","Core":"6.1.0",)~"
       R"("SDK":"3.0.17","CpuFrequency":1500,"Hardware":"aarch64, 4 cores"}})"},
      {StatusSection::logging,
       R"({"StatusLOG":{"SerialLog":0,"WebLog":2,"MqttLog":0,"SysLog":3,"LogHost":"","TelePeriod":300,)"
       R"("SetOption":["00000008","000000000000000000000000000000000000","00000000","00200000","00044000",)"
       R"("00000000"]}})"},
      {StatusSection::memory, R"({"StatusMEM":{"ProgramSize":2048,"Free":1000000,"Heap":152000}})"},
      {StatusSection::network,
       R"({"StatusNET":{"Hostname":"meter-gw","IPAddress":"192.0.2.50","Gateway":"192.0.2.1",)"
       R"("Subnetmask":"255.255.255.0","DNSServer1":"192.0.2.1","DNSServer2":"0.0.0.0","Mac":"02:BB:CC:1A:2B:3C",)"
       R"("Webserver":2,"HTTP_API":1,"Metrics":"token"}})"},
      {StatusSection::mqtt,
       R"({"StatusMQT":{"MqttHost":"broker.example.com","MqttPort":8883,"MqttClientMask":"meterseal-emon_1",)"
       R"("MqttClient":"meterseal-emon_1","MqttUser":"emon_1","MqttCount":3,"MqttTLS":1,"MAX_PACKET_SIZE":262144,)"
       R"("KEEPALIVE":30,"SOCKET_TIMEOUT":10,"Discovery":1,"RemoteCommands":"safe"}})"},
      {StatusSection::time,
       R"({"StatusTIM":{"UTC":"2026-08-23T11:05:00Z","Local":"2026-08-23T13:05:00","Timezone":"+02:00"}})"},
      {StatusSection::thresholds,
       R"({"StatusPTH":{"PowerDelta":0,"PowerLow":0,"PowerHigh":0,"VoltageLow":0,"VoltageHigh":0,"CurrentLow":0,)"
       R"("CurrentHigh":0,"MaxPower":0,"MaxPowerHold":0,"MaxPowerWindow":0,"MaxEnergy":0,"MaxEnergyStart":0}})"},
      {StatusSection::sensors, R"({"StatusSNS":{"Time":"2026-08-23T13:05:00","ENERGY":{"Power":231}}})"},
  };
  for (const auto& [section, text] : rows) EXPECT_EQ(status(section), text);
}

TEST(StatePayload, StatusElevenIsTheStateMessage) {
  std::vector<char> memory(8192);
  EXPECT_EQ(status(StatusSection::state),
            "{\"StatusSTS\":" + std::string(state_message(memory, device_facts()).value()) + "}");
}

TEST(StatePayload, AllSectionsMergeIntoOneObject) {
  const Json all = Json::parse(status(kStatusSections, device_facts()));
  EXPECT_EQ(all.size(), kStatusSections.size());
  for (const StatusSection section : kStatusSections) {
    const Json alone = Json::parse(status(section));
    for (const auto& [key, value] : alone.items()) EXPECT_EQ(all.at(key), value) << key;
  }
}

TEST(StatePayload, WhatIsNotKnownOfTheClockIsNull) {
  Facts facts = device_facts();
  facts.local.reset();
  facts.utc.reset();
  facts.host.started_utc.reset();
  EXPECT_EQ(status(StatusSection::time, facts), R"({"StatusTIM":{"UTC":null,"Local":null,"Timezone":null}})");
  EXPECT_TRUE(Json::parse(status(StatusSection::parameters, facts)).at("StatusPRM").at("StartupUTC").is_null());
  EXPECT_TRUE(Json::parse(status(StatusSection::state, facts)).at("StatusSTS").at("Time").is_null());
}

TEST(StatePayload, WhatIsSwitchedOffIsShownAsOff) {
  Facts facts = device_facts();
  facts.switches = {};
  facts.switches.remote_commands = "none";
  const Json network = Json::parse(status(StatusSection::network, facts)).at("StatusNET");
  EXPECT_EQ(network.at("Webserver"), 0);
  EXPECT_EQ(network.at("HTTP_API"), 0);
  EXPECT_EQ(network.at("Metrics"), "off");
  const Json mqtt = Json::parse(status(StatusSection::mqtt, facts)).at("StatusMQT");
  EXPECT_EQ(mqtt.at("Discovery"), 0);
  EXPECT_EQ(mqtt.at("RemoteCommands"), "none");
  std::vector<char> memory(8192);
  EXPECT_NE(info2_message(memory, facts).value().find(R"("WebServerMode":"Off")"), std::string_view::npos);
}

TEST(StatePayload, PlaintextIsNotCalledTls) {
  Facts facts = device_facts();
  facts.mqtt.transport = Transport::plaintext;
  EXPECT_EQ(Json::parse(status(StatusSection::mqtt, facts)).at("StatusMQT").at("MqttTLS"), 0);
}

TEST(StatePayload, ZonesWestOfGreenwichAndHalfHoursHaveTheirOffset) {
  const std::pair<std::int32_t, const char*> rows[] = {
      {0, "+00:00"}, {-3 * 3600 - 1800, "-03:30"}, {5 * 3600 + 2700, "+05:45"}, {14 * 3600, "+14:00"}};
  for (const auto& [offset, text] : rows) {
    Facts facts = device_facts();
    facts.local = CivilTime{{2026, 8, 23}, 13, 5, 0, 0, offset};
    EXPECT_EQ(Json::parse(status(StatusSection::time, facts)).at("StatusTIM").at("Timezone"), text);
  }
}

TEST(TimeText, DurationsCountDays) {
  EXPECT_EQ(format_duration(seconds{0}).view(), "0T00:00:00");
  EXPECT_EQ(format_duration(seconds{12 * 86'400 + 7}).view(), "12T00:00:07");
  EXPECT_EQ(format_duration(seconds{86'399}).view(), "0T23:59:59");
  EXPECT_EQ(format_duration(seconds{-1}).view(), "0T00:00:00");
}

TEST(TimeText, YearsKeepFourDigits) {
  EXPECT_EQ(format_time({{7, 1, 2}, 3, 4, 5, 678, 0}).view(), "0007-01-02T03:04:05");
  EXPECT_EQ(format_time({{123'456, 1, 2}, 3, 4, 5, 0, 0}).view(), "9999-01-02T03:04:05");
}

}  // namespace
}  // namespace meterseal::mqtt
