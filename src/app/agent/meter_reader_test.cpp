#include "app/agent/meter_reader.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/agent/telemetry.hpp"
#include "support/fakes.hpp"
#include "support/meter_answers.hpp"
#include "support/profiles.hpp"
#include "support/test_meters.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::ValuesByName;

const ValuesByName kHouse{{"voltage_l1", 231.4},
                          {"current_l1", 5.0},
                          {"power_active_total", 1100},
                          {"power_apparent_total", 1157},
                          {"power_reactive_total", 120},
                          {"power_factor_total", 0.95},
                          {"frequency", 50},
                          {"energy_active_import_total", 1000.5},
                          {"energy_active_export_total", 20.25}};

struct World {
  explicit World(const std::string& extra = "", std::string stored_book = "") {
    clock.set_utc(test::kNewYear + std::chrono::hours{12});
    const std::vector<std::string> names{"SDM120"};
    config = *parse_config(changed(test::kSite, "sdm630", "sdm120") + extra, "site.toml", names);
    plan = *make_site_plan(config, test::default_profiles());
    reader.emplace(plan[0].meters[0], stamper, calendar, log, stored_book);
  }

  [[nodiscard]] const MeterPlan& meter() const { return plan[0].meters[0]; }
  void read(std::size_t request, const ValuesByName& values) {
    reader->take_block(request, clock.now(), test::answer_to(*meter().profile, meter().requests[request], values));
  }
  void read(const ValuesByName& values) {
    for (std::size_t i = 0; i < meter().requests.size(); ++i) {
      read(i, values);
      clock.advance(milliseconds{100});
    }
  }
  [[nodiscard]] nlohmann::json shown() {
    const std::vector<mqtt::MeterTelemetry> meters{reader->telemetry(clock.now())};
    return nlohmann::json::parse("{" + test::body_of(meters) + "}")["ENERGY"];
  }

  test::FakeClock clock;
  test::FixedCalendar calendar;
  test::CollectingLog log;
  Stamper stamper{clock, 3};
  Config config;
  std::vector<BusPlan> plan;
  std::optional<MeterReader> reader;
};

TEST(MeterReader, IsShownFromItsFirstBlockOnAndHasNullForTheRest) {
  World world("read = \"all\"\n");
  ASSERT_GT(world.meter().requests.size(), 1U);
  EXPECT_FALSE(world.reader->was_read());
  const auto unknown = [&] {
    const auto registers = world.shown()["REGISTERS"];
    return std::count_if(registers.begin(), registers.end(), [](const auto& value) { return value.is_null(); });
  };
  world.read(0, kHouse);
  EXPECT_TRUE(world.reader->was_read());
  EXPECT_FALSE(world.reader->has_full_round());
  EXPECT_EQ(world.shown()["Voltage"], 231);
  EXPECT_GT(unknown(), 0);
  for (std::size_t i = 1; i < world.meter().requests.size(); ++i) world.read(i, kHouse);
  EXPECT_TRUE(world.reader->has_full_round());
  EXPECT_EQ(unknown(), 0);
}

TEST(MeterReader, HasARoundAlthoughItRefusesOneOfItsBlocks) {
  World world("read = \"all\"\n");
  world.read(0, kHouse);
  EXPECT_FALSE(world.reader->has_full_round());
  world.read(0, kHouse);
  EXPECT_TRUE(world.reader->has_full_round());
}

TEST(MeterReader, BringsValuesToTelemetryAndCountersToTheBook) {
  World world;
  world.read(kHouse);
  const auto shown = world.shown();
  EXPECT_EQ(shown["Power"], 1100);
  EXPECT_EQ(shown["Voltage"], 231);
  EXPECT_EQ(shown["Current"], 5.0);
  EXPECT_EQ(shown["Total"], 1000.5);
  EXPECT_EQ(shown["ExportActive"], 20.25);
}

TEST(MeterReader, KeepsTheInstantOfTheLastBlock) {
  World world;
  world.clock.advance(seconds{7});
  const Instant at = world.clock.now();
  world.read(0, kHouse);
  EXPECT_EQ(world.reader->newest(world.clock.now()), at);
  world.clock.advance(world.meter().freshness + milliseconds{1});
  EXPECT_EQ(world.reader->newest(world.clock.now()), std::nullopt);
}

TEST(MeterReader, ShowsNothingOld) {
  World world("energy_ms = 1000\n");
  world.read(kHouse);
  world.clock.advance(world.meter().freshness);
  const auto shown = world.shown();
  EXPECT_TRUE(shown["Power"].is_null());
  EXPECT_TRUE(shown["Total"].is_null());
  EXPECT_FALSE(shown["Yesterday"].is_null());
}

TEST(MeterReader, ShowsCountersThatAreReadLessOftenForLonger) {
  World world;
  world.read(kHouse);
  world.clock.advance(seconds{30});
  EXPECT_TRUE(world.shown()["Power"].is_null());
  EXPECT_EQ(world.shown()["Total"], 1000.5);
  world.clock.advance(seconds{40});
  EXPECT_TRUE(world.shown()["Total"].is_null());
}

TEST(MeterReader, GivesItsBookOnceForEachChange) {
  World world;
  EXPECT_EQ(world.reader->book_to_keep(), std::nullopt);
  world.read(kHouse);
  const auto book = world.reader->book_to_keep();
  ASSERT_TRUE(book);
  EXPECT_EQ(book->first, "ledger/main");
  EXPECT_EQ(world.reader->book_to_keep(), std::nullopt);
}

TEST(MeterReader, GoesOnWithTheBookOfItsFormerLife) {
  World before;
  before.read(kHouse);
  const auto book = before.reader->book_to_keep();

  World after("", book->second);
  EXPECT_TRUE(after.reader->was_read()) << "it was, in a former life";
  EXPECT_FALSE(after.reader->has_full_round());
  after.clock.advance(std::chrono::hours{1});
  ValuesByName later = kHouse;
  later["energy_active_import_total"] = 1001.5;
  after.read(later);
  EXPECT_EQ(after.shown()["Total"], 1001.5);
  EXPECT_EQ(after.shown()["Today"], 1.0);
}

TEST(MeterReader, KeepsABookThatItCannotReadForAPerson) {
  const World world("", "not a book");
  EXPECT_EQ(world.reader->damaged_book(), "not a book");
  EXPECT_FALSE(world.reader->was_read());
  EXPECT_TRUE(world.log.contains("main"));
}

TEST(MeterReader, TurnsAMeterWhoseTransformersLookTheWrongWay) {
  World world("invert = true\n");
  ValuesByName reversed = kHouse;
  reversed["power_active_total"] = -1100;
  reversed["power_reactive_total"] = -120;
  reversed["power_factor_total"] = -0.95;
  std::swap(reversed["energy_active_import_total"], reversed["energy_active_export_total"]);
  world.read(reversed);
  const auto shown = world.shown();
  EXPECT_EQ(shown["Power"], 1100);
  EXPECT_EQ(shown["ReactivePower"], 120);
  EXPECT_EQ(shown["Factor"], 0.95);
  EXPECT_EQ(shown["Total"], 1000.5);
  EXPECT_EQ(shown["ExportActive"], 20.25);
}

TEST(MeterReader, TakesOutWhatCannotBeAndTellsItOnce) {
  World world;
  ValuesByName wild = kHouse;
  wild["voltage_l1"] = 1e6;
  for (int i = 0; i < 5; ++i) world.read(wild);
  EXPECT_TRUE(world.shown()["Voltage"].is_null());
  EXPECT_EQ(world.shown()["Frequency"], 50);
  const auto lines = world.log.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.find("is not believed") != std::string::npos; }),
            1);
}

TEST(MeterReader, ShowsEveryRegisterWhenAllAreRead) {
  World world("read = \"all\"\n");
  world.read(kHouse);
  const auto registers = world.shown()["REGISTERS"];
  EXPECT_EQ(registers["voltage_l1"], 231.4);
  EXPECT_EQ(registers["energy_active_import_total"], 1000.5);
  EXPECT_EQ(registers.size(), world.meter().profile->all.size());
  world.clock.advance(world.meter().freshness);
  EXPECT_TRUE(world.shown()["REGISTERS"]["voltage_l1"].is_null());
}

// ---- telemetry over several meters

struct Telling : testing::Test {
  Telling() { second.clock.set_utc(world.clock.utc()); }

  World world{"[[bus.meter]]\naddress = 2\nprofile = \"sdm120\"\nname = \"heatpump\"\n"};
  World second;
  MeterReader other{world.plan[0].meters[1], world.stamper, world.calendar, world.log, ""};
  Telemetry telemetry{{&*world.reader, &other}, world.stamper, world.calendar};

  [[nodiscard]] nlohmann::json record_body() {
    auto record = telemetry.record(world.clock.now());
    return nlohmann::json::parse("{" + record->body + "}");
  }
};

TEST_F(Telling, HasNoRecordBeforeAMeterWasRead) {
  EXPECT_TRUE(telemetry.is_empty());
  world.read(kHouse);
  EXPECT_FALSE(telemetry.is_empty());
}

TEST_F(Telling, LeavesOutAMeterThatWasNeverRead) {
  world.read(kHouse);
  const auto body = record_body();
  EXPECT_TRUE(body.contains("ENERGY"));
  EXPECT_FALSE(body.contains("heatpump"));
  EXPECT_EQ(telemetry.shape(), "ENERGY\n");
}

TEST_F(Telling, CarriesTheInstantOfTheNewestBlock) {
  world.clock.advance(seconds{5});
  world.read(kHouse);
  const Instant newest = *world.reader->newest(world.clock.now());
  world.clock.advance(milliseconds{700});
  const auto record = telemetry.record(world.clock.now());
  EXPECT_EQ(record->stamp.at, newest);
  EXPECT_EQ(record->stamp.boot, 3U);
  EXPECT_EQ(record->stamp.utc,
            *world.clock.utc() - std::chrono::duration_cast<milliseconds>(world.clock.now() - newest));
}

TEST_F(Telling, CarriesTheMomentOfTheTickWhenNothingIsLive) {
  world.read(kHouse);
  world.clock.advance(std::chrono::minutes{5});
  const auto record = telemetry.record(world.clock.now());
  EXPECT_EQ(record->stamp.at, world.clock.now());
  EXPECT_TRUE(record_body()["ENERGY"]["Power"].is_null());
}

TEST_F(Telling, HasNoWallClockWhileItIsNotKnown) {
  world.clock.set_utc(std::nullopt);
  world.read(kHouse);
  EXPECT_EQ(telemetry.record(world.clock.now())->stamp.utc, std::nullopt);
}

TEST_F(Telling, HasPeriodInTheRecordOnly) {
  world.read(kHouse);
  EXPECT_TRUE(record_body()["ENERGY"].contains("Period"));
  EXPECT_TRUE(record_body()["ENERGY"]["Period"].is_number());
  EXPECT_FALSE(nlohmann::json::parse("{" + *telemetry.body(world.clock.now()) + "}")["ENERGY"].contains("Period"));
}

}  // namespace
}  // namespace meterseal::app
