#pragma once

// One bus: one port, several meters, at most one outstanding request. Decides what is sent when, what an arriving byte
// means, when to give up and when to open the port again. Time comes in as an argument, actions go out as data;
// BusDriver (meter/host) executes them. Drawing: docs/machines/bus.txt.
//
// Between sending and the earliest instant at which the answer can be complete nobody reads: a transaction costs two or
// three wake-ups of the host instead of one per byte.
//
// Ownership: allocates when made, never later. Thread: the loop thread. Units: Instants of the loop clock.
// Errors: bus_plan_invalid when made; everything later is an action or a counter.

#include <optional>
#include <vector>

#include "core/result.hpp"
#include "meter/bus_events.hpp"
#include "meter/line_timing.hpp"
#include "meter/meter_agenda.hpp"

namespace meterseal::meter {

struct BusPlan {
  Framing framing = Framing::rtu;
  LineTiming line;
  std::vector<MeterPlan> meters;
};

enum class BusState : std::uint8_t {
  stopped,
  opening,
  waiting_to_reopen,
  idle,      ///< nothing is due
  quiet,     ///< something is due, the line must be silent first
  sending,   ///< the port has not taken the whole request yet
  sleeping,  ///< the answer cannot be complete yet
  reading,
};
[[nodiscard]] std::string_view name_of(BusState state);

/// A task of a meter (MeterAgenda).
struct TaskRef {
  std::size_t meter = 0;
  std::size_t task = 0;
};
/// One request on the line and what is known about its answer.
struct Exchange {
  TaskRef ref;
  Instant started;
  Instant earliest;        ///< end of the answer without any turnaround
  Instant first_deadline;  ///< for the head of the answer
  Instant last_deadline;   ///< for its end, however slowly it drips
  Instant deadline;        ///< the one that holds now
  bool begun = false;
  bool saw_the_end_come = false;  ///< awake before the last byte: the turnaround is measured
};

class BusMachine {
 public:
  [[nodiscard]] static Result<BusMachine> make(BusPlan plan);

  [[nodiscard]] BusActions step(const BusEvent& event, Instant now);

  /// The next cycle of this meter reads its slow blocks, too.
  void want_slow_blocks(std::size_t meter, Instant now) { agendas_[meter].want_slow_blocks(now); }

  [[nodiscard]] BusState state() const { return state_; }
  [[nodiscard]] const MeterCounters& counters(std::size_t meter) const { return agendas_[meter].counters(); }
  [[nodiscard]] Health health(std::size_t meter) const { return agendas_[meter].health().state(); }
  [[nodiscard]] microseconds turnaround(std::size_t meter) const { return turnarounds_[meter].value(); }

 private:
  explicit BusMachine(BusPlan plan);

  void on(const Start&, Instant now);
  void on(const Stop&, Instant now);
  void on(const PortOpened&, Instant now);
  void on(const PortFailed&, Instant now);
  void on(const RequestSent&, Instant now);
  void on(const Received& received, Instant now);
  void on(const Woke&, Instant now);

  // the port: bus_machine.cpp
  void open_port();
  void lose_port(Instant now);
  void reopen_deaf_port(Instant now);
  // choosing a request, sending it, judging what comes: bus_exchange.cpp
  void proceed(Instant now);
  [[nodiscard]] std::optional<TaskRef> choose(Instant now);
  [[nodiscard]] Instant due_of(std::size_t meter) const;
  [[nodiscard]] Instant line_free_at(std::size_t meter, Instant now) const;
  void send(TaskRef ref, Instant now);
  void expect_answer(Instant now);
  void await_bytes(Instant now);
  void digest(Bytes bytes, Instant now);
  void await_rest(const Frame& frame, Instant now);
  void overhear(Bytes bytes, Instant now);
  void book_late(const Frame& frame);
  void accept(Instant now);
  void take_refusal(std::uint8_t exception_code, Instant now);
  void give_up(Instant now);
  void fail_exchange(Debt debt, Instant now);
  void report_health(std::size_t meter, Health before);
  void act(const BusAction& action) { actions_.push_back(action); }
  void wake_at(Instant at);
  void start_read();

  // constant after construction
  Framing framing_;
  LineTiming line_;

  // loop thread only
  std::vector<MeterAgenda> agendas_;
  std::vector<TurnaroundEstimate> turnarounds_;
  AnswerReader reader_;
  InlineVector<TaskRef, AnswerReader::kMaxOwed> owed_;  ///< in the order of reader_.add_owed()
  BusActions actions_;
  BusState state_ = BusState::stopped;
  Instant wake_at_;
  std::optional<std::size_t> turn_;    ///< the meter whose cycle is being read
  std::optional<std::size_t> yields_;  ///< it did not answer: its next try comes after those that are due
  Exchange exchange_;                  ///< the last one, over or not
  bool has_asked_ = false;             ///< since the port was opened
  std::uint16_t transaction_ = 0;
  bool read_pending_ = false;
  bool port_is_up_ = false;
  seconds reopen_backoff_{0};
  Instant last_activity_;               ///< of the line
  std::optional<Instant> drain_since_;  ///< an exchange failed and nothing was sent since
  Instant silent_share_until_;          ///< silent meters have had their share of bus time until then
  Instant last_heard_;                  ///< an answer, or the port was opened
};

}  // namespace meterseal::meter
