// The delivery machine with a receiver that confirms: nothing leaves the store at PUBACK.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "outbox/delivery_machine.hpp"

namespace meterseal::outbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr seconds kPatience = DeliveryMachine::kPatience;
constexpr seconds kRest = DeliveryMachine::kRest;
constexpr std::size_t kTrial = DeliverySettings{}.trial;
constexpr std::size_t kMaxAwaiting = DeliverySettings{}.max_awaiting;

std::vector<Record> range(Sequence first, Sequence last) {
  std::vector<Record> records;
  for (Sequence s = first; s <= last; ++s) {
    records.emplace_back().sequence = s;
    records.back().stamp.utc = UtcTime{};
  }
  return records;
}

/// The machine with a store and a broker that do at once what they are asked for.
class Receiver : public testing::Test {
 protected:
  static DeliverySettings settings() {
    DeliverySettings settings;
    settings.confirmed_by = ConfirmedBy::receiver;
    settings.history_rate = 1'000'000;
    settings.history_burst = 1000;
    return settings;
  }

  void tell(const DeliveryEvent& event) {
    for (const DeliveryAction& action : machine.step(event, now)) {
      std::visit([this](const auto& a) { execute(a); }, action);
    }
  }
  void execute(const Offer& offer) {
    (offer.channel == Channel::sensor ? sensor : history).push_back(offer.record.sequence);
    in_flight.push_back(offer.record.sequence);
  }
  void execute(const Fetch& fetch) {
    Fetched page;
    for (const Sequence s : stored) {
      if (s > fetch.after && page.records.size() < fetch.limit) page.records.push_back(range(s, s)[0]);
    }
    fetched = std::move(page);
  }
  void execute(const Remove& remove) {
    removals.insert(removals.end(), remove.sequences.begin(), remove.sequences.end());
    for (const Sequence s : remove.sequences) std::erase(stored, s);
    are_removed = true;
  }
  void execute(const WakeAt& at) { wake = at.at; }

  /// Store and broker answer until nothing more happens.
  void settle() {
    for (bool any = true; any;) {
      any = false;
      if (const auto page = std::exchange(fetched, std::nullopt)) {
        tell(*page);
        any = true;
      }
      if (std::exchange(are_removed, false)) {
        tell(Removed{});
        any = true;
      }
      if (acknowledges && !in_flight.empty()) {
        for (const Sequence s : std::exchange(in_flight, {})) tell(Acknowledged{s});
        any = true;
      }
    }
  }
  void connect() {
    tell(Connected{});
    settle();
  }
  void commit(Sequence first, Sequence last) {
    for (Sequence s = first; s <= last; ++s) stored.push_back(s);
    tell(RecordsCommitted{range(first, last)});
    settle();
  }
  void confirm(Sequence first, Sequence last) {
    tell(Confirmed{{{first, last}}});
    settle();
  }
  void wait(seconds time) {
    for (const Instant end = now + time; now < end;) {
      now = std::max(now, std::min(end, wake.value_or(end)));
      wake.reset();
      tell(Woke{});
      settle();
    }
  }

  DeliveryMachine machine{settings()};
  Instant now{seconds(1000)};
  std::optional<Instant> wake;
  std::vector<Sequence> stored;
  std::vector<Sequence> in_flight;
  std::vector<Sequence> sensor;
  std::vector<Sequence> history;
  std::vector<Sequence> removals;
  std::optional<Fetched> fetched;
  bool are_removed = false;
  bool acknowledges = true;
};

TEST_F(Receiver, KeepsARecordThatOnlyTheBrokerHas) {
  connect();
  commit(1, 3);
  wait(kPatience - seconds(1));
  EXPECT_THAT(removals, IsEmpty());
  confirm(1, 2);
  wait(DeliveryMachine::kIdle);
  EXPECT_THAT(removals, UnorderedElementsAre(1, 2));
}

TEST_F(Receiver, TakesAConfirmationThatIsFasterThanTheBrokers) {
  connect();
  acknowledges = false;
  commit(1, 2);
  confirm(1, 1);
  wait(DeliveryMachine::kIdle);
  EXPECT_THAT(removals, ElementsAre(1));
  tell(OfferFailed{1});  // it is stored at the receiver whatever the broker says of it
  EXPECT_EQ(machine.state(), DeliveryState::caught_up);
  tell(Acknowledged{2});
  wait(kPatience - DeliveryMachine::kIdle);
  confirm(1, 2);
  wait(DeliveryMachine::kIdle);
  EXPECT_THAT(history, IsEmpty());
  EXPECT_THAT(removals, ElementsAre(1, 2));
}

TEST_F(Receiver, ConfirmsNothingThatWasNeverSent) {
  stored = {1, 2, 3};
  confirm(1, INT64_MAX);
  connect();
  tell(Disconnected{});
  in_flight.clear();
  confirm(1, INT64_MAX);
  wait(kPatience);
  EXPECT_THAT(removals, IsEmpty()) << "not on this connection";

  std::vector<Record> without_time = range(4, 4);
  without_time[0].stamp.utc.reset();
  stored.clear();
  connect();
  tell(RecordsCommitted{without_time});
  confirm(1, INT64_MAX);
  wait(kPatience);
  EXPECT_THAT(removals, IsEmpty());
}

TEST_F(Receiver, AConfirmationMeansNothingWherePubackCounts) {
  machine = DeliveryMachine(DeliverySettings{});
  connect();
  acknowledges = false;
  commit(1, 1);
  confirm(1, 1);
  wait(DeliveryMachine::kIdle);
  EXPECT_THAT(removals, IsEmpty());
}

TEST_F(Receiver, SendsAgainAsHistoryWhatIsNotConfirmedInTime) {
  connect();
  commit(1, 1);
  EXPECT_THAT(sensor, ElementsAre(1));
  wait(kPatience + kRest - seconds(1));
  EXPECT_THAT(history, IsEmpty());
  wait(seconds(1));
  EXPECT_THAT(history, ElementsAre(1));
}

TEST_F(Receiver, IsMorePatientEachTimeUpToAQuarterOfAnHour) {
  connect();
  commit(1, 1);
  std::vector<seconds> pauses;
  for (int i = 0; i < 6; ++i) {
    const std::size_t before = history.size();
    const Instant from = now;
    while (history.size() == before) wait(seconds(1));
    pauses.push_back(std::chrono::duration_cast<seconds>(now - from) - kRest);
  }
  EXPECT_THAT(pauses, ElementsAre(seconds(60), seconds(120), seconds(240), seconds(480), seconds(900), seconds(900)));
  confirm(1, 1);
  commit(2, 2);
  wait(kPatience + kRest);
  EXPECT_EQ(history.back(), 2U) << "a receiver that is back is waited for 60 s again";
}

TEST_F(Receiver, IsMorePatientOncePerWaitAndNotOncePerReading) {
  connect();
  for (Sequence s = 1; s <= 5; ++s) {
    commit(s, s);
    wait(seconds(5));
  }
  wait(seconds(300));  // 60 s, then 120 s
  EXPECT_GE(std::count(history.begin(), history.end(), 5U), 2);
}

TEST_F(Receiver, AReceiverThatIsAwayCostsLittle) {
  for (Sequence s = 1; s <= 5000; ++s) stored.push_back(s);
  connect();
  EXPECT_EQ(history.size(), kTrial);
  wait(seconds(24 * 3600));
  EXPECT_LE(history.size(), kTrial * (24 * 4 + 6)) << "8 in a quarter of an hour";
  EXPECT_THAT(removals, IsEmpty());
}

TEST_F(Receiver, AReceiverThatGoesAwayInTheMiddleCostsLittleAsWell) {
  for (Sequence s = 1; s <= 2000; ++s) stored.push_back(s);
  connect();
  confirm(1, 1);
  EXPECT_EQ(machine.awaiting(), kMaxAwaiting);
  history.clear();
  wait(seconds(3600));
  EXPECT_LE(history.size(), kTrial * 8) << "seven or eight waits from 60 s to 15 min";
}

TEST_F(Receiver, TheFirstConfirmationOpensTheReplayOldestFirst) {
  for (Sequence s = 1; s <= 1000; ++s) stored.push_back(s);
  connect();
  wait(seconds(3600));
  history.clear();
  commit(1001, 1001);
  confirm(1001, 1001);
  EXPECT_LE(history.size(), kMaxAwaiting);
  for (int i = 0; i < 10 && !stored.empty(); ++i) {
    confirm(1, 1000);
    wait(DeliveryMachine::kGrace + kRest);
  }
  EXPECT_THAT(stored, IsEmpty());
  EXPECT_TRUE(std::is_sorted(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kTrial)));
}

TEST_F(Receiver, LiveValuesGoOutHoweverManyWaitForConfirmation) {
  connect();
  constexpr Sequence kMany = 3 * kMaxAwaiting;
  for (Sequence s = 1; s <= kMany; ++s) {
    commit(s, s);
    ASSERT_EQ(sensor.size(), s);
    ASSERT_LE(machine.awaiting(), kMaxAwaiting);
    now += milliseconds(10);
  }
  EXPECT_EQ(stored.size(), kMany);
  // What had to make way is sent again and confirmed then.
  for (int i = 0; i < 100 && !stored.empty(); ++i) {
    confirm(1, kMany);
    wait(kRest);
  }
  EXPECT_THAT(stored, IsEmpty());
}

TEST_F(Receiver, OneRecordThatIsNeverConfirmedStopsNoOther) {
  connect();
  for (Sequence s = 1; s <= 200; ++s) {
    commit(s, s);
    if (s > 1) confirm(2, s);
    wait(seconds(30));
  }
  EXPECT_THAT(stored, ElementsAre(1));
  EXPECT_LE(history.size(), 12U) << "100 minutes";
}

TEST_F(Receiver, SendsAfterAReconnectWhatTheBrokerMayHaveForgotten) {
  connect();
  commit(1, 3);
  confirm(2, 2);
  tell(Disconnected{});
  connect();
  EXPECT_THAT(history, ElementsAre(1, 3)) << "at once";
  confirm(1, 3);
  wait(DeliveryMachine::kIdle);
  EXPECT_THAT(stored, IsEmpty());
}

TEST_F(Receiver, IsNotMorePatientForLongBecauseOneMessageWasLost) {
  connect();
  for (Sequence lost = 1; lost < 6; lost += 2) {
    history.clear();
    commit(lost, lost);
    now += seconds(1);
    commit(lost + 1, lost + 1);
    confirm(lost + 1, lost + 1);
    wait(kPatience + kRest);
    EXPECT_THAT(history, ElementsAre(lost));
    confirm(lost, lost);
  }
}

TEST_F(Receiver, SendsSoonAfterItsReturnWhatItHasMissed) {
  connect();
  commit(1, 1);
  wait(seconds(3600));
  commit(2, 2);
  now += seconds(1);
  commit(3, 3);
  history.clear();
  confirm(3, 3);
  wait(DeliveryMachine::kGrace + kRest);
  EXPECT_THAT(history, UnorderedElementsAre(1, 2));
}

TEST_F(Receiver, TriesAnewAfterAReconnectWhetherAReceiverIsThere) {
  for (Sequence s = 1; s <= 500; ++s) stored.push_back(s);
  connect();
  confirm(1, 1);
  EXPECT_GT(history.size(), kTrial) << "it is there";
  tell(Disconnected{});
  history.clear();
  connect();
  EXPECT_EQ(history.size(), kTrial);
}

TEST_F(Receiver, WaitsShortlyAgainAfterAReconnect) {
  connect();
  commit(1, 1);
  wait(seconds(3600));
  tell(Disconnected{});
  connect();
  history.clear();
  wait(kPatience + kRest);
  EXPECT_THAT(history, ElementsAre(1));
}

TEST_F(Receiver, GivesUpTheOneThatHasWaitedLongestWhenTooManyWait) {
  DeliverySettings few = settings();
  few.max_awaiting = 2;
  machine = DeliveryMachine(few);
  tell(Connected{});
  fetched.reset();  // answered below
  const auto acknowledge = [this](Sequence sequence) {
    tell(Acknowledged{sequence});
    now += seconds(1);
  };
  tell(RecordsCommitted{range(5, 5)});
  acknowledge(5);
  tell(Fetched{range(1, 1)});
  acknowledge(1);
  tell(RecordsCommitted{range(6, 6)});
  acknowledge(6);
  EXPECT_EQ(machine.awaiting(), 2U);
  tell(Confirmed{{{1, 6}}});
  now += DeliveryMachine::kIdle;
  tell(Woke{});
  EXPECT_THAT(removals, ElementsAre(1, 6));
}

TEST_F(Receiver, ExpectsNoSecondWordForWhatWasConfirmedEarly) {
  connect();
  acknowledges = false;
  commit(1, 1);
  for (int i = 0; i < 3; ++i) {
    confirm(1, 1);
    wait(DeliveryMachine::kIdle);
  }
  EXPECT_THAT(removals, ElementsAre(1));
  tell(Acknowledged{1});
  EXPECT_EQ(machine.awaiting(), 0U);
}

TEST_F(Receiver, RepeatedConfirmationsChangeNothing) {
  connect();
  commit(1, 2);
  for (int i = 0; i < 3; ++i) confirm(1, 2);
  wait(DeliveryMachine::kIdle);
  for (int i = 0; i < 3; ++i) confirm(1, 2);
  wait(kPatience + kRest);
  EXPECT_THAT(removals, ElementsAre(1, 2));
  EXPECT_THAT(history, IsEmpty());
}

TEST_F(Receiver, RemembersBoundedlyManyNumbersWhateverIsConfirmed) {
  for (Sequence s = 1; s <= 3000; ++s) stored.push_back(s);
  connect();
  for (int i = 0; i < 50; ++i) {
    tell(Confirmed{{{1, INT64_MAX}}});
    ASSERT_LE(machine.unfinished() + machine.awaiting(), DeliveryMachine::kMaxConfirmed + 2 * kMaxAwaiting);
    settle();
    wait(seconds(5));
  }
  EXPECT_THAT(stored, IsEmpty());
}

}  // namespace
}  // namespace meterseal::outbox
