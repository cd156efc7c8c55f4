#include "console/console.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "console/errors.hpp"
#include "support/fake_device.hpp"

namespace meterseal::console {
namespace {

using Json = nlohmann::ordered_json;

const UtcTime kBuilt{seconds{1'767'225'600}};   // 2026-01-01
const UtcTime kProved{seconds{1'783'209'600}};  // 2026-07-05

using test::FakeDevice;

const UtcTime kFloor{seconds{1783209600}};  // 2026-07-05

class ConsoleTest : public testing::Test {
 protected:
  Replies local(std::string_view line) { return console_.run(line); }
  Replies remote(const std::string& word, const std::string& payload, RemoteCommands allowed = RemoteCommands::safe) {
    return Console(device_, allowed).take(topics_, {"cmnd/emon_1/" + word, payload, {}, false});
  }
  /// The only reply, which stands under RESULT.
  std::string result(std::string_view line) {
    const Replies replies = local(line);
    EXPECT_EQ(replies.size(), 1U) << line;
    if (replies.size() != 1) return {};
    EXPECT_EQ(replies[0].name, "RESULT") << line;
    return replies[0].json;
  }

  FakeDevice device_;
  Console console_{device_, RemoteCommands::safe};
  mqtt::Topics topics_ = mqtt::Topics::make(mqtt::kDefaultFullTopic, "emon_1").value();
};

TEST_F(ConsoleTest, AnswersWhatItDoesNotKnow) {
  EXPECT_EQ(result("Foo 12"), R"({"Command":"Unknown","Input":"FOO 12"})");
  EXPECT_EQ(result("POWER"), R"({"Command":"Unknown","Input":"POWER"})");
  EXPECT_EQ(result("a\"b\\"), R"({"Command":"Unknown","Input":"A \"b\\"})");
  EXPECT_EQ(result("12"), R"({"Command":"Unknown","Input":"12"})");
  EXPECT_TRUE(local("").empty());
  EXPECT_TRUE(local(" \r\n").empty());
}

TEST_F(ConsoleTest, AnswersWhatItRefusesWithTheReason) {
  const std::pair<const char*, const char*> rows[] = {
      {"Status 99",
       R"({"Command":"Error","Input":"STATUS 99","Reason":"a section of the status: a number from 0 (all) to 11"})"},
      {"Status 12",
       R"({"Command":"Error","Input":"STATUS 12","Reason":"this device keeps no dump of a crash: sections are 0 (all) to 11"})"},
      {"Status 13",
       R"({"Command":"Error","Input":"STATUS 13","Reason":"this device has no shutters: sections are 0 (all) to 11"})"},
      {"Status -1",
       R"({"Command":"Error","Input":"STATUS -1","Reason":"a section of the status: a number from 0 (all) to 11"})"},
      {"Status foo",
       R"({"Command":"Error","Input":"STATUS foo","Reason":"a section of the status: a number from 0 (all) to 11"})"},
      {"Status2", R"({"Command":"Error","Input":"STATUS2","Reason":"Status takes the index 0 or 1: )"
                  R"(a value stands behind a blank, Status 2"})"},
      {"TelePeriod2 60", R"({"Command":"Error","Input":"TELEPERIOD2 60","Reason":"TelePeriod takes no index"})"},
      {"TelePeriod sixty", R"({"Command":"Error","Input":"TELEPERIOD sixty","Reason":"a number of seconds: )"
                           R"(10 to 3600; 0 is no telemetry, 1 the standard, 300"})"},
      {"Status\x01", R"({"Command":"Error","Input":"Status?","Reason":"the line has a control character"})"},
  };
  for (const auto& [line, json] : rows) EXPECT_EQ(result(line), json);
  EXPECT_EQ(device_.telemetry, 0);
}

TEST_F(ConsoleTest, GuessesWhatAMistypedCommandWas) {
  EXPECT_EQ(result("TelPeriod 5"), R"({"Command":"Unknown","Input":"TELPERIOD 5","Note":"did you mean TelePeriod?"})");
  EXPECT_EQ(result("MqttFingerprnt1 AA"),
            R"({"Command":"Unknown","Input":"MQTTFINGERPRNT1 AA","Note":"did you mean MqttFingerprint?"})");
  EXPECT_EQ(result("Backlog Stauts 0"), R"({"Command":"Unknown","Input":"STAUTS 0","Note":"did you mean Status?"})");
  EXPECT_EQ(result("MqttPasword hidden"),
            R"({"Command":"Unknown","Input":"MQTTPASWORD ****","Note":"did you mean MqttPassword?"})");
  EXPECT_EQ(remote("TOPICC", "x")[0].json, R"({"Command":"Unknown","Input":"TOPICC x","Note":"did you mean Topic?"})");
  EXPECT_NE(result("Help Stattus").find("there is no such command; did you mean Status?"), std::string::npos);
}

TEST_F(ConsoleTest, SaysWhichIndexACommandTakes) {
  const std::pair<const char*, const char*> rows[] = {
      {"TelePeriod60", "TelePeriod takes no index: a value stands behind a blank, TelePeriod 60"},
      {"State2", "State takes no index"},
      {"MqttFingerprint3 AA", "MqttFingerprint takes the index 1 or 2"},
      {"EnergyTotal33", "EnergyTotal takes the index 1 to 32"},
      {"SetOption4 1", "SetOption takes the index 19, 103, 128 or 132"},
      {"SetOption20 1", "SetOption takes the index 19, 103, 128 or 132"},
      {"SetOption", "SetOption needs an index behind its name: 19, 103, 128 or 132"},
      {"Topic123456 x", "the index behind the command has more than 5 digits"},
  };
  for (const auto& [line, why] : rows) EXPECT_EQ(Json::parse(result(line)).at("Reason"), why) << line;
}

TEST_F(ConsoleTest, WhatMqttMayNotDoNamesWhatAllowsItAndWhoMay) {
  const auto why = [&](const char* word, RemoteCommands allowed) {
    return Json::parse(remote(word, "1", allowed)[0].json).at("Reason").get<std::string>();
  };
  const std::string ending = " in the configuration file; else use the page, or meterseal console on the device";
  EXPECT_EQ(why("RESTART", RemoteCommands::none),
            "not allowed by MQTT: that needs mqtt.remote_commands safe or all" + ending);
  EXPECT_EQ(why("MqttPort", RemoteCommands::safe), "not allowed by MQTT: that needs mqtt.remote_commands all" + ending);
  EXPECT_EQ(why("TlsMode", RemoteCommands::all),
            "not allowed by MQTT, whatever remote_commands says: use the page, or meterseal console on the device");
  EXPECT_EQ(why("Reset", RemoteCommands::all),
            "not allowed by MQTT, whatever remote_commands says: use meterseal console on the device");
}

TEST_F(ConsoleTest, AnswersWithAllReadingsHoweverMany) {
  device_.body = "\"ENERGY\":{" + std::string(65'000, ' ') + "}";
  EXPECT_NE(local("Status 10")[0].json.find(device_.body), std::string::npos);
}

TEST_F(ConsoleTest, AnswersAnErrorWhenTheMessageCannotBeMade) {
  device_.name = std::string(10'000, 'x');
  EXPECT_EQ(result("Status 0"),
            R"({"Command":"Error","Input":"STATUS 0","Reason":"the message does not fit into its memory"})");
}

TEST_F(ConsoleTest, TelePeriodFollowsTasmotasRules) {
  struct Row {
    const char* line;
    int before;
    int after;
  };
  const Row rows[] = {{"TelePeriod 60", 300, 60},    {"teleperiod 0x3C", 300, 60}, {"TelePeriod 0", 300, 0},
                      {"TelePeriod OFF", 300, 0},    {"TelePeriod 1", 60, 300},    {"TelePeriod 2", 300, 10},
                      {"TelePeriod 9", 300, 10},     {"TelePeriod 10", 300, 10},   {"TelePeriod 3600", 300, 3600},
                      {"TelePeriod 3601", 120, 120}, {"TelePeriod -7", 120, 120},  {"TelePeriod", 120, 120},
                      {"TelePeriod ?", 120, 120},    {"TelePeriod 010", 300, 10}};
  for (const Row& row : rows) {
    device_.period = seconds{row.before};
    const int telemetry = device_.telemetry;
    EXPECT_EQ(result(row.line), "{\"TelePeriod\":" + std::to_string(row.after) + "}") << row.line;
    EXPECT_EQ(device_.period, seconds{row.after}) << row.line;
    EXPECT_EQ(device_.telemetry, telemetry + 1) << row.line << ": every use sends telemetry";
  }
}

TEST_F(ConsoleTest, TelePeriodFixedByTheFileSaysSoAndStillAnswersQueries) {
  device_.fixed = true;
  EXPECT_EQ(result("TelePeriod 60"),
            R"({"Command":"Error","Input":"TELEPERIOD 60","Reason":"fixed by the configuration file"})");
  EXPECT_EQ(device_.telemetry, 0);
  EXPECT_EQ(result("TelePeriod"), R"({"TelePeriod":300})");
  EXPECT_EQ(result("TelePeriod 300"), R"({"TelePeriod":300})") << "asks for what is already so";
  EXPECT_EQ(device_.changes, 0);
}

TEST_F(ConsoleTest, RestartOneRestartsAndNothingElseDoes) {
  EXPECT_EQ(result("Restart 1"), R"({"Restart":"Restarting"})");
  EXPECT_EQ(device_.restarts, 1);
  for (const auto* line :
       {"Restart", "Restart ?", "Restart 2", "Restart 99", "Restart -1", "Restart x", "Restart 1 1"}) {
    EXPECT_EQ(result(line), R"({"Restart":"1 to restart"})") << line;
  }
  EXPECT_EQ(device_.restarts, 1);
}

TEST_F(ConsoleTest, StatusAnswersOnItsOwnTopic) {
  const std::pair<const char*, std::pair<const char*, const char*>> rows[] = {
      {"Status", {"STATUS", "Status"}},         {"Status1", {"STATUS", "Status"}},
      {"Status ?", {"STATUS", "Status"}},       {"status 1", {"STATUS1", "StatusPRM"}},
      {"STATUS 2", {"STATUS2", "StatusFWR"}},   {"Status 3", {"STATUS3", "StatusLOG"}},
      {"Status 4", {"STATUS4", "StatusMEM"}},   {"Status 5", {"STATUS5", "StatusNET"}},
      {"Status 6", {"STATUS6", "StatusMQT"}},   {"Status 7", {"STATUS7", "StatusTIM"}},
      {"Status 9", {"STATUS9", "StatusPTH"}},   {"Status 8", {"STATUS8", "StatusSNS"}},
      {"Status 10", {"STATUS10", "StatusSNS"}}, {"Status 11", {"STATUS11", "StatusSTS"}}};
  for (const auto& [line, expected] : rows) {
    const Replies replies = local(line);
    ASSERT_EQ(replies.size(), 1U) << line;
    EXPECT_EQ(replies[0].name, expected.first) << line;
    const Json json = Json::parse(replies[0].json);
    EXPECT_EQ(json.size(), 1U) << line;
    EXPECT_TRUE(json.contains(expected.second)) << line;
  }
  EXPECT_EQ(local("Status 8")[0].json, local("Status 10")[0].json);
}

TEST_F(ConsoleTest, StatusWithZeroGivesAllAndWithIndexZeroAllInOne) {
  std::string names;
  Json apart;
  for (const Reply& reply : local("Status 0")) {
    names += reply.name + " ";
    apart.update(Json::parse(reply.json));
  }
  EXPECT_EQ(names, "STATUS STATUS1 STATUS2 STATUS3 STATUS4 STATUS5 STATUS6 STATUS7 STATUS9 STATUS10 STATUS11 ");
  const Replies merged = local("Status0");
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0].name, "STATUS0");
  EXPECT_EQ(Json::parse(merged[0].json), apart);
}

TEST_F(ConsoleTest, StateIsTheStateMessage) {
  const Json state = Json::parse(result("State"));
  EXPECT_EQ(state, Json::parse(local("Status 11")[0].json).at("StatusSTS"));
}

TEST_F(ConsoleTest, HomeAssistantsPollIsAnsweredWhateverMqttMayChange) {
  for (const auto remote_commands : {RemoteCommands::none, RemoteCommands::safe, RemoteCommands::all}) {
    for (const auto* number : {"10", "11", "1", "2"}) {
      const Replies replies = remote("STATUS", number, remote_commands);
      ASSERT_EQ(replies.size(), 1U);
      EXPECT_EQ(replies[0].name, std::string("STATUS") + number);
    }
  }
  const auto fields = [&](const char* number) { return Json::parse(remote("STATUS", number)[0].json); };
  EXPECT_EQ(fields("10").at("StatusSNS").at("ENERGY").at("Power"), 231);
  EXPECT_EQ(fields("11").at("StatusSTS").at("UptimeSec"), 3723);
  EXPECT_EQ(fields("11").at("StatusSTS").at("MqttCount"), 3);
  EXPECT_EQ(fields("1").at("StatusPRM").at("RestartReason"), "Software/System restart");
  EXPECT_TRUE(fields("2").at("StatusFWR").contains("Version"));
}

TEST_F(ConsoleTest, MqttChangesNothingWithNone) {
  EXPECT_EQ(
      remote("TelePeriod", "60", RemoteCommands::none)[0].json,
      R"({"Command":"Error","Input":"TELEPERIOD 60","Reason":"not allowed by MQTT: that needs mqtt.remote_commands )"
      R"(safe or all in the configuration file; else use the page, or meterseal console on the device"})");
  EXPECT_EQ(remote("TelePeriod", "", RemoteCommands::none)[0].json, R"({"TelePeriod":300})");
  EXPECT_EQ(device_.restarts + device_.changes, 0);
  EXPECT_EQ(remote("TelePeriod", "60", RemoteCommands::safe)[0].json, R"({"TelePeriod":60})");
}

TEST_F(ConsoleTest, RetainedAndForeignMessagesHaveNoEffect) {
  Console console(device_, RemoteCommands::all);
  EXPECT_TRUE(console.take(topics_, {"cmnd/emon_1/RESTART", "1", {}, true}).empty());
  EXPECT_TRUE(console.take(topics_, {"cmnd/emon_2/RESTART", "1", {}, false}).empty());
  EXPECT_TRUE(console.take(topics_, {"stat/emon_1/RESTART", "1", {}, false}).empty());
  EXPECT_EQ(device_.restarts, 0);
}

TEST_F(ConsoleTest, HostileMessagesAreAnsweredWithCleanText) {
  EXPECT_EQ(remote("STATUS", "\xFF\xFE")[0].json,
            R"({"Command":"Error","Input":"STATUS","Reason":"the line is not UTF-8 text"})");
  EXPECT_EQ(remote("STATUS", std::string(200'000, '1'))[0].json,
            R"({"Command":"Error","Input":"STATUS","Reason":"the line is longer than 1024 bytes"})");
  EXPECT_LT(remote(std::string(1000, '"'), "")[0].json.size(), 256U);
  EXPECT_TRUE(Json::accept(remote(std::string(1000, '\\'), "x")[0].json));
}

TEST_F(ConsoleTest, TheClocksFloorIsShownToAllAndForgottenByAPersonAtTheDevice) {
  device_.floor = kFloor;
  EXPECT_EQ(result("ClockFloor"), R"({"ClockFloor":"2026-07-05T00:00:00Z"})");
  EXPECT_NE(result("ClockFloor 1").find("only 0"), std::string::npos);
  EXPECT_NE(remote("ClockFloor", "0", RemoteCommands::all).front().json.find("not allowed by MQTT"), std::string::npos);
  EXPECT_EQ(device_.floor, kFloor);
  EXPECT_EQ(result("ClockFloor 0"), R"({"ClockFloor":"1970-01-01T00:00:00Z"})");
}

TEST(IsAllowed, FollowsTheTable) {
  struct Row {
    Change change;
    bool none, safe, all;
  };
  const Row rows[] = {{Change::nothing, true, true, true},
                      {Change::harmless, false, true, true},
                      {Change::guarded, false, false, true},
                      {Change::local, false, false, false}};
  for (const auto remote : {RemoteCommands::none, RemoteCommands::safe, RemoteCommands::all}) {
    EXPECT_TRUE(is_allowed({Source::local}, remote, Change::at_device));
    for (const Source source : {Source::mqtt, Source::web, Source::http})
      EXPECT_FALSE(is_allowed({source}, remote, Change::at_device));
  }
  for (const Row& row : rows) {
    EXPECT_EQ(is_allowed({Source::mqtt}, RemoteCommands::none, row.change), row.none);
    EXPECT_EQ(is_allowed({Source::mqtt}, RemoteCommands::safe, row.change), row.safe);
    EXPECT_EQ(is_allowed({Source::mqtt}, RemoteCommands::all, row.change), row.all);
    for (const auto remote : {RemoteCommands::none, RemoteCommands::safe, RemoteCommands::all}) {
      for (const Source source : {Source::local, Source::web, Source::http}) {
        EXPECT_TRUE(is_allowed({source}, remote, row.change));
        EXPECT_EQ(is_allowed({source, Rights::view}, remote, row.change), row.change == Change::nothing);
      }
    }
  }
}

TEST(CommandTable, NamesAreUniqueAndInOrder) {
  std::string before;
  for (const Command& command : commands()) {
    std::string name(command.name);
    EXPECT_LT(before, name);
    EXPECT_EQ(find_command(name), &command);
    EXPECT_LE(name.size(), mqtt::kMaxCommandName);
    before = name;
  }
}

TEST(CommandTable, IsTheTableOfTheDocumentation) {
  std::string table = "| command | arguments | by MQTT | what it does |\n|---|---|---|---|\n";
  for (const Command& command : commands()) {
    table += "| `" + std::string(command.name) + "` | " + std::string(command.arguments) + " | " +
             std::string(who_may(command.change)) + " | " + std::string(command.help) + " |\n";
  }
  std::ifstream file(METERSEAL_SOURCE_DIR "/docs/commands.md");
  std::stringstream document;
  document << file.rdbuf();
  EXPECT_NE(document.str().find(table), std::string::npos) << "docs/commands.md should hold:\n" << table;
}

TEST_F(ConsoleTest, LetsAViewerAskAndNothingElse) {
  const Caller viewer{Source::web, Rights::view};
  for (const char* line : {"TelePeriod 60", "Restart 1", "teleperiod 10"}) {
    const Replies replies = console_.run(line, viewer);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_NE(replies[0].json.find("a viewer may only ask"), std::string::npos) << replies[0].json;
  }
  EXPECT_EQ(device_.changes, 0);
  EXPECT_EQ(device_.restarts, 0);
  EXPECT_EQ(console_.run("TelePeriod", viewer).at(0).json, R"({"TelePeriod":300})");
  EXPECT_EQ(console_.run("Status 0", viewer).size(), console_.run("Status 0").size());
}

}  // namespace
}  // namespace meterseal::console
