#include "outbox/delivery_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace meterseal::outbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Record stored(Sequence sequence, std::optional<std::int64_t> utc_ms = 0) {
  Record record;
  record.sequence = sequence;
  if (utc_ms) record.stamp.utc = UtcTime(milliseconds(*utc_ms));
  record.body = "b" + std::to_string(sequence);
  return record;
}

std::vector<Record> range(Sequence first, Sequence last) {
  std::vector<Record> records;
  for (Sequence s = first; s <= last; ++s) records.push_back(stored(s));
  return records;
}

class Delivery : public testing::Test {
 protected:
  void make(DeliverySettings settings) { machine_ = DeliveryMachine(settings); }
  DeliveryActions tell(const DeliveryEvent& event) {
    DeliveryActions actions = machine_.step(event, now_);
    for (const DeliveryAction& action : actions) {
      if (const auto* wake = std::get_if<WakeAt>(&action)) wake_ = wake->at;
    }
    return actions;
  }
  DeliveryActions wake() {
    now_ = std::max(now_, wake_);
    return tell(Woke{});
  }
  /// Online, and the backlog was empty.
  void connect_to_empty() {
    tell(Connected{});
    tell(Fetched{});
    ASSERT_EQ(machine_.state(), DeliveryState::caught_up);
  }

  static std::vector<Sequence> offers(const DeliveryActions& actions, Channel channel) {
    std::vector<Sequence> sequences;
    for (const DeliveryAction& action : actions) {
      const auto* offer = std::get_if<Offer>(&action);
      if (offer != nullptr && offer->channel == channel) sequences.push_back(offer->record.sequence);
    }
    return sequences;
  }
  template <class Action>
  static std::vector<Action> all(const DeliveryActions& actions) {
    std::vector<Action> found;
    for (const DeliveryAction& action : actions) {
      if (const auto* one = std::get_if<Action>(&action)) found.push_back(*one);
    }
    return found;
  }

  DeliveryMachine machine_{DeliverySettings{}};
  Instant now_{seconds(1000)};
  Instant wake_;
};

TEST_F(Delivery, OffersNothingWhileThereIsNoConnection) {
  EXPECT_THAT(tell(RecordsCommitted{{stored(1)}}), IsEmpty());
  EXPECT_THAT(tell(Woke{}), IsEmpty());
}

TEST_F(Delivery, OffersALiveRecordAtOnceAsSensor) {
  connect_to_empty();
  const auto actions = tell(RecordsCommitted{{stored(1), stored(2)}});
  EXPECT_THAT(offers(actions, Channel::sensor), ElementsAre(1, 2));
  EXPECT_EQ(all<Offer>(actions)[0].record.body, "b1");
}

TEST_F(Delivery, NeverOffersARecordWithoutTimeAndFetchesAgainWhenItHasOne) {
  tell(Connected{});
  EXPECT_THAT(offers(tell(Fetched{{stored(1, std::nullopt), stored(2)}}), Channel::history), ElementsAre(2));
  tell(Fetched{});
  EXPECT_THAT(tell(RecordsCommitted{{stored(3, std::nullopt)}}), IsEmpty());
  const auto fetches = all<Fetch>(tell(Relabelled{}));
  ASSERT_EQ(fetches.size(), 1U);
  EXPECT_EQ(fetches[0].after, 0U);
  EXPECT_THAT(offers(tell(Fetched{{stored(1), stored(2), stored(3)}}), Channel::history), ElementsAre(1, 3))
      << "2 is in flight";
}

TEST_F(Delivery, ReplaysWhatWaitedAsHistoryOldestFirstInOneHalfOfTheWindow) {
  make({.window = 4, .history_rate = 1000, .history_burst = 100, .page = 3});
  const auto fetches = all<Fetch>(tell(Connected{}));
  ASSERT_EQ(fetches.size(), 1U);
  EXPECT_EQ(fetches[0].limit, 3U);
  EXPECT_THAT(offers(tell(Fetched{range(5, 7)}), Channel::history), ElementsAre(5, 6));
  EXPECT_THAT(offers(tell(RecordsCommitted{range(8, 10)}), Channel::sensor), ElementsAre(8, 9));
  const auto after_ack = tell(Acknowledged{6});
  EXPECT_THAT(offers(after_ack, Channel::sensor), ElementsAre(10)) << "live records are never behind the backlog";
  EXPECT_THAT(offers(after_ack, Channel::history), IsEmpty());
  EXPECT_THAT(offers(tell(Acknowledged{9}), Channel::history), ElementsAre(7));
}

TEST_F(Delivery, PacesTheReplayWithABurst) {
  make({.window = 100, .history_rate = 10, .history_burst = 3, .page = 32});
  tell(Connected{});
  EXPECT_THAT(offers(tell(Fetched{range(1, 32)}), Channel::history), ElementsAre(1, 2, 3));
  EXPECT_EQ(wake_, now_ + milliseconds(100));
  EXPECT_THAT(offers(tell(Woke{}), Channel::history), IsEmpty());
  EXPECT_THAT(offers(wake(), Channel::history), ElementsAre(4));
  now_ += seconds(10);
  EXPECT_THAT(offers(tell(Woke{}), Channel::history), ElementsAre(5, 6, 7));
}

TEST_F(Delivery, GoesOnPagingUntilThereIsNothingMore) {
  make({.window = 100, .history_rate = 1000, .history_burst = 100, .page = 2});
  tell(Connected{});
  EXPECT_EQ(all<Fetch>(tell(Fetched{range(3, 4)}))[0].after, 4U);
  EXPECT_EQ(all<Fetch>(tell(Fetched{range(9, 9)}))[0].after, 9U);
  tell(Fetched{});
  EXPECT_EQ(machine_.state(), DeliveryState::caught_up);
}

TEST_F(Delivery, SendsWhatWasInFlightWhenTheConnectionBrokeAgainAsHistory) {
  connect_to_empty();
  tell(RecordsCommitted{range(1, 2)});
  tell(Acknowledged{2});
  tell(Disconnected{});
  tell(Acknowledged{1});  // of a connection that is gone: void
  tell(Connected{});
  EXPECT_THAT(offers(tell(Fetched{range(1, 2)}), Channel::history), ElementsAre(1)) << "2 was confirmed";
}

TEST_F(Delivery, LetsRemovalsRideWithTheNextCommit) {
  connect_to_empty();
  tell(RecordsCommitted{range(1, 3)});
  tell(Acknowledged{3});
  tell(Acknowledged{1});
  const auto removals = all<Remove>(tell(CommitBegins{}));
  ASSERT_EQ(removals.size(), 1U);
  EXPECT_EQ(removals[0].ride, Ride::next_commit);
  EXPECT_THAT(removals[0].sequences, ElementsAre(1, 3));
  tell(Acknowledged{2});
  EXPECT_THAT(all<Remove>(tell(CommitBegins{})), IsEmpty()) << "one at a time";
  tell(Removed{});
  EXPECT_THAT(all<Remove>(tell(CommitBegins{}))[0].sequences, ElementsAre(2));
}

TEST_F(Delivery, RemovesAloneAfterFiveIdleSeconds) {
  connect_to_empty();
  tell(RecordsCommitted{range(1, 1)});
  tell(Acknowledged{1});
  EXPECT_EQ(wake_, now_ + DeliveryMachine::kIdle);
  const auto removals = all<Remove>(wake());
  ASSERT_EQ(removals.size(), 1U);
  EXPECT_EQ(removals[0].ride, Ride::alone);
  EXPECT_THAT(removals[0].sequences, ElementsAre(1));
}

TEST_F(Delivery, RepeatsARemovalThatFailed) {
  connect_to_empty();
  tell(RecordsCommitted{range(1, 1)});
  tell(Acknowledged{1});
  wake();
  tell(RemoveFailed{});
  EXPECT_THAT(all<Remove>(wake())[0].sequences, ElementsAre(1));
}

TEST_F(Delivery, KeepsARecordThatTheBrokerRefusedAndTriesItLaterAsHistory) {
  connect_to_empty();
  tell(RecordsCommitted{range(1, 2)});
  tell(OfferFailed{1});
  EXPECT_EQ(machine_.state(), DeliveryState::resting);
  EXPECT_THAT(offers(tell(RecordsCommitted{range(3, 3)}), Channel::sensor), ElementsAre(3));
  EXPECT_EQ(wake_, now_ + DeliveryMachine::kRest);
  EXPECT_EQ(all<Fetch>(wake())[0].after, 0U);
  EXPECT_THAT(offers(tell(Fetched{range(1, 3)}), Channel::history), ElementsAre(1));
}

TEST_F(Delivery, ReadsAgainLaterWhenTheStoreFailed) {
  tell(Connected{});
  tell(Fetched{range(1, 1)});
  tell(FetchFailed{});
  EXPECT_EQ(machine_.state(), DeliveryState::resting);
  EXPECT_EQ(all<Fetch>(wake())[0].after, 1U);
}

TEST_F(Delivery, TurnsTheOldestLiveRecordsIntoHistoryWhenTheBrokerIsSlow) {
  make({.window = 2, .history_rate = 100, .history_burst = 10, .page = 32});
  connect_to_empty();
  constexpr std::size_t kBeyond = 3;
  for (Sequence s = 1; s <= 2 + DeliveryMachine::kMaxLive + kBeyond; ++s) tell(RecordsCommitted{{stored(s)}});
  EXPECT_THAT(offers(tell(Acknowledged{1}), Channel::sensor), ElementsAre(3 + kBeyond));
  now_ += DeliveryMachine::kRest;
  const auto fetches = all<Fetch>(tell(Woke{}));
  ASSERT_EQ(fetches.size(), 1U);
  EXPECT_EQ(fetches[0].after, 2U);
  tell(Acknowledged{2});
  const auto actions = tell(Fetched{range(3, 6)});
  EXPECT_THAT(offers(actions, Channel::history), IsEmpty()) << "live ones go first";
}

TEST_F(Delivery, FetchesWhatTheStorePutBetweenTwoTicksItself) {
  connect_to_empty();
  tell(RecordsCommitted{{stored(5)}});
  EXPECT_EQ(machine_.state(), DeliveryState::caught_up);
  tell(RecordsCommitted{{stored(7)}});
  now_ += DeliveryMachine::kRest;
  EXPECT_EQ(all<Fetch>(tell(Woke{}))[0].after, 5U);
  EXPECT_THAT(offers(tell(Fetched{range(6, 7)}), Channel::history), ElementsAre(6));
}

TEST_F(Delivery, IgnoresAPageThatWasAskedForBeforeTheConnectionBroke) {
  tell(Connected{});
  tell(Disconnected{});
  EXPECT_THAT(all<Fetch>(tell(Connected{})), IsEmpty()) << "one question at a time";
  const auto actions = tell(Fetched{range(1, 5)});
  EXPECT_THAT(offers(actions, Channel::history), IsEmpty());
  EXPECT_EQ(all<Fetch>(actions).size(), 1U);
}

TEST_F(Delivery, StopsOfferingWhenTheStoreCannotRemove) {
  make({.window = 20, .history_rate = 1'000'000, .history_burst = 1000, .page = 32});
  tell(Connected{});
  Sequence next = 1;
  std::size_t offered = 0;
  DeliveryActions actions = tell(Fetched{range(next, next + 31)});
  for (int i = 0; i < 2000; ++i) {
    now_ += seconds(1);
    std::vector<Sequence> in_flight = offers(actions, Channel::history);
    offered += in_flight.size();
    actions = tell(Woke{});
    if (!all<Remove>(actions).empty()) tell(RemoveFailed{});
    for (const Sequence s : in_flight) {
      for (DeliveryAction& more : tell(Acknowledged{s})) actions.push_back(std::move(more));
    }
    if (machine_.state() == DeliveryState::fetching) {
      next += 32;
      for (DeliveryAction& more : tell(Fetched{range(next, next + 31)})) actions.push_back(std::move(more));
    }
    ASSERT_LE(machine_.unfinished(), DeliveryMachine::kMaxConfirmed);
  }
  EXPECT_EQ(offered, DeliveryMachine::kMaxConfirmed);
}

}  // namespace
}  // namespace meterseal::outbox
