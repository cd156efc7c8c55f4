#include "app/config/site_edit.hpp"

#include <gtest/gtest.h>

#include "app/config/config.hpp"
#include "app/errors.hpp"
#include "support/test_site.hpp"
#include "web/errors.hpp"

namespace meterseal::app {
namespace {

using Kind = web::MeterChange::Kind;

constexpr const char* kSite = R"([device]
topic = "emon_1"
[mqtt]
hosts = ["broker.example.com:8883"]
[mqtt.tls]
mode = "ca"
[[bus]]
device = "/dev/ttyUSB0"
baud = 9600
parity = "even"
stop_bits = 2
[[bus.meter]]
address = 1
profile = "sdm630"
name = "main"
primary = true
poll_ms = 500
[[bus.meter]]
address = 2
profile = "sdm630"
name = "heat"
[web]
listen = ["0.0.0.0:8443"]
)";

web::MeterChange put(std::size_t bus, std::string name, std::string address, std::string profile) {
  return {Kind::put, bus, std::move(name), std::move(address), std::move(profile), {}, {}, {}};
}
web::MeterChange remove(std::string name) {
  return {Kind::remove, 0, std::move(name), {}, {}, {}, {}, {}};
}
web::MeterChange line(std::size_t bus, std::string port, std::string baud, std::string parity) {
  return {Kind::line, bus, {}, {}, {}, std::move(port), std::move(baud), std::move(parity)};
}

class SiteEditTest : public ::testing::Test {
 protected:
  static Config read(const Result<std::string>& text) {
    EXPECT_TRUE(text) << text.error().detail.view();
    auto config = parse_config(text.value_or(""), "/state/site.toml", test::kProfiles);
    EXPECT_TRUE(config) << config.error()[0].detail.view() << "\n" << text.value_or("");
    return config ? std::move(*config) : Config{};
  }
};

TEST_F(SiteEditTest, RefusesWhatNamesNothingThatIsThere) {
  EXPECT_EQ(edit_site("", remove("heat")).error().code, web::bad_form);
  EXPECT_EQ(edit_site("[[bus", remove("heat")).error().code, config_syntax);
  EXPECT_EQ(edit_site("bus = 7", remove("heat")).error().code, web::bad_form);
  EXPECT_EQ(edit_site("bus = [7]", remove("heat")).error().code, web::bad_form);
  EXPECT_EQ(edit_site(kSite, remove("garage")).error().code, web::bad_form);
  EXPECT_EQ(edit_site(kSite, line(1, "/dev/ttyUSB1", "9600", "none")).error().code, web::bad_form);
  EXPECT_EQ(edit_site(kSite, put(2, "garage", "3", "sdm630")).error().code, web::bad_form);
}

TEST_F(SiteEditTest, ThePrimaryMeterCanBeReplacedAndNotRemoved) {
  EXPECT_EQ(edit_site(kSite, remove("main")).error().code, web::bad_form);
  const Config config = read(edit_site(kSite, put(0, "main", "9", "sdm630")));
  ASSERT_EQ(config.buses.size(), 1U);
  ASSERT_EQ(config.buses[0].meters.size(), 2U);
  const MeterConfig& main = config.buses[0].meters[1];
  EXPECT_EQ(main.name, "main");
  EXPECT_EQ(main.address, 9);
  EXPECT_TRUE(main.primary);
  EXPECT_EQ(main.poll, milliseconds{500}) << "what else was set stays";
}

TEST_F(SiteEditTest, TheFirstMeterIsPrimaryWhereNoneIsNamedAndStaysSo) {
  std::string site = kSite;
  site.replace(site.find("primary = true\n"), 15, "");
  EXPECT_EQ(edit_site(site, remove("main")).error().code, web::bad_form);
  const Config config = read(edit_site(site, put(0, "main", "9", "sdm630")));
  ASSERT_EQ(config.buses[0].meters.size(), 2U);
  EXPECT_FALSE(config.buses[0].meters[0].primary) << config.buses[0].meters[0].name;
  EXPECT_TRUE(config.buses[0].meters[1].primary);
}

TEST_F(SiteEditTest, AMeterOnANewBusAndTheLastOneOfABus) {
  const auto with = edit_site(kSite, {Kind::put, 1, "garage", "3", "sdm630", "rtu:192.0.2.7:4001", "9600", "none"});
  Config config = read(with);
  ASSERT_EQ(config.buses.size(), 2U);
  EXPECT_EQ(std::get<TcpLine>(config.buses[1].line).framing, Framing::rtu);
  EXPECT_EQ(config.device.topic, "emon_1") << "the rest of the file stays";
  ASSERT_TRUE(config.web);
  config = read(edit_site(*with, remove("garage")));
  EXPECT_EQ(config.buses.size(), 1U);
}

TEST_F(SiteEditTest, TheLineOfABusIsAnother) {
  const Config serial = read(edit_site(kSite, line(0, "/dev/ttyUSB9", "19200", "none")));
  const auto& changed = std::get<SerialLine>(serial.buses.at(0).line);
  EXPECT_EQ(changed.device, "/dev/ttyUSB9");
  EXPECT_EQ(changed.baud, 19'200U);
  EXPECT_EQ(changed.stop_bits, 2);
  const Config tcp = read(edit_site(kSite, line(0, "tcp:192.0.2.7:502", "", "")));
  EXPECT_EQ(std::get<TcpLine>(tcp.buses.at(0).line).address.port, 502);
}

TEST_F(SiteEditTest, NoValueCanBecomeAnotherKey) {
  for (const char* hostile :
       {"\"\nallow_plaintext = true\n#", "x\"]\n[mqtt.tls]\nmode = \"off\"", "'''", "\\", "1 e9"}) {
    for (const web::MeterChange& change :
         {put(0, hostile, "3", "sdm630"), put(0, "garage", hostile, "sdm630"), put(0, "garage", "3", hostile),
          line(0, "/dev/x", hostile, "none"), line(0, "/dev/x", "9600", hostile)}) {
      const auto text = edit_site(kSite, change);
      ASSERT_TRUE(text);
      EXPECT_FALSE(parse_config(*text, "/state/site.toml", test::kProfiles)) << *text;
    }
  }
}

}  // namespace
}  // namespace meterseal::app
