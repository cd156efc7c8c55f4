#include "app/agent/expiry_alarm.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/fakes.hpp"

namespace meterseal::app {
namespace {

const UtcTime kNow = utc_from_civil_utc({{2026, 8, 23}, 13, 5, 0, 0, 0});
const HostPort kBroker{"broker.example.com", 8883};
constexpr std::int64_t kDay_s = 86'400;

class Expiry : public testing::Test {
 protected:
  Expiry() { clock.set_utc(kNow); }

  [[nodiscard]] static Served ends_in(std::int64_t days) { return {{1}, {1}, kNow + seconds{days * kDay_s}}; }
  [[nodiscard]] std::size_t warnings() const { return log.lines().size(); }

  boost::asio::io_context loop;
  test::FakeClock clock;
  test::CollectingLog log;
  Alarm alarm{loop, clock, log, {}, "emon_1"};
  ExpiryAlarm expiry{clock, log, alarm};
};

TEST_F(Expiry, SaysNothingOfACertificateWithTime) {
  expiry.broker_shows(kBroker, ends_in(31));
  EXPECT_EQ(warnings(), 0U);
}

TEST_F(Expiry, WarnsFourTimesOnTheWayToTheEndWhateverReconnects) {
  for (int day = 0; day < 40; ++day) {
    expiry.broker_shows(kBroker, ends_in(31));
    expiry.look();
    clock.advance(seconds{kDay_s});
  }
  EXPECT_EQ(warnings(), 4U);
  EXPECT_TRUE(log.contains("broker.example.com:8883: broker's certificate ends 2026-09-23T13:05:00Z, in 30 days"));
  EXPECT_TRUE(log.contains("broker's certificate ended 2026-09-23T13:05:00Z, 1 day ago"));
}

TEST_F(Expiry, WarnsOfTheDevicesOwnCertificateApartFromTheBrokers) {
  expiry.broker_shows(kBroker, ends_in(90));
  expiry.device_shows(kBroker, kNow + seconds{5 * kDay_s});
  EXPECT_EQ(warnings(), 1U);
  EXPECT_TRUE(log.contains("own client certificate ends"));
}

TEST_F(Expiry, BeginsAnewWithARenewedCertificate) {
  expiry.broker_shows(kBroker, ends_in(5));
  expiry.broker_shows(kBroker, {{2}, {2}, kNow + seconds{20 * kDay_s}});
  EXPECT_EQ(warnings(), 2U);
}

TEST_F(Expiry, WaitsForAClock) {
  clock.set_utc(std::nullopt);
  expiry.broker_shows(kBroker, ends_in(5));
  EXPECT_EQ(warnings(), 0U);
  clock.set_utc(kNow);
  expiry.look();
  EXPECT_EQ(warnings(), 1U);
}

}  // namespace
}  // namespace meterseal::app
