#include "app/config/config_address.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

TEST(HostPort, RefusesWhatIsNoAddress) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "is empty"},
      {":8883", "has no host"},
      {"broker:", "has no port between 1 and 65535 after the colon"},
      {"broker:0", "has no port between 1 and 65535 after the colon"},
      {"broker:65536", "has no port between 1 and 65535 after the colon"},
      {"broker:+1", "has no port between 1 and 65535 after the colon"},
      {"broker: 1", "has no port between 1 and 65535 after the colon"},
      {"mqtt://broker", "is a URL; write HOST:PORT only"},
      {"::1", "has several colons; write an IPv6 address in brackets: [2001:db8::1]:8883"},
      {"::1:8883", "has several colons; write an IPv6 address in brackets: [2001:db8::1]:8883"},
      {"[::1", "has an opening bracket without a closing one"},
      {"[broker]", "has no IPv6 address in its brackets"},
      {"[192.0.2.1]", "has no IPv6 address in its brackets"},
      {"[]", "has no IPv6 address in its brackets"},
      {"[::1]8883", "has text behind the brackets that is no port"},
      {"[::1]:", "has no port between 1 and 65535 after the colon"},
      {"300.1.1.1", "is neither a host name nor an IP address"},
      {"1.2.3", "is neither a host name nor an IP address"},
      {"broker..lan", "is neither a host name nor an IP address"},
      {"broker.", "is neither a host name nor an IP address"},
      {"-broker", "is neither a host name nor an IP address"},
      {"broker-", "is neither a host name nor an IP address"},
      {"bro ker", "is neither a host name nor an IP address"},
      {"broker/path", "is neither a host name nor an IP address"},
      {"user@broker", "is neither a host name nor an IP address"},
      {"bröker", "is neither a host name nor an IP address"},
      {std::string("bro\0ker", 7), "is neither a host name nor an IP address"},
      {std::string(64, 'a'), "is neither a host name nor an IP address"},
      {std::string(300, 'a'), "is neither a host name nor an IP address"},
  };
  for (const auto& [text, fault] : rows) {
    const auto address = parse_host_port(text, 8883);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error(), fault) << text;
  }
}

TEST(HostPort, ReadsNamesAndAddresses) {
  const std::pair<const char*, HostPort> rows[] = {
      {"broker", {"broker", 8883}},
      {"Broker.Example.COM:1884", {"broker.example.com", 1884}},
      {"192.0.2.1:65535", {"192.0.2.1", 65'535}},
      {"[2001:db8::1]", {"2001:db8::1", 8883}},
      {"[::1]:1", {"::1", 1}},
      {"mosquitto_1", {"mosquitto_1", 8883}},
      {"3com.example", {"3com.example", 8883}},
  };
  for (const auto& [text, address] : rows) EXPECT_EQ(parse_host_port(text, 8883), address) << text;
}

TEST(HostPort, IsWrittenAsItIsRead) {
  for (const auto* text : {"broker:8883", "192.0.2.1:502", "[2001:db8::1]:8883"}) {
    EXPECT_EQ(format(parse_host_port(text, 1).value()), text);
  }
}

}  // namespace
}  // namespace meterseal::app
