#include "app/toolbox/watch_report.hpp"

#include <gtest/gtest.h>

#include "app/errors.hpp"

namespace meterseal::app {
namespace {

const UtcTime kNow = utc_from_civil_utc({{2026, 8, 23}, 13, 5, 0, 0, 0});
constexpr std::int64_t kDay_s = 86'400;

Watched good(const char* host, std::int64_t days) {
  Served served;
  served.certificate.fill(1);
  served.key.fill(2);
  served.ends = kNow + seconds{days * kDay_s};
  return {{host, 8883}, served, 0, 3, 4, std::nullopt};
}
Watched away(const char* host, std::string_view detail = "127.0.0.1: Connection refused") {
  Watched watched{{host, 8883}, std::nullopt, 0, 0, 0, std::nullopt};
  watched.failure = make_error(server_refuses, "", detail);
  return watched;
}

TEST(WatchReport, TellsAnEventOnOneLine) {
  const Watched watched = good("broker", 20);
  const WatchEvent event{WatchEventKind::expiry, WatchLevel::warning, "the certificate ends soon"};
  EXPECT_EQ(event_text(watched, event, kNow),
            "2026-08-23T13:05:00Z warning broker:8883 expiry: the certificate ends soon\n");
  const std::string json = event_json(watched, event, kNow);
  EXPECT_TRUE(json.starts_with(R"({"time":"2026-08-23T13:05:00Z","address":"broker:8883","event":"expiry",)"
                               R"("level":"warning","text":"the certificate ends soon","fingerprint":"01:01:)"))
      << json;
  EXPECT_TRUE(json.ends_with("\"not_after\":\"2026-09-12T13:05:00Z\",\"error\":null}\n")) << json;
}

TEST(WatchReport, NamesTheFailureOfAServerThatWasNeverSeen) {
  const std::string json = event_json(away("gone"), {WatchEventKind::failed, WatchLevel::critical, "away"}, kNow);
  EXPECT_EQ(json.find("fingerprint"), std::string::npos);
  EXPECT_TRUE(json.ends_with("\"error\":\"app_server_refuses\"}\n")) << json;
}

TEST(WatchReport, WritesWhatPrometheusReads) {
  const Watched one = good("one", 1);
  const Watched two = away("2001:db8::2");
  const WatchRow rows[] = {{&one, WatchLevel::critical}, {&two, WatchLevel::critical}};
  EXPECT_EQ(prometheus_text(rows, kNow),
            "# HELP meterseal_tls_up 1: the last look showed a certificate whose key was proved.\n"
            "# TYPE meterseal_tls_up gauge\n"
            "meterseal_tls_up{address=\"one:8883\"} 1\n"
            "meterseal_tls_up{address=\"[2001:db8::2]:8883\"} 0\n"
            "# HELP meterseal_tls_not_after_seconds End of the certificate seen last, Unix time.\n"
            "# TYPE meterseal_tls_not_after_seconds gauge\n"
            "meterseal_tls_not_after_seconds{address=\"one:8883\"} 1787576700\n"
            "# HELP meterseal_tls_renewals_total New certificates for the same key.\n"
            "# TYPE meterseal_tls_renewals_total counter\n"
            "meterseal_tls_renewals_total{address=\"one:8883\"} 3\n"
            "meterseal_tls_renewals_total{address=\"[2001:db8::2]:8883\"} 0\n"
            "# HELP meterseal_tls_key_changes_total Certificates for another key.\n"
            "# TYPE meterseal_tls_key_changes_total counter\n"
            "meterseal_tls_key_changes_total{address=\"one:8883\"} 4\n"
            "meterseal_tls_key_changes_total{address=\"[2001:db8::2]:8883\"} 0\n"
            "# HELP meterseal_tls_level 0: good, 1: warning, 2: critical, after the last round.\n"
            "# TYPE meterseal_tls_level gauge\n"
            "meterseal_tls_level{address=\"one:8883\"} 2\n"
            "meterseal_tls_level{address=\"[2001:db8::2]:8883\"} 2\n"
            "# HELP meterseal_tls_last_round_seconds End of the last round, Unix time.\n"
            "# TYPE meterseal_tls_last_round_seconds gauge\n"
            "meterseal_tls_last_round_seconds 1787490300\n");
}

TEST(WatchReport, WritesTheLineAndTheDetailsThatNagiosReads) {
  const Watched one = good("one", 90);
  const Watched two = good("two", 20);
  const Watched three = away("three", "says | pipe");
  const WatchRow all_good[] = {{&one, WatchLevel::good}};
  EXPECT_EQ(nagios_text(all_good, kNow),
            "TLS OK - 1 servers, 0 critical, 0 warning, first end in 90 days at one:8883 | "
            "days=90;30:;7: critical=0 warning=0\n");
  const WatchRow mixed[] = {{&one, WatchLevel::good}, {&two, WatchLevel::warning}, {&three, WatchLevel::critical}};
  EXPECT_EQ(worst(mixed), WatchLevel::critical);
  EXPECT_EQ(nagios_text(mixed, kNow),
            "TLS CRITICAL - 3 servers, 1 critical, 1 warning, first end in 20 days at two:8883 | "
            "days=20;30:;7: critical=1 warning=1\n"
            "WARNING two:8883: ends 2026-09-12T13:05:00Z, in 20 days\n"
            "CRITICAL three:8883: says / pipe (app_server_refuses)\n");
  const WatchRow none_seen[] = {{&three, WatchLevel::critical}};
  EXPECT_TRUE(nagios_text(none_seen, kNow).starts_with("TLS CRITICAL - 1 servers, 1 critical, 0 warning | critical=1"));
}

TEST(WatchReport, ListsAtMostFiftyServersInDetail) {
  const Watched gone = away("gone");
  const std::vector<WatchRow> rows(200, WatchRow{&gone, WatchLevel::critical});
  const std::string text = nagios_text(rows, kNow);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 51);
}

}  // namespace
}  // namespace meterseal::app
