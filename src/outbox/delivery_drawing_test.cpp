// Every state with every event, drawn as text: docs/machines/delivery.txt.

#include <gtest/gtest.h>

#include <sstream>

#include "outbox/delivery_machine.hpp"
#include "support/golden.hpp"

namespace meterseal::outbox {
namespace {

Record stored(Sequence sequence) {
  Record record;
  record.sequence = sequence;
  record.stamp.utc = UtcTime{};
  return record;
}

struct Scene {
  explicit Scene(ConfirmedBy whose)
      : machine({.confirmed_by = whose, .window = 4, .history_rate = 1, .history_burst = 2, .page = 8}) {}

  DeliveryMachine machine;
  Instant now{seconds{1000}};

  void tell(const DeliveryEvent& event) { (void)machine.step(event, now); }
};

/// The usual way into each state: record 1 has been confirmed, 2 is in flight, 3 and 4 are at hand; with a receiver 8
/// is taken by the broker and waits for its word.
Scene scene_in(DeliveryState state, ConfirmedBy whose) {
  Scene s(whose);
  s.tell(Connected{});
  s.tell(Fetched{{stored(1), stored(2), stored(3), stored(4)}});
  s.tell(Acknowledged{1});
  s.tell(Confirmed{{{1, 1}}});
  if (state == DeliveryState::replaying) return s;
  s.tell(Disconnected{});
  if (state == DeliveryState::offline) return s;
  s.tell(Connected{});
  if (whose == ConfirmedBy::receiver) {
    s.tell(RecordsCommitted{{stored(8)}});
    s.tell(Acknowledged{8});
  }
  if (state == DeliveryState::fetching) return s;
  if (state == DeliveryState::resting) {
    s.tell(FetchFailed{});
    return s;
  }
  s.tell(Fetched{});
  return s;
}

std::string text_of(const Offer& offer) {
  return (offer.channel == Channel::sensor ? "SENSOR " : "HISTORY ") + std::to_string(offer.record.sequence);
}
std::string text_of(const Fetch& fetch) {
  return "fetch after " + std::to_string(fetch.after);
}
std::string text_of(const Remove& remove) {
  std::string text = remove.ride == Ride::alone ? "remove alone" : "remove with it";
  for (const Sequence s : remove.sequences) text += " " + std::to_string(s);
  return text;
}
std::string text_of(const WakeAt&) {
  return "wake";
}

std::string outcome(Scene s, const DeliveryEvent& event) {
  const DeliveryState before = s.machine.state();
  std::string text;
  for (const DeliveryAction& action : s.machine.step(event, s.now)) {
    text += text.empty() ? "" : ", ";
    text += std::visit([](const auto& a) { return text_of(a); }, action);
  }
  if (s.machine.state() != before) {
    text += text.empty() ? "-> " : " -> ";
    text += name_of(s.machine.state());
  }
  return text.empty() ? "-" : text;
}

struct Row {
  std::string_view event;
  DeliveryEvent happened;
  seconds later;
};
const Row kRows[] = {{"connected", Connected{}, seconds(0)},
                     {"disconnected", Disconnected{}, seconds(0)},
                     {"9 committed", RecordsCommitted{{stored(9)}}, seconds(0)},
                     {"2 acknowledged", Acknowledged{2}, seconds(0)},
                     {"2 and 8 confirmed", Confirmed{{{2, 2}, {8, 8}}}, seconds(0)},
                     {"1000 confirmed", Confirmed{{{1000, 1000}}}, seconds(0)},
                     {"2 refused", OfferFailed{2}, seconds(0)},
                     {"1 to 4 fetched", Fetched{{stored(1), stored(2), stored(3), stored(4)}}, seconds(0)},
                     {"nothing fetched", Fetched{}, seconds(0)},
                     {"fetch failed", FetchFailed{}, seconds(0)},
                     {"commit begins", CommitBegins{}, seconds(0)},
                     {"removed", Removed{}, seconds(0)},
                     {"remove failed", RemoveFailed{}, seconds(0)},
                     {"relabelled", Relabelled{}, seconds(0)},
                     {"timer, too early", Woke{}, seconds(0)},
                     {"timer after 1 s", Woke{}, seconds(1)},
                     {"timer after 10 s", Woke{}, seconds(10)},
                     {"timer after 60 s", Woke{}, seconds(60)}};

void draw(ConfirmedBy whose, std::ostream& text) {
  for (const DeliveryState state : {DeliveryState::offline, DeliveryState::fetching, DeliveryState::replaying,
                                    DeliveryState::resting, DeliveryState::caught_up}) {
    ASSERT_EQ(scene_in(state, whose).machine.state(), state) << name_of(state);
    text << "\n" << name_of(state) << "\n";
    for (const Row& row : kRows) {
      Scene s = scene_in(state, whose);
      s.now += row.later;
      text << "  " << row.event << std::string(19 - row.event.size(), ' ') << outcome(std::move(s), row.happened)
           << "\n";
    }
  }
}

TEST(DeliveryDrawing, ShowsWhatEveryEventDoesInEveryState) {
  std::ostringstream text;
  text << "The delivery machine: what each event does in each state.\n"
       << "Window 4 (history: 2), one replayed record a second, two at once. Record 1 has been confirmed and is not "
          "yet\n"
       << "removed; in the state replaying 2 is in flight and 3 and 4 are at hand. \"-\" is nothing at all.\n"
       << "\nThe broker's word counts\n";
  draw(ConfirmedBy::broker, text);
  text << "\n\nA receiver's word counts. In the states fetching, resting and caught_up the broker has taken 8 and no "
          "receiver\nhas confirmed it.\n";
  draw(ConfirmedBy::receiver, text);
  test::expect_golden("docs/machines/delivery.txt", text.str());
}

}  // namespace
}  // namespace meterseal::outbox
