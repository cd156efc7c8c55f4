#include "app/toolbox/watch_list.hpp"

#include <gtest/gtest.h>

#include "app/errors.hpp"

namespace meterseal::app {
namespace {

using Kinds = std::vector<WatchEventKind>;
constexpr std::int64_t kDay_ms = 86'400'000;

const UtcTime kNow = utc_from_civil_utc({{2026, 8, 23}, 13, 5, 0, 0, 0});

trust::Sha256 digest(std::uint8_t fill) {
  trust::Sha256 value{};
  value.fill(fill);
  return value;
}
UtcTime in_ms(std::int64_t ms) {
  return kNow + milliseconds(ms);
}
Served served(std::uint8_t certificate, std::uint8_t key, std::int64_t ends_in_days) {
  return {digest(certificate), digest(key), in_ms(ends_in_days * kDay_ms)};
}
Result<Served> refused() {
  return fail(server_refuses, "broker:8883", "127.0.0.1: Connection refused");
}
Watched broker() {
  return {{"broker", 8883}, std::nullopt, 0, 0, 0, std::nullopt};
}
Kinds kinds(const std::vector<WatchEvent>& events) {
  Kinds all;
  for (const WatchEvent& event : events) all.push_back(event.kind);
  return all;
}

TEST(Watch, TellsTheFirstLookAndThenNothingWhileNothingChanges) {
  Watched watched = broker();
  EXPECT_EQ(kinds(observe(watched, served(1, 1, 90), kNow)), Kinds{WatchEventKind::first_look});
  EXPECT_EQ(kinds(observe(watched, served(1, 1, 90), in_ms(kDay_ms))), Kinds{});
  EXPECT_EQ(level_of(watched, kNow), WatchLevel::good);
  EXPECT_EQ(state_text(watched, kNow), "ends 2026-11-21T13:05:00Z, in 90 days");
}

struct Step {
  const char* when;
  std::int64_t left_ms;
  WatchLevel level;
  unsigned told;
};
const Step kSteps[] = {
    {"a millisecond more than 30 days", 30 * kDay_ms + 1, WatchLevel::good, 0},
    {"30 days", 30 * kDay_ms, WatchLevel::warning, 1},
    {"a millisecond more than 7 days", 7 * kDay_ms + 1, WatchLevel::warning, 1},
    {"7 days", 7 * kDay_ms, WatchLevel::critical, 2},
    {"a millisecond more than 1 day", kDay_ms + 1, WatchLevel::critical, 2},
    {"1 day", kDay_ms, WatchLevel::critical, 3},
    {"the last second", 0, WatchLevel::critical, 3},
    {"a millisecond past the end", -1, WatchLevel::critical, 4},
};

TEST(Watch, WarnsAt30And7And1DaysAndPastTheEnd) {
  for (const Step& step : kSteps) {
    Watched watched = broker();
    const Served seen{digest(1), digest(1), in_ms(step.left_ms)};
    const auto events = observe(watched, seen, kNow);
    EXPECT_EQ(level_of(watched, kNow), step.level) << step.when;
    EXPECT_EQ(watched.told, step.told) << step.when;
    EXPECT_EQ(events.size(), step.told == 0 ? 1U : 2U) << step.when;
    EXPECT_EQ(events.back().kind, step.told == 0 ? WatchEventKind::first_look : WatchEventKind::expiry) << step.when;
  }
}

TEST(Watch, TellsEachStepOnceAndGoesOnAfterExpiry) {
  Watched watched = broker();
  const Served seen = served(1, 1, 31);
  std::vector<std::int64_t> told_on_day;
  for (std::int64_t day = 0; day < 60; ++day) {
    for (const WatchEvent& event : observe(watched, seen, in_ms(day * kDay_ms))) {
      if (event.kind == WatchEventKind::expiry) told_on_day.push_back(day);
    }
  }
  EXPECT_EQ(told_on_day, (std::vector<std::int64_t>{1, 24, 30, 32}));
  EXPECT_EQ(state_text(watched, in_ms(33 * kDay_ms)), "ended 2026-09-23T13:05:00Z, 2 days ago");

  EXPECT_EQ(kinds(observe(watched, served(2, 1, 150), in_ms(60 * kDay_ms))), Kinds{WatchEventKind::renewed});
  EXPECT_EQ(level_of(watched, in_ms(60 * kDay_ms)), WatchLevel::good);
}

TEST(Watch, TellsARenewalWithTheSameKeyFromOneWithAnother) {
  Watched watched = broker();
  (void)observe(watched, served(1, 1, 90), kNow);
  const auto renewed = observe(watched, served(2, 1, 90), kNow);
  ASSERT_EQ(kinds(renewed), Kinds{WatchEventKind::renewed});
  EXPECT_EQ(renewed[0].level, WatchLevel::warning);
  const auto changed = observe(watched, served(3, 3, 90), kNow);
  ASSERT_EQ(kinds(changed), Kinds{WatchEventKind::key_changed});
  EXPECT_EQ(changed[0].level, WatchLevel::critical);
  EXPECT_NE(changed[0].text.find("certificate 03:03:"), std::string::npos);
  EXPECT_NE(changed[0].text.find("before it certificate 02:02:"), std::string::npos);
  EXPECT_EQ(watched.renewals, 1U);
  EXPECT_EQ(watched.key_changes, 1U);
}

TEST(Watch, WarnsAgainWhenARenewedCertificateIsShortLivedToo) {
  Watched watched = broker();
  (void)observe(watched, served(1, 1, 5), kNow);
  EXPECT_EQ(kinds(observe(watched, served(2, 1, 20), kNow)), (Kinds{WatchEventKind::renewed, WatchEventKind::expiry}));
}

TEST(Watch, TellsAFailureOnceAndItsEnd) {
  Watched watched = broker();
  (void)observe(watched, served(1, 1, 90), kNow);
  EXPECT_EQ(kinds(observe(watched, refused(), kNow)), Kinds{WatchEventKind::failed});
  EXPECT_EQ(kinds(observe(watched, refused(), kNow)), Kinds{});
  EXPECT_EQ(level_of(watched, kNow), WatchLevel::critical);
  EXPECT_EQ(state_text(watched, kNow), "127.0.0.1: Connection refused (app_server_refuses)");
  EXPECT_EQ(kinds(observe(watched, fail(server_silent, "broker:8883", "no byte within 10 s"), kNow)),
            Kinds{WatchEventKind::failed});
  EXPECT_EQ(kinds(observe(watched, served(1, 1, 90), kNow)), Kinds{WatchEventKind::recovered});
  EXPECT_EQ(level_of(watched, kNow), WatchLevel::good);
}

TEST(Watch, NoticesAChangeThatHappenedWhileTheServerWasAway) {
  Watched watched = broker();
  (void)observe(watched, served(1, 1, 90), kNow);
  (void)observe(watched, refused(), kNow);
  EXPECT_EQ(kinds(observe(watched, served(2, 2, 90), kNow)),
            (Kinds{WatchEventKind::recovered, WatchEventKind::key_changed}));
}

TEST(Watch, TakesACertificateWithoutAReadableEndAsPastIt) {
  Watched watched = broker();
  (void)observe(watched, Served{digest(1), digest(1), std::nullopt}, kNow);
  EXPECT_EQ(level_of(watched, kNow), WatchLevel::critical);
  EXPECT_EQ(state_text(watched, kNow), "has no readable end");
}

TEST(WatchMemory, KeepsWhatWasSeenAndTold) {
  Watched watched = broker();
  (void)observe(watched, served(1, 1, 20), kNow);
  (void)observe(watched, served(2, 2, 20), kNow);
  Watched ipv6{{"2001:db8::1", 443}, Served{digest(3), digest(4), std::nullopt}, 4, 7, 8, std::nullopt};
  const std::string text = encode({watched, ipv6, Watched{{"never", 1}, {}, 0, 0, 0, {}}});

  std::vector<Watched> list{broker(), {{"2001:db8::1", 443}, {}, 0, 0, 0, {}}, {{"new", 8883}, {}, 0, 0, 0, {}}};
  ASSERT_TRUE(recall(list, text, "memory"));
  EXPECT_EQ(list[0].served, watched.served);
  EXPECT_EQ(list[0].told, 1U);
  EXPECT_EQ(list[0].key_changes, 1U);
  EXPECT_EQ(list[1].served, ipv6.served);
  EXPECT_EQ(list[1].renewals, 7U);
  EXPECT_FALSE(list[2].served);
  EXPECT_EQ(kinds(observe(list[0], served(2, 2, 20), kNow)), Kinds{});
}

TEST(WatchMemory, RefusesWhatItDidNotWrite) {
  const std::string good = encode({[] {
    Watched watched = broker();
    (void)observe(watched, served(1, 1, 20), kNow);
    return watched;
  }()});
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string text = good;
    text.replace(text.find(what), what.size(), by);
    return text;
  };
  const std::string bad[] = {
      "",
      "something else\n",
      good + "\n",
      good + "broker\n",
      with("broker:8883 ", "broker:88830 "),
      with("0101", "01G1"),
      with("0101", "01"),
      with(" 1 0 0\n", " 5 0 0\n"),
      with(" 1 0 0\n", " 1 0 0 0\n"),
      with(" 1 0 0\n", " 1 -1 0\n"),
  };
  for (const std::string& text : bad) {
    std::vector<Watched> list{broker()};
    const auto read = recall(list, text, "memory");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, watch_memory_unusable) << text;
    EXPECT_FALSE(list[0].served) << text;
  }
}

}  // namespace
}  // namespace meterseal::app
