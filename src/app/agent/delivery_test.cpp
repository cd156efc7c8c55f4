#include "app/agent/delivery.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mqtt/errors.hpp"
#include "support/fake_store.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::app {
namespace {

class FakeClient : public mqtt::host::Client {
 public:
  void start() override {}
  void stop(std::function<void()> done) override { done(); }
  [[nodiscard]] bool is_online() const override { return true; }
  [[nodiscard]] std::size_t window_left() const override { return 20; }
  [[nodiscard]] const trust::host::TlsClient* tls() const override { return nullptr; }
  [[nodiscard]] Result<void> publish(mqtt::Token token, mqtt::Message message) override {
    if (refuses) return fail(mqtt::window_full, "broker", "full");
    sent.emplace_back(token, std::move(message));
    return {};
  }
  [[nodiscard]] Result<void> publish(mqtt::Message /*message*/) override { return {}; }

  std::vector<std::pair<mqtt::Token, mqtt::Message>> sent;
  bool refuses = false;
};

outbox::Record record_at(UtcTime utc) {
  outbox::Record record;
  record.stamp = {3, Instant(seconds{5}), utc};
  record.body = R"("ENERGY":{"Power":1})";
  return record;
}

constexpr UtcTime kNoon{milliseconds{1'767'268'800'000}};  // 2026-01-01T12:00:00Z

TEST(TelemetryMessage, CarriesTheRecordsOwnTimeAndNames) {
  auto record = record_at(kNoon);
  record.sequence = 42;
  const test::FixedCalendar calendar(seconds{7200});
  EXPECT_EQ(telemetry_message(record, "8C1F03A7", calendar),
            R"({"Time":"2026-01-01T14:00:00","ENERGY":{"Power":1},"Outbox":"8C1F03A7","Seq":42,"Boot":3})");
}

TEST(TelemetryMessage, SaysThatItsTimeWasFoundLater) {
  auto record = record_at(kNoon);
  record.sequence = 42;
  record.time_estimated = true;
  EXPECT_EQ(telemetry_message(record, "8C1F03A7", test::FixedCalendar()),
            R"({"Time":"2026-01-01T12:00:00","TimeEstimated":true,"ENERGY":{"Power":1},)"
            R"("Outbox":"8C1F03A7","Seq":42,"Boot":3})");
}

struct DeliveryTest : testing::Test {
  explicit DeliveryTest(outbox::ConfirmedBy whose = outbox::ConfirmedBy::broker) : settings{.confirmed_by = whose} {
    delivery.use(client);
  }

  boost::asio::io_context loop;
  test::FakeClock clock;
  test::CollectingLog log;
  test::FakeStore store;
  test::FixedCalendar calendar;
  mqtt::Topics topics = *mqtt::Topics::make("%prefix%/%topic%/", "emon_1");
  FakeClient client;
  outbox::DeliverySettings settings;
  Delivery delivery{loop, clock, log, store, calendar, topics, "8C1F03A7", settings};
  Journal journal{loop, clock, log, store, delivery};
};

TEST_F(DeliveryTest, OffersALiveRecordOnlyAfterItsCommit) {
  delivery.on_connected();
  journal.keep(record_at(kNoon), {});
  EXPECT_TRUE(client.sent.empty());
  store.succeed();
  ASSERT_EQ(client.sent.size(), 1U);
  EXPECT_EQ(client.sent[0].first, 1U);
  EXPECT_EQ(client.sent[0].second.topic, "tele/emon_1/SENSOR");
  EXPECT_EQ(client.sent[0].second.qos, mqtt::Qos::at_least_once);
  EXPECT_FALSE(client.sent[0].second.retain);
}

TEST_F(DeliveryTest, ReplaysWhatWaitedOnHistory) {
  journal.keep(record_at(kNoon), {});
  store.succeed();
  EXPECT_TRUE(client.sent.empty());
  delivery.on_connected();
  ASSERT_EQ(client.sent.size(), 1U);
  EXPECT_EQ(client.sent[0].second.topic, "tele/emon_1/HISTORY");
}

TEST_F(DeliveryTest, TellsALossOnATopicOfItsOwn) {
  outbox::Record loss = record_at(kNoon);
  loss.body = outbox::loss_body({1, 9, 5}, outbox::Relief::thinned);
  journal.keep(loss, {});
  store.succeed();
  delivery.on_connected();
  ASSERT_EQ(client.sent.size(), 1U);
  EXPECT_EQ(client.sent[0].second.topic, "tele/emon_1/LOSS");
}

TEST_F(DeliveryTest, RemovesAConfirmedRecordWithTheNextCommit) {
  delivery.on_connected();
  journal.keep(record_at(kNoon), {});
  store.succeed();
  delivery.on_published(1);
  EXPECT_EQ(store.records.size(), 1U);
  journal.keep(record_at(kNoon), {});
  EXPECT_EQ(store.next().remove, std::vector<outbox::Sequence>{1});
  store.succeed();
  EXPECT_EQ(store.records.size(), 1U);
  EXPECT_EQ(store.records.count(2), 1U);
}

TEST_F(DeliveryTest, RemovesAgainWhatAFailedCommitDidNot) {
  delivery.on_connected();
  journal.keep(record_at(kNoon), {});
  store.succeed();
  delivery.on_published(1);
  journal.keep(record_at(kNoon), {});
  store.fail_with(Code{499, ErrorClass::retry, "outbox_test", ""});
  ASSERT_TRUE(test::run_until(loop, [&] { return store.waiting() == 1; }));
  EXPECT_EQ(store.next().remove, std::vector<outbox::Sequence>{1});
}

TEST_F(DeliveryTest, KeepsWhatTheClientDidNotTake) {
  delivery.on_connected();
  client.refuses = true;
  journal.keep(record_at(kNoon), {});
  store.succeed();
  client.refuses = false;
  clock.advance(outbox::DeliveryMachine::kRest);
  delivery.on_disconnected();
  delivery.on_connected();
  ASSERT_EQ(client.sent.size(), 1U);
  EXPECT_EQ(client.sent[0].second.topic, "tele/emon_1/HISTORY");
  EXPECT_EQ(store.records.size(), 1U);
}

struct ReceiverTest : DeliveryTest {
  ReceiverTest() : DeliveryTest(outbox::ConfirmedBy::receiver) {}

  /// Two records are with the broker.
  void SetUp() override {
    delivery.on_connected();
    for (int i = 0; i < 2; ++i) {
      journal.keep(record_at(kNoon), {});
      store.succeed();
    }
    delivery.on_published(1);
    delivery.on_published(2);
  }
  bool say(std::string payload, bool retain = false, std::string topic = "cmnd/emon_1/CONFIRM") {
    return delivery.take({std::move(topic), std::move(payload), mqtt::Qos::at_most_once, retain});
  }
  [[nodiscard]] std::ptrdiff_t told(std::string_view part) const {
    const auto lines = log.lines();
    return std::count_if(lines.begin(), lines.end(),
                         [part](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  /// What goes with the next commit.
  std::vector<outbox::Sequence> removed() {
    journal.keep(record_at(kNoon), {});
    std::vector<outbox::Sequence> removed = store.next().remove;
    store.succeed();
    return removed;
  }
};

TEST_F(ReceiverTest, DeletesNothingForWhatIsNoConfirmationOfItsOwn) {
  EXPECT_TRUE(say(R"({"Outbox":"FFFFFFFF","Confirm":[[1,2]]})")) << "of another outbox";
  EXPECT_TRUE(say(R"({"Outbox":"8c1f03a7","Confirm":[[1,2]]})"));
  EXPECT_TRUE(say(R"({"Outbox":"8C1F03A7","Confirm":[[1,2]]})", true)) << "retained";
  EXPECT_TRUE(say(R"({"Outbox":"8C1F03A7","Confirm":[[3,9223372036854775807]]})")) << "never sent";
  EXPECT_TRUE(say("1-2"));
  EXPECT_TRUE(say(std::string(100'000, '[')));
  EXPECT_FALSE(say(R"({"Outbox":"8C1F03A7","Confirm":[[1,2]]})", false, "cmnd/emon_2/CONFIRM")) << "another device's";
  EXPECT_FALSE(say("", false, "cmnd/emon_1/STATUS")) << "a command";
  EXPECT_TRUE(removed().empty());
  EXPECT_EQ(told("outbox_confirm_malformed"), 1) << "told once, however often it comes";
}

TEST_F(ReceiverTest, DeletesWithTheNextCommitWhatWasConfirmed) {
  EXPECT_TRUE(say(R"({"Outbox":"8C1F03A7","Confirm":[[2,2]]})"));
  EXPECT_EQ(removed(), std::vector<outbox::Sequence>{2});
}

TEST_F(ReceiverTest, SaysOnceThatNobodyConfirmsAndOnceThatSomebodyDoesAgain) {
  for (int i = 0; i < 3; ++i) {
    clock.advance(seconds{61});
    delivery.on_relabelled();  // any event
  }
  EXPECT_EQ(told("no receiver confirms readings"), 1);
  delivery.on_published(client.sent.back().first);
  EXPECT_TRUE(say(R"({"Outbox":"8C1F03A7","Confirm":[[1,2]]})"));
  EXPECT_EQ(told("a receiver confirms readings again"), 1);
}

TEST_F(DeliveryTest, AConfirmationDeletesNothingWherePubackCountsAndIsNoCommandEither) {
  delivery.on_connected();
  journal.keep(record_at(kNoon), {});
  store.succeed();
  EXPECT_TRUE(delivery.take({"cmnd/emon_1/CONFIRM", R"({"Outbox":"8C1F03A7","Confirm":[[1,1]]})"}));
  journal.keep(record_at(kNoon), {});
  EXPECT_TRUE(store.next().remove.empty());
}

}  // namespace
}  // namespace meterseal::app
