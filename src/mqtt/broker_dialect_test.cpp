#include "mqtt/broker_dialect.hpp"

#include <gtest/gtest.h>

#include "mqtt/sas_token.hpp"

namespace meterseal::mqtt {
namespace {

Topics topics() {
  return Topics::make(kDefaultFullTopic, "emon_1").value();
}
const BrokerDialect kAzure(Preset::azure_iot_hub, "meter-7");

Message command(std::string bag, std::string payload) {
  return {"devices/meter-7/messages/devicebound/" + std::move(bag), std::move(payload), Qos::at_least_once, false};
}

TEST(BrokerDialect, APlainBrokerGetsTheDevicesOwnTopics) {
  const BrokerDialect plain;
  const Message message = plain.outgoing({"tele/emon_1/LWT", "Online", Qos::at_least_once, true});
  EXPECT_EQ(message.topic, "tele/emon_1/LWT");
  EXPECT_TRUE(message.retain);
  EXPECT_EQ(plain.filters(topics()), std::vector<std::string>{"cmnd/emon_1/#"});
  EXPECT_EQ(plain.incoming({"cmnd/emon_1/STATUS", "0", Qos::at_least_once, false}, topics())->topic,
            "cmnd/emon_1/STATUS");
}

TEST(BrokerDialect, AzureGetsEverythingOnItsOneTopicWithTheOwnOneAsAProperty) {
  const Message sensor = kAzure.outgoing({"tele/emon_1/SENSOR", "{\"Time\":null}", Qos::at_least_once, false});
  EXPECT_EQ(sensor.topic,
            "devices/meter-7/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&topic=tele%2Femon_1%2FSENSOR");
  const Message birth = kAzure.outgoing({"tele/emon_1/LWT", "Online", Qos::at_least_once, true});
  EXPECT_EQ(birth.topic, "devices/meter-7/messages/events/topic=tele%2Femon_1%2FLWT");
  EXPECT_FALSE(birth.retain) << "the hub retains nothing";
  EXPECT_EQ(kAzure.filters(topics()), std::vector<std::string>{"devices/meter-7/messages/devicebound/#"});
}

TEST(BrokerDialect, AMessageOfTheHubIsACommandByItsPropertyOrItsLine) {
  const auto by_property = kAzure.incoming(command("%24.to=%2Fdevices&cmnd=STATUS", "10"), topics());
  ASSERT_TRUE(by_property);
  EXPECT_EQ(by_property->topic, "cmnd/emon_1/STATUS");
  EXPECT_EQ(by_property->payload, "10");
  const auto by_line = kAzure.incoming(command("%24.to=x", "TelePeriod  60\r\n"), topics());
  ASSERT_TRUE(by_line);
  EXPECT_EQ(by_line->topic, "cmnd/emon_1/TELEPERIOD");
  EXPECT_EQ(by_line->payload, "60");
}

TEST(BrokerDialect, WhatIsNoCommandOfThisDeviceIsNothing) {
  EXPECT_FALSE(kAzure.incoming(command("", ""), topics()));
  EXPECT_FALSE(kAzure.incoming(command("cmnd=a%2Fb", "1"), topics())) << "a level of its own would leave the topic";
  EXPECT_FALSE(kAzure.incoming(command("cmnd=%23", "1"), topics()));
  EXPECT_FALSE(kAzure.incoming(command("cmnd=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "1"), topics()));
  EXPECT_FALSE(
      kAzure.incoming({"devices/other/messages/devicebound/cmnd=STATUS", "", Qos::at_least_once, false}, topics()));
  EXPECT_FALSE(kAzure.incoming({"cmnd/emon_1/STATUS", "", Qos::at_least_once, false}, topics()));
}

TEST(BrokerDialect, APercentSignWithoutItsDigitsIsNoText) {
  EXPECT_EQ(percent_decoded("a%20b%2f"), "a b/");
  for (const char* wrong : {"%", "%2", "%2G", "a%zz", "%00", "%ff"}) EXPECT_FALSE(percent_decoded(wrong)) << wrong;
}

TEST(BrokerDialect, AwsLimitsAreNamedBeforeTheConnectionIsClosedForThem) {
  EXPECT_EQ(fault_for_aws(topics(), "meter-7"), "");
  EXPECT_NE(fault_for_aws(topics(), std::string(129, 'x')), "");
  EXPECT_EQ(fault_for_aws(Topics::make("a/b/c/d/e/%prefix%/%topic%/", "t").value(), "m"), "") << "7 slashes";
  EXPECT_NE(fault_for_aws(Topics::make("a/b/c/d/e/f/%prefix%/%topic%/", "t").value(), "m"), "");
}

TEST(SasToken, SignsTheResourceAndItsEnd) {
  const SasClaim claim = SasClaim::of("hub.azure-devices.net", "meter-7", UtcTime(seconds{1'800'000'000}));
  EXPECT_EQ(claim.text_to_sign(), "hub.azure-devices.net%2Fdevices%2Fmeter-7\n1800003600");
  EXPECT_EQ(claim.token("ab+/="),
            "SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Fmeter-7&sig=ab%2B%2F%3D&se=1800003600");
  EXPECT_EQ(azure_user_name("hub.azure-devices.net", "meter-7"),
            "hub.azure-devices.net/meter-7/?api-version=2021-04-12");
}

}  // namespace
}  // namespace meterseal::mqtt
