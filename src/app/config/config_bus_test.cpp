#include <gtest/gtest.h>

#include "app/config/config.hpp"
#include "app/errors.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kSite;

/// The small site with other lines from [[bus]] on, which is line 7.
ConfigResult with_bus(const std::string& lines) {
  return parse_config(kSite.substr(0, kSite.find("[[bus]]")) + lines, "m.toml", test::kProfiles);
}

std::string meter(const std::string& address, const std::string& name, const std::string& more = "") {
  return "[[bus.meter]]\naddress = " + address + "\nprofile = \"sdm120\"\nname = \"" + name + "\"\n" + more;
}

struct Row {
  const char* sentence;
  std::string lines;
  int line;
  const Code& code;
  const char* detail;
};

void expect_faults(std::span<const Row> rows) {
  for (const Row& row : rows) {
    const auto config = with_bus(row.lines);
    ASSERT_FALSE(config) << row.sentence;
    EXPECT_EQ(config.error().size(), 1U) << row.sentence << ": " << config.error().back().detail.view();
    EXPECT_EQ(config.error()[0].code.name, row.code.name) << row.sentence;
    EXPECT_EQ(config.error()[0].where.view(), "m.toml:" + std::to_string(row.line)) << row.sentence;
    EXPECT_EQ(config.error()[0].detail.view(), row.detail) << row.sentence;
  }
}

const std::string kSerial = "[[bus]]\ndevice = \"/dev/ttyUSB0\"\n";
const std::string kTcp = "[[bus]]\ntcp = \"192.0.2.7\"\n";

TEST(ConfigBus, RefusesLinesThatCannotBe) {
  const Row rows[] = {
      {"no line", "[[bus]]\n" + meter("1", "a"), 7, config_missing_key, "bus[1].device: is missing (or tcp)"},
      {"two lines", kSerial + "tcp = \"192.0.2.7\"\n" + meter("1", "a"), 9, config_conflict,
       "bus[1].tcp: stands beside device; a bus has one line"},
      {"empty device", "[[bus]]\ndevice = \"\"\n" + meter("1", "a"), 8, config_bad_value, "bus[1].device: is empty"},
      {"baud out of range", kSerial + "baud = 300\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].baud: 300 is not within 1200 to 115200"},
      {"unusual baud", kSerial + "baud = 9601\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].baud: 9601 is not a usual rate (1200 to 115200)"},
      {"parity", kSerial + "parity = \"N\"\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].parity: \"N\" is none of: none, even, odd"},
      {"stop bits", kSerial + "stop_bits = 3\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].stop_bits: 3 is not within 1 to 2"},
      {"RS485 mode", kSerial + "rs485 = \"kernal\"\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].rs485: \"kernal\" is none of: auto, kernel, off; did you mean \"kernel\"?"},
      {"framing of a serial line", kSerial + "framing = \"rtu\"\n" + meter("1", "a"), 9, config_conflict,
       "bus[1].framing: belongs to tcp, not to device"},
      {"baud of a network line", kTcp + "baud = 9600\n" + meter("1", "a"), 9, config_conflict,
       "bus[1].baud: belongs to device, not to tcp"},
      {"bad address", "[[bus]]\ntcp = \"300.0.0.1\"\n" + meter("1", "a"), 8, config_bad_value,
       "bus[1].tcp: \"300.0.0.1\" is neither a host name nor an IP address"},
      {"framing", kTcp + "framing = \"ascii\"\n" + meter("1", "a"), 9, config_bad_value,
       "bus[1].framing: \"ascii\" is none of: modbus-tcp, rtu"},
      {"no meter on the first of two", kSerial + kTcp + meter("1", "a"), 7, config_missing_key,
       "bus[1].meter: is missing: a bus needs a [[bus.meter]]"},
      {"no meter", kSerial, 7, config_missing_key, "bus[1].meter: is missing: a bus needs a [[bus.meter]]"},
      {"one device twice", kSerial + meter("1", "a") + kSerial + meter("1", "b"), 13, config_conflict,
       "bus[2]: \"/dev/ttyUSB0\" is bus[1] already"},
      {"one server twice", kTcp + meter("1", "a") + "[[bus]]\ntcp = \"192.0.2.7:502\"\n" + meter("1", "b"), 13,
       config_conflict, "bus[2]: \"192.0.2.7:502\" is bus[1] already"},
  };
  expect_faults(rows);
}

TEST(ConfigBus, RefusesMetersThatCannotBe) {
  const Row rows[] = {
      {"no address", kSerial + "[[bus.meter]]\nprofile = \"sdm120\"\nname = \"a\"\n", 9, config_missing_key,
       "bus[1].meter[1].address: is missing"},
      {"broadcast", kSerial + meter("0", "a"), 10, config_bad_value,
       "bus[1].meter[1].address: 0 is not within 1 to 247"},
      {"reserved address", kSerial + meter("248", "a"), 10, config_bad_value,
       "bus[1].meter[1].address: 248 is not within 1 to 247"},
      {"broadcast behind a serial server", kTcp + "framing = \"rtu\"\n" + meter("0", "a"), 11, config_bad_value,
       "bus[1].meter[1].address: 0 is not within 1 to 247"},
      {"two meters at one address", kSerial + meter("1", "a") + meter("1", "b"), 14, config_conflict,
       "bus[1].meter[2].address: address 1 is that of \"a\" (line 9) on the same bus"},
      {"no profile", kSerial + "[[bus.meter]]\naddress = 1\nname = \"a\"\n", 9, config_missing_key,
       "bus[1].meter[1].profile: is missing"},
      {"unknown profile", kSerial + changed(meter("1", "a"), "sdm120", "sdm121"), 11, config_bad_value,
       "bus[1].meter[1].profile: \"sdm121\" is not a known meter; did you mean \"SDM120\"?"},
      {"very unknown profile", kSerial + changed(meter("1", "a"), "sdm120", "toaster"), 11, config_bad_value,
       "bus[1].meter[1].profile: \"toaster\" is not a known meter"},
      {"no name", kSerial + "[[bus.meter]]\naddress = 1\nprofile = \"sdm120\"\n", 9, config_missing_key,
       "bus[1].meter[1].name: is missing"},
      {"name with a blank", kSerial + meter("1", "heat pump"), 12, config_bad_value,
       "bus[1].meter[1].name: \"heat pump\" is not 1 to 32 letters, digits, '-' and '_'"},
      {"name of the telemetry", kSerial + meter("1", "energy"), 12, config_bad_value,
       "bus[1].meter[1].name: \"energy\" is a word of the telemetry itself"},
      {"one name on two buses", kSerial + meter("1", "a") + kTcp + meter("1", "A"), 18, config_conflict,
       "bus[2].meter[1].name: \"A\" is the name of another meter (line 9)"},
      {"two primaries", kSerial + meter("1", "a", "primary = true\n") + meter("2", "b", "primary = true\n"), 18,
       config_conflict, "bus[1].meter[2].primary: \"a\" is primary already"},
      {"poll", kSerial + meter("1", "a", "poll_ms = 10\n"), 13, config_bad_value,
       "bus[1].meter[1].poll_ms: 10 is not within 100 to 3600000"},
      {"energy", kSerial + meter("1", "a", "poll_ms = 5000\nenergy_ms = 1000\n"), 14, config_bad_value,
       "bus[1].meter[1].energy_ms: is shorter than poll_ms"},
      {"time-out", kSerial + meter("1", "a", "timeout_ms = 20000\n"), 13, config_bad_value,
       "bus[1].meter[1].timeout_ms: 20000 is not within 20 to 10000"},
      {"gap", kSerial + meter("1", "a", "gap_ms = -1\n"), 13, config_bad_value,
       "bus[1].meter[1].gap_ms: -1 is not within 0 to 1000"},
      {"read", kSerial + meter("1", "a", "read = \"everything\"\n"), 13, config_bad_value,
       "bus[1].meter[1].read: \"everything\" is none of: telemetry, all"},
  };
  expect_faults(rows);
}

TEST(ConfigBus, BoundsTheirNumbers) {
  std::string many = kSerial;
  for (int i = 1; i <= 65; ++i) many += meter(std::to_string(i), "m" + std::to_string(i));
  EXPECT_EQ(with_bus(many).error()[0].detail.view(), "bus[1].meter: makes more than 64 meters altogether");
  std::string buses;
  for (int i = 1; i <= 17; ++i) {
    buses += "[[bus]]\ndevice = \"/dev/ttyS" + std::to_string(i) + "\"\n" + meter("1", "m" + std::to_string(i));
  }
  EXPECT_EQ(with_bus(buses).error()[0].detail.view(), "bus: has more than 16 entries");
}

TEST(ConfigBus, ReadsEverySetting) {
  const auto config = with_bus(
      "[[bus]]\ndevice = \"/dev/ttyAMA0\"\nbaud = 19200\nparity = \"even\"\nstop_bits = 2\nrs485 = \"kernel\"\n" +
      meter("1", "a", "invert = true\npoll_ms = 500\ntimeout_ms = 200\ngap_ms = 30\nread = \"all\"\n") +
      meter("247", "b", "primary = true\n") + "[[bus]]\ntcp = \"gateway.lan:1502\"\nframing = \"rtu\"\n" +
      changed(meter("1", "c"), "sdm120", "pzem_004t_v3") + kTcp + meter("255", "d") + meter("0", "e"));
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  const auto& serial = std::get<SerialLine>(config->buses[0].line);
  EXPECT_EQ(serial.baud, 19'200U);
  EXPECT_EQ(serial.parity, Parity::even);
  EXPECT_EQ(serial.stop_bits, 2);
  EXPECT_EQ(serial.rs485, Rs485::kernel);
  const MeterConfig& first = config->buses[0].meters[0];
  EXPECT_TRUE(first.invert);
  EXPECT_FALSE(first.primary);
  EXPECT_EQ(first.poll, milliseconds{500});
  EXPECT_EQ(first.timeout, milliseconds{200});
  EXPECT_EQ(first.gap, milliseconds{30});
  EXPECT_EQ(first.read, ReadScope::all);
  EXPECT_TRUE(config->buses[0].meters[1].primary);
  EXPECT_EQ(config->buses[0].meters[1].address, 247);
  const auto& rtu = std::get<TcpLine>(config->buses[1].line);
  EXPECT_EQ(rtu.address, (HostPort{"gateway.lan", 1502}));
  EXPECT_EQ(rtu.framing, Framing::rtu);
  EXPECT_EQ(config->buses[1].meters[0].profile, "PZEM-004T-V3");
  const auto& tcp = std::get<TcpLine>(config->buses[2].line);
  EXPECT_EQ(tcp.address, (HostPort{"192.0.2.7", 502}));
  EXPECT_EQ(tcp.framing, Framing::modbus_tcp);
}

}  // namespace
}  // namespace meterseal::app
