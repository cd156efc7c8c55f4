// The driver on a scripted port. Real ports and an independent meter: bus_libmodbus_test.cpp.

#include "meter/host/bus_driver.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "meter/errors.hpp"
#include "support/bus_recorder.hpp"
#include "support/bus_world.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::meter::host {
namespace {

using test::Octets;
using States = std::vector<PortState>;
using Healths = std::vector<Health>;

constexpr ReadBlock kSerialNumber{Function::read_holding, 0xFC00, 2};
constexpr ReadBlock kTotals{Function::read_input, 0x0156, 4};

/// What the test decides about the port; outlives the driver and its port.
struct Script {
  std::function<Octets(const ReadRequest&)> answer = test::answer_to;
  std::vector<Error> open_errors;  ///< one per open, then it succeeds
  bool takes_bytes = true;
  int opens = 0;
  int closes = 0;
  int writes = 0;
};

class ScriptedPort final : public Port {
 public:
  ScriptedPort(boost::asio::io_context& io, Script& script, PortEvents& events)
      : io_(io), script_(script), events_(events) {}

  void open() override {
    const auto n = static_cast<std::size_t>(script_.opens++);
    later([this, n] {
      if (n < script_.open_errors.size()) return events_.port_failed(script_.open_errors[n]);
      events_.port_opened();
    });
  }
  void close() override {
    ++script_.closes;
    alive_ = std::make_shared<int>(0);
    input_.clear();
  }
  void flush_input() override { input_.clear(); }
  void write(Bytes bytes) override {
    ++script_.writes;
    const ReadRequest request{bytes[0],
                              {static_cast<Function>(bytes[1]), static_cast<std::uint16_t>(bytes[2] << 8 | bytes[3]),
                               static_cast<std::uint16_t>(bytes[4] << 8 | bytes[5])}};
    input_ = script_.answer(request);
    if (script_.takes_bytes) later([this] { events_.request_sent(); });
  }
  void read() override {
    if (!input_.empty()) later([this] { events_.received(std::exchange(input_, {})); });
  }
  [[nodiscard]] std::string description() const override { return "scripted port"; }

 private:
  template <class F>
  void later(F what) {
    boost::asio::post(io_, [what, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) what();
    });
  }

  boost::asio::io_context& io_;
  Script& script_;
  PortEvents& events_;
  Octets input_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

class BusDriverTest : public ::testing::Test {
 protected:
  static BusSettings settings() {
    BusMeter meter;
    meter.name = "main";
    meter.plan.identity = {kSerialNumber};
    meter.plan.blocks = {kTotals};
    meter.plan.poll_interval = milliseconds(0);
    meter.plan.response_timeout = milliseconds(20);
    meter.plan.retries = 0;
    return {"bus1", TcpSettings{"", 0, Framing::rtu}, {meter}};
  }
  Result<std::unique_ptr<BusDriver>> make(BusSettings with, BusObserver& observer) {
    return BusDriver::make(io, clock, log, std::move(with), observer,
                           [this](PortEvents& events) { return std::make_unique<ScriptedPort>(io, script, events); });
  }
  std::unique_ptr<BusDriver> started() {
    auto driver = make(settings(), seen).value();
    driver->start();
    return driver;
  }
  bool wait_for(const std::function<bool()>& what) { return test::run_until(io, what); }

  boost::asio::io_context io;
  test::SteadyClock clock;
  test::CollectingLog log;
  test::BusRecorder seen;
  Script script;
};

TEST_F(BusDriverTest, NamesTheBusOfARefusedPlan) {
  BusSettings wrong = settings();
  wrong.meters.push_back(wrong.meters[0]);
  const auto driver = make(wrong, seen);
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, bus_plan_invalid);
  EXPECT_EQ(driver.error().where.view(), "bus1, address 1");
  EXPECT_EQ(driver.error().detail.view(), "two meters at one address");
}

TEST_F(BusDriverTest, ReportsPortIdentityHealthAndBlocks) {
  const Instant before = clock.now();
  const auto driver = started();
  ASSERT_TRUE(wait_for([&] { return seen.blocks.size() >= 10; }));
  EXPECT_EQ(seen.ports, States{PortState::up});
  EXPECT_EQ(seen.healths, Healths{Health::online});
  ASSERT_EQ(seen.identities.size(), 1U);
  EXPECT_EQ(seen.identities[0].words, test::words_of(kSerialNumber));
  EXPECT_EQ(seen.blocks[9].words, test::words_of(kTotals));
  EXPECT_GE(seen.blocks[9].at, seen.blocks[8].at);
  EXPECT_GE(seen.blocks[0].at, before);
  EXPECT_LE(seen.blocks[9].at, clock.now());
  EXPECT_EQ(driver->counters(0).answers, 11U);
  EXPECT_EQ(log.lines(), (std::vector<std::string>{"info BUS: bus1: scripted port is open",
                                                   "info BUS: bus1/main (address 1) answers"}));
}

TEST_F(BusDriverTest, WritesARepeatedFailureOnceAndANewOneAgain) {
  const Error missing = make_error(port_missing, "/dev/x", "No such file");
  script.open_errors = {missing, missing};
  const auto driver = started();
  test::CollectingLog other_log;
  Script other_script;
  other_script.open_errors = {missing, make_error(port_denied, "/dev/x", "Permission denied")};
  const auto other = BusDriver::make(io, clock, other_log, settings(), seen, [&](PortEvents& events) {
                       return std::make_unique<ScriptedPort>(io, other_script, events);
                     }).value();
  other->start();
  ASSERT_TRUE(wait_for([&] { return script.closes == 2 && other_script.closes == 2; }));
  EXPECT_EQ(seen.ports, (States{PortState::down, PortState::down})) << "once from each bus";
  const std::vector<std::string> first{
      "error BUS: /dev/x: No such file (meter_port_missing)",
      "error BUS: hint: plug the adapter in and check the path with ls -l /dev/serial/by-id"};
  ASSERT_EQ(log.lines().size(), 3U);
  ASSERT_EQ(other_log.lines().size(), 4U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(log.lines()[i], first[i]);
    EXPECT_EQ(other_log.lines()[i], first[i]);
  }
  EXPECT_EQ(log.lines()[2], "debug BUS: /dev/x: No such file");
  EXPECT_EQ(other_log.lines()[2], "error BUS: /dev/x: Permission denied (meter_port_denied)");
}

TEST_F(BusDriverTest, WritesThatThePortTakesNoBytes) {
  script.takes_bytes = false;
  const auto driver = started();
  ASSERT_TRUE(wait_for([&] { return seen.ports == (States{PortState::up, PortState::down}); }));
  EXPECT_TRUE(log.contains("error BUS: scripted port: it takes no more bytes (meter_port_lost)"));
  EXPECT_EQ(script.closes, 1);
}

TEST_F(BusDriverTest, WritesARefusalWithTheRequestThatWasRefused) {
  script.answer = [](const ReadRequest& request) {
    return request.block == kTotals ? test::refusal_of(request, 2) : test::answer_to(request);
  };
  const auto driver = started();
  ASSERT_TRUE(wait_for([&] { return log.contains("request_refused"); }));
  EXPECT_TRUE(
      log.contains("error BUS: bus1/main (address 1): exception 02 to a read of 4 input registers from 0156 "
                   "(meter_request_refused)"));
}

TEST_F(BusDriverTest, WhatAGuestDoesIsNoNewsNorIsAPortThatOpensAgainToLook) {
  script.answer = [](const ReadRequest& request) {
    if (request.unit == 7) return test::refusal_of(request, 2);
    return request.unit == 8 ? Octets{} : test::answer_to(request);
  };
  BusSettings looking = settings();
  looking.opening = LogLevel::debug;
  for (const std::uint8_t unit : {std::uint8_t{7}, std::uint8_t{8}}) {
    BusMeter guest = settings().meters[0];
    guest.name = "guest";
    guest.plan.unit = unit;
    guest.plan.identity.clear();
    guest.is_guest = true;
    looking.meters.push_back(guest);
  }
  const auto driver = make(looking, seen).value();
  driver->start();
  ASSERT_TRUE(wait_for([&] {
    return log.contains("debug BUS: bus1/guest (address 7): exception 02") && driver->counters(2).timeouts >= 3 &&
           !seen.blocks.empty();
  }));
  EXPECT_TRUE(log.contains("debug BUS: bus1: scripted port is open"));
  EXPECT_TRUE(log.contains("info BUS: bus1/main (address 1) answers"));
  for (const std::string& line : log.lines()) {
    EXPECT_FALSE(line.starts_with("error")) << line;
    EXPECT_FALSE(line.starts_with("info BUS: bus1/guest")) << line;
  }
}

TEST_F(BusDriverTest, ReportsEachFailureOfThePortAndThatItIsOpenAfterAll) {
  struct Keeper : test::BusRecorder {
    void on_port_failed(const Error& error) override { failures.push_back(error); }
    std::vector<Error> failures;
  };
  Keeper keeper;
  const Error missing = make_error(port_missing, "/dev/x", "No such file");
  script.open_errors = {missing, missing};
  BusSettings looking = settings();
  looking.opening = LogLevel::debug;
  const auto driver = make(looking, keeper).value();
  driver->start();
  ASSERT_TRUE(wait_for([&] { return keeper.failures.size() == 2; }));
  EXPECT_EQ(keeper.failures[1].code, port_missing);
  EXPECT_EQ(keeper.failures[1].where.view(), "/dev/x");
}

TEST_F(BusDriverTest, WritesThatAMeterFellSilentAndThatItAnswersAgain) {
  bool silent = true;
  script.answer = [&](const ReadRequest& request) { return silent ? Octets{} : test::answer_to(request); };
  const auto driver = started();
  ASSERT_TRUE(wait_for([&] { return seen.healths == Healths{Health::suspect, Health::silent}; }));
  EXPECT_TRUE(
      log.contains("error BUS: bus1/main (address 1): gives no answer, is asked again less and less often "
                   "(meter_no_answer)"));
  silent = false;
  ASSERT_TRUE(wait_for([&] { return !seen.blocks.empty(); }));
  EXPECT_TRUE(log.contains("info BUS: bus1/main (address 1) answers again"));
  EXPECT_EQ(seen.healths.back(), Health::online);
}

TEST_F(BusDriverTest, DoesNothingMoreOnceItWasStoppedEvenFromWithinAReport) {
  struct Stopper : test::BusRecorder {
    void on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) override {
      BusRecorder::on_block(meter, request, at, words);
      (*driver)->stop();
    }
    std::unique_ptr<BusDriver>* driver = nullptr;
  };
  Stopper stopper;
  auto driver = make(settings(), stopper).value();
  stopper.driver = &driver;
  driver->start();
  ASSERT_TRUE(wait_for([&] { return !stopper.blocks.empty(); }));
  const int writes = script.writes;
  io.poll();
  EXPECT_EQ(stopper.blocks.size(), 1U);
  EXPECT_EQ(script.writes, writes);
  EXPECT_EQ(script.closes, 1);
  driver->start();
  EXPECT_TRUE(wait_for([&] { return stopper.blocks.size() == 2; })) << "and everything after the next start";
  EXPECT_EQ(stopper.identities.size(), 2U);
}

TEST_F(BusDriverTest, MayGoAtAnyTime) {
  for (int handlers = 0; handlers < 30; ++handlers) {
    auto driver = started();
    io.restart();
    for (int i = 0; i < handlers; ++i) io.run_one_for(milliseconds(1));
    driver.reset();
    io.poll();
  }
  EXPECT_FALSE(seen.blocks.empty());
}

}  // namespace
}  // namespace meterseal::meter::host
