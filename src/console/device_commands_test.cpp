#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "console/console.hpp"
#include "support/fake_device.hpp"

namespace meterseal::console {
namespace {

using Json = nlohmann::ordered_json;
using test::FakeDevice;

class DeviceCommands : public testing::Test {
 protected:
  std::string run(const std::string& line, Caller caller = {}) {
    const Replies replies = console_.run(line, caller);
    return replies.size() == 1 ? replies[0].json : std::to_string(replies.size()) + " replies";
  }
  std::string remote(const std::string& word, const std::string& payload, RemoteCommands allowed) {
    const Replies replies = Console(device_, allowed).take(topics_, {"cmnd/emon_1/" + word, payload, {}, false});
    return replies.size() == 1 ? replies[0].json : std::to_string(replies.size()) + " replies";
  }
  std::string reason(const std::string& line, Caller caller = {}) {
    const Json json = Json::parse(run(line, caller));
    return json.value("Command", "") == "Error" ? json.value("Reason", "") : "no refusal: " + json.dump();
  }

  FakeDevice device_;
  Console console_{device_, RemoteCommands::safe};
  mqtt::Topics topics_ = mqtt::Topics::make(mqtt::kDefaultFullTopic, "emon_1").value();
};

TEST_F(DeviceCommands, ASettingIsAskedForAndSetInTasmotasWords) {
  EXPECT_EQ(run("MqttHost"), R"({"MqttHost":""})");
  EXPECT_EQ(run("mqtthost broker.lan"), R"({"MqttHost":"broker.lan"})");
  EXPECT_EQ(run("MqttHost 2001:db8::1"), R"({"MqttHost":"2001:db8::1"})");
  EXPECT_EQ(run("MqttHost 0"), R"({"MqttHost":""})");
  EXPECT_EQ(run("MqttHost 1"), R"({"MqttHost":"standard"})") << "1 is the standard, not a host of that name";
  EXPECT_EQ(run("MqttPort 8884"), R"({"MqttPort":8884})");
  EXPECT_EQ(run("MqttUser meter"), R"({"MqttUser":"meter"})");
  EXPECT_EQ(run("MqttClient emon_1"), R"({"MqttClient":"emon_1"})");
  EXPECT_EQ(run("Topic emon_2"), R"({"Topic":"emon_2"})");
  EXPECT_EQ(run("FullTopic site/%prefix%/%topic%/"), R"({"FullTopic":"site/%prefix%/%topic%/"})");
  EXPECT_EQ(run("DeviceName House 7"), R"({"DeviceName":"House 7"})");
  EXPECT_EQ(run("FriendlyName"), R"({"FriendlyName":"House 7"})");
  EXPECT_EQ(run("MqttKeepAlive 60"), R"({"MqttKeepAlive":60})");
  EXPECT_EQ(run("SetOption19 1"), R"({"SetOption19":"ON"})");
  EXPECT_EQ(device_.settings[Setting::discovery].value, "0") << "Tasmota's 19 says no discovery";
}

TEST_F(DeviceCommands, WhatASettingCannotBeIsRefusedWithTheReason) {
  const std::pair<const char*, const char*> rows[] = {
      {"MqttHost mqtts://broker", "a host, not a URL: give only the name, such as broker.lan"},
      {"MqttHost broker:8883", "the host alone: the port has the command MqttPort"},
      {"MqttHost bro ker", "neither a host name nor an IP address: such as broker.lan or 192.0.2.7"},
      {"MqttHost broker\"", "neither a host name nor an IP address: such as broker.lan or 192.0.2.7"},
      {"MqttPort 0", "a port from 2 to 65535; 1 is the standard, 8883"},
      {"MqttPort 65536", "a port from 2 to 65535; 1 is the standard, 8883"},
      {"MqttPort abc", "a port from 2 to 65535; 1 is the standard, 8883"},
      {"MqttUser DVES_USER", "DVES_USER is Tasmota's user of every device: give this device one of its own"},
      {"MqttPassword DVES_PASS", "DVES_PASS is Tasmota's password of every device: everybody knows it"},
      {"MqttClient DVES_%06X", "no %: the client id is taken as it is"},
      {"Topic 0", "0 and \" stand for none, and this one has to be something; 1 is the standard"},
      {"MqttKeepAlive 4", "a number of seconds from 5 to 3600; 1 is the standard, 30"},
      {"SetOption128 2", "1 (on) or 0 (off)"},
      {"DeviceName xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
       "at most 64 bytes, and these are 65"},
      {"OtaUrl http://ota.example.com/x.bin",
       "only https://: whoever is on the way of http could put a program of his own on this device"},
      {"OtaUrl https://me:secret@ota.example.com/", "no user or password in a URL: it stands in Status 1"},
      {"OtaUrl https://", "no URL: https://HOST/FILE"},
      {"Upgrade 1", "this build has no upgrade by command: install the new package"},
      {"Time 1700000000", "the clock is this machine's: set it there, for instance with timedatectl"},
      {"ModbusBaudrate 19200",
       "the line of a bus is set on the page under Configure Meters, or in the configuration file as bus.baud where a "
       "person wrote it"},
      {"Timezone 1",
       "the zone is this machine's (timedatectl set-timezone), or device.timezone where a configuration file names "
       "one: daylight saving follows it"},
      {"MqttLog 2",
       "fixed: the log is never published, because what it says of brokers and certificates is not for everybody "
       "there"},
      {"WebServer 1", "2 (on) or 0 (off): for people who may only look make users of the role viewer on the page"},
      {"EnergyTotal abc", "an energy in Wh: a whole number, 0 or more"},
      {"EnergyTotal -1", "an energy in Wh: a whole number, 0 or more"},
      {"EnergyTotal2", "the meter solar has not been read yet: ModbusStatus tells whether it answers"},
      {"EnergyTotal3 5", "there is no meter 3: this device has 2, which ModbusStatus lists"},
      {"EnergyExport 5", "what was exported is counted by the meter and cannot be set"},
      {"Help Foo", "there is no such command: Help alone lists all of them"},
      {"Delay 10", "only inside a Backlog, as in: Backlog TelePeriod 10; Delay 600; TelePeriod 300"},
  };
  for (const auto& [line, why] : rows) EXPECT_EQ(reason(line), why) << line;
  EXPECT_EQ(device_.changes, 0);
}

TEST_F(DeviceCommands, WhatTheFileDeclaresIsFixedThereAndSaysHowToChangeIt) {
  device_.settings[Setting::mqtt_host] = {"broker.lan", "mqtt.hosts"};
  EXPECT_EQ(reason("MqttHost other.lan"),
            "the configuration file says mqtt.hosts: change it there and reload it (Restart 1 or SIGHUP)");
  EXPECT_EQ(run("MqttHost"), R"({"MqttHost":"broker.lan"})");
  EXPECT_EQ(run("MqttHost broker.lan"), R"({"MqttHost":"broker.lan"})") << "asks for what is already so";
  EXPECT_EQ(device_.changes, 0);
}

TEST_F(DeviceCommands, WhatTheDeviceCannotBeIsAReason) {
  device_.refusal = "mqtt.client_id: is longer than 128 bytes";
  EXPECT_EQ(reason("MqttClient x"), "mqtt.client_id: is longer than 128 bytes");
}

TEST_F(DeviceCommands, APasswordIsNeverRepeated) {
  const std::string secret = "canary-7f3a91";
  for (const std::string& line :
       {"MqttPassword " + secret, "mqttpassword\t" + secret, "WebPassword " + secret,
        "WebPassword short " + secret.substr(0, 1), "MqttPasword " + secret, "MqttPassword2 " + secret,
        "Backlog MqttPassword " + secret + "; State", "Backlog MqttPassword " + secret + std::string(31, ';') + "a;b",
        "MqttPassword " + secret + "\x01", "cmnd/emon_1/MqttPassword " + secret}) {
    for (const Caller caller : {Caller{Source::local}, Caller{Source::web}, Caller{Source::http, Rights::view}}) {
      for (const Reply& reply : console_.run(line, caller))
        EXPECT_EQ(reply.json.find(secret), std::string::npos) << line;
    }
  }
  for (const auto allowed : {RemoteCommands::none, RemoteCommands::safe, RemoteCommands::all})
    EXPECT_EQ(remote("MqttPassword", secret, allowed).find(secret), std::string::npos);
  EXPECT_EQ(run("MqttPassword"), R"({"MqttPassword":"****"})");
  EXPECT_EQ(run("WebPassword"), R"({"WebPassword":"****"})");
}

TEST_F(DeviceCommands, SecretsAreKnownInEveryDisguise) {
  for (const char* line : {"MqttPassword x", "mqttpassword x", "cmnd/a/WebPassword x", "Backlog0 State; MqttPassword x",
                           "MqttPasword x", "webpassword x", "MqttPassword x\x01"}) {
    EXPECT_TRUE(holds_secret(line)) << line;
  }
  for (const char* line : {"MqttPassword", "MqttPassword ?", "Status 0", "Backlog State; Status", "", "MqttUser x"})
    EXPECT_FALSE(holds_secret(line)) << line;
}

TEST_F(DeviceCommands, AStolenBrokerPasswordNeitherRedirectsNorBlindsNorTakesOver) {
  const std::pair<const char*, const char*> rows[] = {{"MqttHost", "evil.example"},
                                                      {"MqttPort", "1883"},
                                                      {"MqttUser", "eve"},
                                                      {"MqttPassword", "evil-evil"},
                                                      {"MqttClient", "eve"},
                                                      {"Topic", "eve"},
                                                      {"FullTopic", "eve/%prefix%/"},
                                                      {"MqttFingerprint1", "AA"},
                                                      {"MqttFingerprint2", "AA"},
                                                      {"SetOption103", "0"},
                                                      {"SetOption132", "0"},
                                                      {"SetOption19", "1"},
                                                      {"SetOption128", "1"},
                                                      {"TlsMode", "ca"},
                                                      {"TlsRenewal", "same-ca"},
                                                      {"TlsConfirm", "AA"},
                                                      {"TlsCa", "x"},
                                                      {"WebPassword", "evil evil evil"},
                                                      {"WebServer", "0"},
                                                      {"OtaUrl", "https://evil.example/"},
                                                      {"Upgrade", "1"},
                                                      {"Reset", "1"},
                                                      {"DeviceName", "x"},
                                                      {"EnergyTotal", "0"},
                                                      {"ClockFloor", "0"},
                                                      {"TelePeriod", "0"},
                                                      {"MqttKeepAlive", "3600"}};
  for (const auto& [word, payload] : rows) {
    for (const auto allowed : {RemoteCommands::none, RemoteCommands::safe}) {
      EXPECT_NE(remote(word, payload, allowed).find("not allowed by MQTT"), std::string::npos) << word;
      const Replies inside = Console(device_, allowed)
                                 .take(topics_, {"cmnd/emon_1/BACKLOG", std::string(word) + " " + payload, {}, false});
      ASSERT_EQ(inside.size(), 1U) << word;
      EXPECT_NE(inside[0].json.find("not allowed by MQTT"), std::string::npos) << inside[0].json;
    }
  }
  for (const char* word : {"TlsConfirm", "Reset", "WebPassword", "SetOption103", "EnergyTotal"}) {
    EXPECT_NE(remote(word, "1", RemoteCommands::all).find("not allowed by MQTT"), std::string::npos) << word;
    EXPECT_NE(remote("Backlog0", std::string(word) + " 1", RemoteCommands::all).find("not allowed by MQTT"),
              std::string::npos)
        << word;
  }
  EXPECT_EQ(device_.changes + device_.resets + device_.restarts, 0);
  EXPECT_TRUE(device_.settings.empty());
}

TEST_F(DeviceCommands, WhatOpensTheDeviceIsForAPersonInFrontOfIt) {
  for (const Source source : {Source::web, Source::http}) {
    EXPECT_EQ(reason("Reset 1", {source}), "only on the device itself: meterseal console");
    EXPECT_EQ(reason("WebPassword three old copper pots", {source}), "only on the device itself: meterseal console");
    EXPECT_EQ(run("MqttHost broker.lan", {source}), R"({"MqttHost":"broker.lan"})");
  }
  EXPECT_EQ(run("WebPassword three old copper pots"), R"({"WebPassword":"****"})");
  EXPECT_EQ(device_.web_password, "three old copper pots");
  EXPECT_EQ(run("Reset"), R"({"Reset":"1 to reset"})");
  EXPECT_EQ(run("Reset 2"), R"({"Reset":"1 to reset"})");
  EXPECT_EQ(device_.resets, 0);
  EXPECT_EQ(run("Reset 1"), R"({"Reset":"Reset and Restarting"})");
  EXPECT_EQ(device_.resets, 1);
}

TEST_F(DeviceCommands, EnergyIsToldInKilowattHoursAndSetInWattHours) {
  EXPECT_EQ(run("EnergyTotal"),
            R"({"EnergyTotal":{"Meter":"main","Total":412.317,"Yesterday":8.412,"Today":3.207,"ExportActive":0.001}})");
  EXPECT_EQ(Json::parse(run("EnergyToday 500")).at("EnergyToday").at("Today"), 0.5);
  EXPECT_EQ(Json::parse(run("EnergyYesterday 1000")).at("EnergyYesterday").at("Yesterday"), 1.0);
  EXPECT_EQ(Json::parse(run("EnergyExport")).at("EnergyExport").at("ExportActive"), 0.001);
}

TEST_F(DeviceCommands, TheBusTellsWhichMetersAnswer) {
  EXPECT_EQ(run("ModbusStatus"),
            R"({"ModbusStatus":[{"Meter":"main","Model":"Eastron SDM630","Port":"/dev/ttyUSB0","Address":1,)"
            R"("State":"answers","Age":2},{"Meter":"solar","Model":"PZEM-016","Port":"/dev/ttyUSB0","Address":7,)"
            R"("State":"silent","Age":null}]})");
  device_.port_trouble = "the port /dev/ttyUSB0 is not there";
  EXPECT_NE(
      run("ModbusStatus").find(R"("State":"no port","Age":null,"Reason":"the port /dev/ttyUSB0 is not there"}]})"),
      std::string::npos);
  EXPECT_EQ(run("ModbusBaudrate"), R"({"ModbusBaudrate":9600})");
  EXPECT_EQ(run("ModbusSerialConfig"), R"({"ModbusSerialConfig":"8N1"})");
}

TEST_F(DeviceCommands, ABusIsSearchedForMeters) {
  EXPECT_EQ(run("ModbusScan"), R"({"ModbusScan":{"State":"idle","Bus":1,"Asked":0,"Of":0,"Found":[]}})");
  const std::string found = R"("Bus":1,"Asked":2,"Of":30,"Found":[{"Address":7,"Models":["SDM120"]},)"
                            R"({"Address":9,"Models":[]}]}})";
  EXPECT_EQ(run("ModbusScan 1 1-32"), R"({"ModbusScan":{"State":"running",)" + found);
  EXPECT_EQ(run("ModbusScan"), R"({"ModbusScan":{"State":"running",)" + found);
  EXPECT_EQ(run("ModbusScan 0"), R"({"ModbusScan":{"State":"idle",)" + found) << "stopped";
  (void)run("ModbusScan 1");
  (void)run("ModbusScan 1  7");
  const std::pair<unsigned, unsigned> ranges[] = {{1, 32}, {1, 247}, {7, 7}};
  ASSERT_EQ(device_.scanned.size(), std::size(ranges));
  for (std::size_t i = 0; i < std::size(ranges); ++i)
    EXPECT_EQ(std::pair(unsigned{device_.scanned[i].first}, unsigned{device_.scanned[i].last}), ranges[i]);
  for (const char* wrong : {"x", "-1", "100", "1 0-5", "1 5-4", "1 1-248", "1 1-", "1 -5", "1 a", "1 1-5 9", "1 300"}) {
    EXPECT_EQ(reason(std::string("ModbusScan ") + wrong),
              "the number of a bus and the addresses on it, as in 1 1-32 (without them 1-247); 0 stops the search")
        << wrong;
  }
  EXPECT_EQ(reason("ModbusScan 2"), "there is no such bus");
  EXPECT_EQ(device_.scanned.size(), std::size(ranges));
  EXPECT_NE(remote("ModbusScan", "1", RemoteCommands::all).find("not allowed by MQTT, whatever"), std::string::npos);
  EXPECT_EQ(remote("ModbusScan", "", RemoteCommands::none).find("Error"), std::string::npos);
}

TEST_F(DeviceCommands, TimeAndLogLevelsAreAsked) {
  EXPECT_EQ(run("Time"), R"({"Time":"2026-08-23T13:05:00"})");
  EXPECT_EQ(run("Timezone"), R"({"Timezone":"+02:00"})");
  EXPECT_EQ(run("WebLog"), R"({"WebLog":2})");
  EXPECT_EQ(run("SysLog"), R"({"SysLog":3})");
  EXPECT_EQ(run("SerialLog 0"), R"({"SerialLog":0})");
  EXPECT_EQ(run("Upgrade"), R"({"Upgrade":"Version 0.1.0, no upgrade by command"})");
}

TEST_F(DeviceCommands, HelpKnowsEveryCommand) {
  const Json all = Json::parse(run("Help")).at("Help");
  std::size_t count = 0;
  for (const auto& [group, names] : all.items()) count += names.size();
  EXPECT_EQ(count, commands().size());
  const Json one = Json::parse(run("Help mqttfingerprint2")).at("Help");
  EXPECT_EQ(one.at("Command"), "MqttFingerprint");
  EXPECT_EQ(one.at("Index"), "1 or 2");
  EXPECT_EQ(one.at("ByMqtt"), "all");
}

}  // namespace
}  // namespace meterseal::console
