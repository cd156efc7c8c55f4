#include "collect/device_topic.hpp"

#include <gtest/gtest.h>

#include "collect/errors.hpp"

namespace meterseal::collect {
namespace {

TEST(DeviceTopic, ReadsDevicesOfOneAndOfSeveralLevels) {
  const auto topic = DeviceTopic::make("%prefix%/%topic%/").value();
  EXPECT_EQ(topic.filter(), "tele/#");
  const DeviceMessage message = topic.read("tele/haus/emon_1/SENSOR").value_or(DeviceMessage{});
  EXPECT_EQ(message.device, "haus/emon_1");
  EXPECT_EQ(message.name, "SENSOR");
  EXPECT_EQ(topic.command("haus/emon_1", "CONFIRM"), "cmnd/haus/emon_1/CONFIRM");
}

TEST(DeviceTopic, FindsThePrefixBehindTheDeviceAndBetweenLevelsOfTheSite) {
  const auto topic = DeviceTopic::make("site/%topic%/x/%prefix%").value();
  EXPECT_EQ(topic.filter(), "site/#");
  EXPECT_EQ(topic.read("site/a/b/x/tele/SENSOR").value_or(DeviceMessage{}).device, "a/b");
  EXPECT_EQ(topic.command("a/b", "CONFIRM"), "site/a/b/x/cmnd/CONFIRM");
}

TEST(DeviceTopic, WhatIsNoTelemetryBelongsToNobody) {
  const auto topic = DeviceTopic::make("%prefix%/%topic%/").value();
  for (const char* wrong : {"", "tele", "tele/", "tele/SENSOR", "tele//SENSOR", "stat/a/SENSOR", "xtele/a/SENSOR"})
    EXPECT_FALSE(topic.read(wrong)) << wrong;
}

TEST(DeviceTopic, RefusesAFormThatDoesNotTellDevicesApart) {
  for (const char* wrong :
       {"", "%prefix%/", "%topic%/", "%prefix%%topic%/", "a%topic%/%prefix%/", "%prefix%/%topic%/%topic%/"}) {
    const auto topic = DeviceTopic::make(wrong);
    ASSERT_FALSE(topic) << wrong;
    EXPECT_EQ(topic.error().code, full_topic_ambiguous) << wrong;
  }
}

}  // namespace
}  // namespace meterseal::collect
