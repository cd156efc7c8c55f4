// Every state with every event, drawn as text: docs/machines/bus.txt.

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "support/bus_world.hpp"
#include "support/golden.hpp"

namespace meterseal::meter {
namespace {

constexpr ReadBlock kBlock{Function::read_input, 0, 2};

struct Scene {
  BusMachine machine;
  Instant now{seconds{100}};

  void tell(const BusEvent& event) { (void)machine.step(event, now); }
  void wake() {
    now += seconds(2);  // later than anything waits for, except the poll interval
    tell(Woke{});
  }
};

Scene scene() {
  MeterPlan plan;
  plan.blocks = {kBlock};
  plan.poll_interval = seconds(60);
  plan.response_timeout = seconds(30);
  return Scene{BusMachine::make({Framing::rtu, LineTiming::serial(9600, 10), {plan}}).value()};
}

/// The usual way into each state.
Scene scene_in(BusState state) {
  Scene s = scene();
  if (state == BusState::stopped) return s;
  s.tell(Start{});
  if (state == BusState::opening) return s;
  if (state == BusState::waiting_to_reopen) {
    s.tell(PortFailed{});
    return s;
  }
  s.tell(PortOpened{});
  if (state == BusState::quiet) return s;
  s.wake();
  if (state == BusState::sending) return s;
  s.tell(RequestSent{});
  if (state == BusState::sleeping) return s;
  s.wake();
  if (state == BusState::reading) return s;
  const test::Octets answer = test::answer_to({1, kBlock});
  s.tell(Received{answer});
  return s;
}

std::string_view name(const OpenPort&) {
  return "open";
}
std::string_view name(const ClosePort&) {
  return "close";
}
std::string_view name(const FlushInput&) {
  return "flush";
}
std::string_view name(const SendRequest&) {
  return "send";
}
std::string_view name(const StartRead&) {
  return "read";
}
std::string_view name(const WakeAt&) {
  return "wake";
}
std::string_view name(const BlockAnswered&) {
  return "BLOCK";
}
std::string_view name(const IdentityAnswered&) {
  return "IDENTITY";
}
std::string_view name(const HealthChanged&) {
  return "HEALTH";
}
std::string_view name(const RequestRefused&) {
  return "REFUSED";
}
std::string_view name(const PortUp&) {
  return "UP";
}
std::string_view name(const PortDown&) {
  return "DOWN";
}

std::string outcome(Scene s, const BusEvent& event) {
  const BusState before = s.machine.state();
  const BusActions actions = s.machine.step(event, s.now);
  EXPECT_FALSE(actions.full());
  if (actions.empty() && s.machine.state() == before) return "-";
  std::string text;
  for (const BusAction& action : actions) {
    text += text.empty() ? "" : " ";
    text += std::visit([](const auto& a) { return name(a); }, action);
  }
  text += s.machine.state() == before ? "" : (text.empty() ? "-> " : " -> ");
  text += s.machine.state() == before ? "" : name_of(s.machine.state());
  return text;
}

TEST(BusDrawing, ShowsWhatEveryEventDoesInEveryState) {
  const test::Octets answer = test::answer_to({1, kBlock});
  const test::Octets refusal = test::refusal_of({1, kBlock}, 2);
  test::Octets damaged = answer;
  damaged[4] ^= 1;
  struct Row {
    std::string_view event;
    BusEvent happened;
    seconds later;
  };
  const Row rows[] = {{"start", Start{}, seconds(0)},
                      {"stop", Stop{}, seconds(0)},
                      {"port opened", PortOpened{}, seconds(0)},
                      {"port failed", PortFailed{}, seconds(0)},
                      {"request sent", RequestSent{}, seconds(0)},
                      {"answer received", Received{answer}, seconds(0)},
                      {"a part received", Received{Bytes(answer).first(4)}, seconds(0)},
                      {"refusal received", Received{refusal}, seconds(0)},
                      {"damage received", Received{damaged}, seconds(0)},
                      {"timer, too early", Woke{}, seconds(-50)},
                      {"timer", Woke{}, seconds(70)}};
  std::ostringstream text;
  text << "The bus machine: what each event does in each state, for one meter with one block.\n"
       << "Actions for the host in small letters, reports to the observer in capitals, then the new state if it "
          "changes.\n"
       << "The ways into the states are the usual ones; \"-\" is nothing at all.\n";
  for (const BusState state : {BusState::stopped, BusState::opening, BusState::waiting_to_reopen, BusState::idle,
                               BusState::quiet, BusState::sending, BusState::sleeping, BusState::reading}) {
    ASSERT_EQ(scene_in(state).machine.state(), state) << name_of(state);
    text << "\n" << name_of(state) << "\n";
    for (const Row& row : rows) {
      Scene s = scene_in(state);
      s.now += row.later;
      text << "  " << row.event << std::string(18 - row.event.size(), ' ') << outcome(std::move(s), row.happened)
           << "\n";
    }
  }
  test::expect_golden("docs/machines/bus.txt", text.str());
}

/// What a host would see: no read before a send is flushed, nothing sent or read on a closed port, never two reads.
class WatchfulHost {
 public:
  void execute(const BusActions& actions) {
    EXPECT_FALSE(actions.full());
    for (const BusAction& action : actions) std::visit([this](const auto& a) { on(a); }, action);
  }
  void read_is_over() { reading_ = false; }
  int sent = 0;
  int answers = 0;

 private:
  void on(const OpenPort&) {
    EXPECT_FALSE(open_);
    open_ = true;
  }
  void on(const ClosePort&) { open_ = reading_ = flushed_ = false; }
  void on(const FlushInput&) {
    EXPECT_TRUE(open_);
    reading_ = false;
    flushed_ = true;
  }
  void on(const SendRequest& send) {
    EXPECT_TRUE(open_ && flushed_ && !reading_);
    EXPECT_EQ(send.frame.size(), 8U);
    flushed_ = false;
    ++sent;
  }
  void on(const StartRead&) {
    EXPECT_TRUE(open_ && !reading_);
    reading_ = true;
  }
  void on(const BlockAnswered& answer) {
    EXPECT_EQ(answer.words.size(), kBlock.words);
    ++answers;
  }
  template <class Report>
  void on(const Report&) {}

  bool open_ = false;
  bool reading_ = false;
  bool flushed_ = false;
};

TEST(BusDrawing, HoldsForEventsInAnyOrder) {
  Scene s = scene();
  WatchfulHost host;
  std::uint32_t random = 7;
  const auto dice = [&](std::uint32_t sides) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % sides;
  };
  const test::Octets answer = test::answer_to({1, kBlock});
  for (int i = 0; i < 200'000; ++i) {
    s.now += microseconds(dice(3'000'000));
    test::Octets bytes = answer;
    if (dice(4) == 0) bytes[dice(static_cast<std::uint32_t>(bytes.size()))] ^= static_cast<std::uint8_t>(1 + dice(255));
    const std::size_t n = dice(3) == 0 ? 1 + dice(static_cast<std::uint32_t>(bytes.size())) : bytes.size();
    BusEvent event = Woke{};
    switch (dice(40)) {
      case 0: event = Stop{}; break;
      case 1: event = PortFailed{}; break;
      case 2:
      case 3: event = Start{}; break;
      case 4:
      case 5:
      case 6: event = PortOpened{}; break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
      case 12: event = RequestSent{}; break;
      case 13:
      case 14:
      case 15:
      case 16:
      case 17:
      case 18: event = Received{Bytes(bytes).first(n)}; break;
      default: break;
    }
    if (std::holds_alternative<Received>(event)) host.read_is_over();
    host.execute(s.machine.step(event, s.now));
  }
  EXPECT_GT(host.sent, 1000);
  EXPECT_GT(host.answers, 100);
}

}  // namespace
}  // namespace meterseal::meter
