#include "meter/meter_health.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "support/golden.hpp"

namespace meterseal::meter {
namespace {

constexpr Instant kNow = Instant(seconds{1000});

MeterHealth health_in(Health state) {
  MeterHealth health;
  switch (state) {
    case Health::unknown: break;
    case Health::online: health.answered(); break;
    case Health::suspect: health.unanswered(kNow); break;
    case Health::silent:
      health.unanswered(kNow);
      health.unanswered(kNow);
      break;
  }
  return health;
}

TEST(MeterHealth, DoublesTheBackOffFromOneSecondToFiveMinutes) {
  MeterHealth health;
  health.answered();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 11; ++i) {
    health.unanswered(kNow);
    waits.push_back(std::chrono::duration_cast<seconds>(health.probe_at() - kNow).count());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
}

TEST(MeterHealth, StartsTheBackOffAnewAfterAnAnswer) {
  MeterHealth health = health_in(Health::silent);
  health.answered();
  EXPECT_FALSE(health.needs_probe());
  health.unanswered(kNow);
  EXPECT_EQ(health.probe_at(), kNow + seconds(1));
}

TEST(MeterHealth, IsAsDrawn) {
  std::ostringstream text;
  text << "Health of a meter: what it becomes when a request with its retries, or a probe, is answered or not.\n\n"
       << "state     answered   unanswered   port lost\n";
  for (const Health state : {Health::unknown, Health::online, Health::suspect, Health::silent}) {
    MeterHealth answered = health_in(state);
    answered.answered();
    MeterHealth unanswered = health_in(state);
    unanswered.unanswered(kNow);
    MeterHealth forgotten = health_in(state);
    forgotten.forget();
    const auto column = [](std::string_view name, std::size_t width) {
      return std::string(name) + std::string(width - name.size(), ' ');
    };
    text << column(name_of(state), 10) << column(name_of(answered.state()), 11)
         << column(name_of(unanswered.state()), 13) << name_of(forgotten.state()) << "\n";
  }
  test::expect_golden("docs/machines/meter_health.txt", text.str());
}

}  // namespace
}  // namespace meterseal::meter
