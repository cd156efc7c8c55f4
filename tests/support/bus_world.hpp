#pragma once

// A world for BusMachine without any port or clock: a line on which every byte takes its time, meters as a function,
// and a host that executes actions and counts how often it was woken. Everything the machine reports is kept.
// Words of an answer made with words_of() say which register they belong to, so that a misbooked block is seen.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "meter/bus_machine.hpp"
#include "meter/modbus_crc.hpp"

namespace meterseal::test {

using Octets = std::vector<std::uint8_t>;

inline Octets with_crc(Octets frame) {
  const std::uint16_t crc = meter::modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

/// Each word is its own register address.
inline std::vector<std::uint16_t> words_of(const meter::ReadBlock& block) {
  std::vector<std::uint16_t> words;
  words.reserve(block.words);
  for (std::uint16_t i = 0; i < block.words; ++i) words.push_back(static_cast<std::uint16_t>(block.start + i));
  return words;
}

inline Octets answer_to(const meter::ReadRequest& request) {
  Octets frame{request.unit, static_cast<std::uint8_t>(request.block.function),
               static_cast<std::uint8_t>(2 * request.block.words)};
  for (const std::uint16_t word : words_of(request.block)) {
    frame.push_back(static_cast<std::uint8_t>(word >> 8));
    frame.push_back(static_cast<std::uint8_t>(word & 0xFF));
  }
  return with_crc(frame);
}

inline Octets refusal_of(const meter::ReadRequest& request, std::uint8_t code) {
  return with_crc({request.unit, static_cast<std::uint8_t>(0x80 | static_cast<int>(request.block.function)), code});
}

class BusWorld {
 public:
  struct Reply {
    Octets bytes;
    microseconds after;  ///< from the end of the request to the first byte of the reply
  };
  /// What the meters of the line do about a request.
  using Meters = std::function<std::vector<Reply>(const meter::ReadRequest&)>;

  struct Sent {
    meter::ReadRequest request;
    Instant at;
  };
  struct Seen {
    std::size_t meter;
    std::size_t index;
    Instant at;
    std::vector<std::uint16_t> words;
    bool identity;
  };

  explicit BusWorld(meter::BusPlan plan, Meters who = {})
      : meters(std::move(who)), line_(plan.line), machine_(meter::BusMachine::make(std::move(plan)).value()) {}

  void start() { tell(meter::Start{}); }
  void stop() { tell(meter::Stop{}); }
  /// The adapter is unplugged; `returns` says whether opening it succeeds from now on.
  void unplug() {
    plugged_in = false;
    on_line_.clear();
    input_.clear();
    tell(meter::PortFailed{});
  }

  /// Lets time pass, event by event.
  void run_until(Instant end) {
    while (true) {
      const Instant arrival = reading_ ? next_arrival() : Instant::max();
      const Instant next = std::min(arrival, timer_);
      if (next > end) break;
      now = std::max(now, next);
      if (arrival <= timer_) {
        ++wake_ups;
        Events events;
        deliver(events);
        tell(events.front());
      } else {
        timer_ = Instant::max();
        ++wake_ups;
        tell(meter::Woke{});
      }
    }
    now = end;
  }
  void run_for(LoopClock::duration time) { run_until(now + time); }

  [[nodiscard]] const meter::BusMachine& machine() const { return machine_; }
  [[nodiscard]] std::size_t sent_to(std::uint8_t unit) const {
    return static_cast<std::size_t>(
        std::count_if(sent.begin(), sent.end(), [&](const Sent& s) { return s.request.unit == unit; }));
  }

  Meters meters;
  Instant now;
  bool plugged_in = true;
  bool echoes = false;
  std::uint64_t wake_ups = 0;
  int opened = 0;
  int closed = 0;
  std::vector<Sent> sent;
  std::vector<Seen> seen;
  std::vector<meter::HealthChanged> healths;
  std::vector<meter::RequestRefused> refusals;
  std::vector<bool> port_ups;

 private:
  /// Bytes under way, one after the other.
  struct Transmission {
    Instant begin;
    Octets bytes;
    std::size_t arrived = 0;
  };

  void tell(const meter::BusEvent& event) {
    std::deque<meter::BusEvent> events{event};
    while (!events.empty()) {
      const meter::BusActions actions = machine_.step(events.front(), now);
      events.pop_front();
      for (const auto& action : actions) {
        std::visit([&](const auto& a) { execute(a, events); }, action);
      }
    }
  }

  using Events = std::deque<meter::BusEvent>;
  void execute(const meter::OpenPort&, Events& events) {
    ++opened;
    if (plugged_in) {
      events.push_back(meter::PortOpened{});
    } else {
      events.push_back(meter::PortFailed{});
    }
  }
  void execute(const meter::ClosePort&, Events&) {
    ++closed;
    reading_ = false;
  }
  void execute(const meter::FlushInput&, Events&) {
    reading_ = false;
    take_arrived();
    input_.clear();
  }
  void execute(const meter::SendRequest& send, Events& events) {
    const Octets frame(send.frame.begin(), send.frame.end());
    const std::size_t at = frame.size() == 12 ? 6 : 0;
    const auto word = [&](std::size_t i) { return static_cast<std::uint16_t>(frame[at + i] << 8 | frame[at + i + 1]); };
    const meter::ReadRequest request{frame[at], {static_cast<meter::Function>(frame[at + 1]), word(2), word(4)}};
    sent.push_back({request, now});
    const Instant end = now + line_.wire_time(frame.size());
    if (echoes) put_on_line(frame, now);
    for (const Reply& reply : meters(request)) put_on_line(reply.bytes, end + reply.after);
    events.push_back(meter::RequestSent{});
  }
  void execute(const meter::StartRead&, Events& events) {
    reading_ = true;
    if (next_arrival() <= now) deliver(events);
  }
  void execute(const meter::WakeAt& wake, Events&) { timer_ = std::max(wake.at, now); }
  void execute(const meter::BlockAnswered& a, Events&) {
    seen.push_back({a.meter, a.index, a.at, {a.words.begin(), a.words.end()}, false});
  }
  void execute(const meter::IdentityAnswered& a, Events&) {
    seen.push_back({a.meter, a.index, a.at, {a.words.begin(), a.words.end()}, true});
  }
  void execute(const meter::HealthChanged& change, Events&) { healths.push_back(change); }
  void execute(const meter::RequestRefused& refused, Events&) { refusals.push_back(refused); }
  void execute(const meter::PortUp&, Events&) { port_ups.push_back(true); }
  void execute(const meter::PortDown&, Events&) { port_ups.push_back(false); }

  void put_on_line(const Octets& bytes, Instant begin) { on_line_.push_back({begin, bytes}); }
  [[nodiscard]] Instant arrival_of_next(const Transmission& t) const {
    return t.arrived == t.bytes.size() ? Instant::max() : t.begin + line_.wire_time(t.arrived + 1);
  }
  [[nodiscard]] Transmission* next_transmission() {
    const auto next = std::min_element(on_line_.begin(), on_line_.end(), [&](const auto& a, const auto& b) {
      return arrival_of_next(a) < arrival_of_next(b);
    });
    return next == on_line_.end() ? nullptr : &*next;
  }
  [[nodiscard]] Instant next_arrival() {
    const Transmission* next = next_transmission();
    return next == nullptr ? Instant::max() : arrival_of_next(*next);
  }
  // Bytes of one instant come together, as from a network.
  void take_arrived() {
    for (Transmission* next = next_transmission(); next != nullptr; next = next_transmission()) {
      if (arrival_of_next(*next) > now) break;
      input_.push_back(next->bytes[next->arrived++]);
    }
    std::erase_if(on_line_, [](const Transmission& t) { return t.arrived == t.bytes.size(); });
  }
  void deliver(Events& events) {
    reading_ = false;
    take_arrived();
    delivered_.swap(input_);
    input_.clear();
    events.push_back(meter::Received{delivered_});
  }

  meter::LineTiming line_;
  meter::BusMachine machine_;
  Instant timer_ = Instant::max();
  std::vector<Transmission> on_line_;
  Octets input_;
  Octets delivered_;
  bool reading_ = false;
};

}  // namespace meterseal::test
