#include "console/backlog.hpp"

#include <gtest/gtest.h>

#include "console/console.hpp"
#include "support/fake_device.hpp"

namespace meterseal::console {
namespace {

std::string joined(std::string_view lines) {
  std::string text;
  for (const std::string_view entry : split_backlog(lines, 100)) text += std::string(entry) + "|";
  return text;
}

TEST(SplitBacklog, DividesAtSemicolonsOutsideOfBraces) {
  EXPECT_EQ(joined("a 1; b 2 ;c"), "a 1|b 2|c|");
  EXPECT_EQ(joined(";; a ;; "), "a|");
  EXPECT_EQ(joined(R"(Send {"a":1;"b":2}; c)"), R"(Send {"a":1;"b":2}|c|)");
  EXPECT_EQ(joined("} a; b"), "} a|b|");
  EXPECT_EQ(joined("{ a; b"), "{ a; b|") << "never closed";
  EXPECT_EQ(joined(""), "");
  EXPECT_EQ(split_backlog("a;b;c", 2).size(), 2U);
}

class BacklogTest : public testing::Test {
 protected:
  BacklogTest() {
    console_.on_waiting([this](Instant at) { called_at_ = at; });
  }
  std::string run(const std::string& line, Caller caller = {}) {
    std::string text;
    for (const Reply& reply : console_.run(line, caller)) text += reply.json;
    return text;
  }
  std::string remote(const std::string& payload) {
    std::string text;
    for (const Reply& reply : console_.take(topics_, {"cmnd/emon_1/BACKLOG", payload, {}, false})) text += reply.json;
    return text;
  }
  std::string wake_after(milliseconds pause) {
    device_.time += pause;
    std::string text;
    console_.wake([&](const Caller& caller, const Replies& replies) {
      text += caller.source == Source::mqtt ? "mqtt:" : "";
      for (const Reply& reply : replies) text += reply.json;
    });
    return text;
  }

  test::FakeDevice device_;
  Console console_{device_, RemoteCommands::safe};
  mqtt::Topics topics_ = mqtt::Topics::make(mqtt::kDefaultFullTopic, "emon_1").value();
  std::optional<Instant> called_at_;
};

TEST_F(BacklogTest, RunsItsCommandsInOrder) {
  EXPECT_EQ(run("Backlog TelePeriod 60; MqttPort 8884; TelePeriod"),
            R"({"TelePeriod":60}{"MqttPort":8884}{"TelePeriod":60})");
  EXPECT_EQ(run("backlog0 Foo; TelePeriod"), R"({"Command":"Unknown","Input":"FOO"}{"TelePeriod":60})")
      << "a refusal stops nothing";
  EXPECT_FALSE(called_at_);
}

TEST_F(BacklogTest, WhatStandsBehindADelayWaitsOnTheTimer) {
  EXPECT_EQ(run("Backlog TelePeriod 60; Delay 20; TelePeriod 70; Delay 1; TelePeriod 80"),
            R"({"TelePeriod":60}{"Delay":20})");
  ASSERT_TRUE(called_at_);
  EXPECT_EQ(*called_at_, device_.time + seconds{2});
  EXPECT_EQ(wake_after(milliseconds{1999}), "");
  EXPECT_EQ(wake_after(milliseconds{1}), R"({"TelePeriod":70}{"Delay":2})");
  EXPECT_EQ(wake_after(milliseconds{200}), R"({"TelePeriod":80})");
  EXPECT_FALSE(console_.is_waiting());
}

TEST_F(BacklogTest, ASecondOneGoesBehindTheFirst) {
  EXPECT_EQ(run("Backlog Delay 10; TelePeriod 60"), R"({"Delay":10})");
  EXPECT_EQ(run("Delay"), R"({"Delay":10})");
  EXPECT_EQ(run("Backlog TelePeriod 70"), R"({"Backlog":"Waiting"})");
  EXPECT_EQ(wake_after(seconds{1}), R"({"TelePeriod":60}{"TelePeriod":70})");
}

TEST_F(BacklogTest, HoldsThirtyAndTakesNoneOfWhatDoesNotFit) {
  std::string thirty = "Backlog Delay 10";
  for (int i = 0; i < 29; ++i) thirty += ";TelePeriod " + std::to_string(100 + i);
  EXPECT_EQ(run(thirty), R"({"Delay":10})");
  EXPECT_EQ(run("Backlog MqttPort 1234; MqttPort 4321"),
            R"({"Command":"Error","Input":"BACKLOG MqttPort 1234; MqttPort 4321",)"
            R"("Reason":"more than 30 commands would wait: none of these was taken"})");
  EXPECT_EQ(run("Backlog"), R"({"Backlog":"Aborted"})");
  EXPECT_EQ(run("Backlog"), R"({"Backlog":"Empty"})");
  EXPECT_TRUE(device_.settings.empty());
  EXPECT_EQ(wake_after(seconds{10}), "");
}

TEST_F(BacklogTest, MqttNeitherDropsNorHoldsUpWhatTheAdministratorAskedFor) {
  EXPECT_EQ(run("Backlog Delay 10; MqttPort 8884"), R"({"Delay":10})");
  EXPECT_EQ(remote(""), R"({"Backlog":"Empty"})");
  std::string many = "Delay 3600";
  for (int i = 0; i < 29; ++i) many += ";State";
  EXPECT_EQ(remote(many), R"({"Delay":3600})");
  EXPECT_EQ(run("Backlog TelePeriod"), R"({"Backlog":"Waiting"})");
  EXPECT_EQ(wake_after(seconds{1}), R"({"MqttPort":8884}{"TelePeriod":300})");
  EXPECT_TRUE(console_.is_waiting());
  console_.forget_remote();
  EXPECT_FALSE(console_.is_waiting()) << "the connection that brought them has ended";
}

TEST_F(BacklogTest, EachCommandNeedsTheRightsOfWhoSentIt) {
  EXPECT_EQ(remote("Delay 1; MqttHost evil.example"), R"({"Delay":2})");
  EXPECT_NE(wake_after(seconds{1}).find("not allowed by MQTT"), std::string::npos);
  EXPECT_TRUE(device_.settings.empty());
  EXPECT_NE(run("Backlog State", {Source::web, Rights::view}).find("a viewer may only ask"), std::string::npos);
  EXPECT_EQ(run("Backlog Delay 5; State"), R"({"Delay":5})");
  EXPECT_NE(run("Backlog", {Source::web, Rights::view}).find("a viewer may only ask"), std::string::npos);
  EXPECT_TRUE(console_.is_waiting());
}

TEST_F(BacklogTest, HoldsNeitherAnotherOneNorAReset) {
  EXPECT_NE(run("Backlog Backlog State").find("a Backlog stands in no other one"), std::string::npos);
  EXPECT_NE(run("Backlog Reset 1").find("Reset stands in no Backlog"), std::string::npos);
  EXPECT_EQ(device_.resets, 0);
}

TEST_F(BacklogTest, AnMqttMessageCostsAsManyCommandsAsItHolds) {
  const auto cost = [this](const std::string& word, const std::string& payload) {
    return commands_in(topics_, {"cmnd/emon_1/" + word, payload, {}, false});
  };
  EXPECT_EQ(cost("STATUS", "a;b;c"), 1U);
  EXPECT_EQ(cost("Backlog", "a;b;c"), 4U);
  EXPECT_EQ(cost("backlog0", std::string(1000, ';') + "a"), 2U);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a;";
  EXPECT_EQ(cost("BACKLOG", many), 1U + Backlog::kMaxEntries);
}

}  // namespace
}  // namespace meterseal::console
