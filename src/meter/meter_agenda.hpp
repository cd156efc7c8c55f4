#pragma once

// What one meter wants from the bus and when: its blocks at each poll interval, or less often, its identity at the
// first contact, after each return from silence and daily, a probe while it does not answer. Also what it still owes:
// an answer that did not come in time may come later, does not name its register, and would pass every check if it
// arrived in the place of another answer of the same length. While that is possible, only the identical block, or one
// whose answer looks different, may be asked of this meter.
//
// A task is one request of the plan: identity requests first, then blocks, in the order of the plan.
// Ownership: BusMachine owns one per meter; allocates in its constructor only. Thread: pure. Errors: none.

#include <algorithm>
#include <optional>
#include <vector>

#include "meter/meter_health.hpp"
#include "meter/modbus_frame.hpp"

namespace meterseal::meter {

/// One meter on a bus, as the site declares it.
struct MeterPlan {
  std::uint8_t unit = 1;
  std::vector<ReadBlock> blocks;        ///< at least one; read in this order, all in a row
  std::vector<ReadBlock> identity;      ///< serial number, type...: never two values in one
  milliseconds response_timeout{1000};  ///< end of the request to the first byte of the answer
  milliseconds gap{0};                  ///< silence before a request when the last one went to this meter too
  milliseconds slave_change_gap{0};     ///< silence before a request when the last one went to another meter
  milliseconds poll_interval{1000};     ///< 0: back to back
  std::uint8_t retries = 2;             ///< after the first try
  std::size_t slow_blocks = 0;          ///< so many of `blocks`, the last ones, are read each slow_interval only
  milliseconds slow_interval{60000};
};

struct MeterCounters {
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t crc_errors = 0;    ///< answers that came damaged or broke off
  std::uint64_t resyncs = 0;       ///< answers found behind stray bytes: a hint at bias, ground or termination
  std::uint64_t late_answers = 0;  ///< came after their time-out and were discarded
  std::uint64_t exceptions = 0;
  std::uint64_t echoes = 0;  ///< the adapter returns what it sends
};

/// Whether an answer to a failed request may still come.
enum class Debt : std::uint8_t {
  none,
  owed
};

class MeterAgenda {
 public:
  explicit MeterAgenda(MeterPlan plan);

  [[nodiscard]] const MeterPlan& plan() const { return plan_; }
  [[nodiscard]] const MeterHealth& health() const { return health_; }
  [[nodiscard]] const ReadBlock& block_of(std::size_t task) const { return tasks_[task].block; }
  [[nodiscard]] std::size_t tasks() const { return tasks_.size(); }
  [[nodiscard]] bool is_identity(std::size_t task) const { return task < plan_.identity.size(); }
  /// Position of the task in plan().identity or plan().blocks.
  [[nodiscard]] std::size_t index_of(std::size_t task) const;

  /// No task is wanted before this instant.
  [[nodiscard]] Instant due() const;
  /// A cycle has begun and is not done.
  [[nodiscard]] bool is_in_cycle() const { return in_cycle_; }
  /// The task to send now; nullopt: none, and due() lies in the future.
  [[nodiscard]] std::optional<std::size_t> take_next(Instant now);

  void answered(std::size_t task, Instant now);
  /// The meter refused (an exception is an answer): the task stays out of the cycle for 1 s, 2 s, 4 s ... 5 minutes.
  void refused(std::size_t task, Instant now);
  /// No answer or no good one. Tries again, or gives the cycle up and doubts the meter.
  void failed(std::size_t task, Debt debt, Instant now);
  /// First refusal since the last answer: worth a line in the log.
  [[nodiscard]] bool is_first_refusal(std::size_t task) const { return tasks_[task].refusals == 1; }

  [[nodiscard]] bool is_owed(std::size_t task, Instant now) const;
  void came_late(std::size_t task);

  /// The next cycle reads the slow blocks, too.
  void want_slow_blocks(Instant now) { slow_due_ = std::min(slow_due_, now); }

  /// The port was opened or lost: nothing is owed, nothing is known, everything is due.
  void forget(Instant now);

  [[nodiscard]] MeterCounters& counters() { return counters_; }
  [[nodiscard]] const MeterCounters& counters() const { return counters_; }

 private:
  struct Task {
    explicit Task(const ReadBlock& what) : block(what) {}
    ReadBlock block;
    bool pending = false;
    std::uint8_t tries = 0;
    std::uint8_t refusals = 0;
    std::uint8_t owed = 0;
    Instant refused_until;
    Instant owed_until;
  };

  [[nodiscard]] bool is_slow(std::size_t task) const { return task >= tasks_.size() - plan_.slow_blocks; }
  [[nodiscard]] bool is_allowed(std::size_t task, Instant now) const;
  [[nodiscard]] Instant oldest_debt_end(Instant now) const;
  [[nodiscard]] Instant debt_end(Instant timed_out) const;
  void settle(std::size_t task, Instant now);
  void begin_cycle(Instant now);
  void end_cycle_if_done(Instant now);
  void give_up_identity(Instant now);
  void abandon_cycle(Instant now);

  // constant after construction
  MeterPlan plan_;
  std::size_t shortest_ = 0;  ///< the probe

  // changed by the bus
  std::vector<Task> tasks_;
  MeterHealth health_;
  MeterCounters counters_;
  bool in_cycle_ = false;
  Instant cycle_due_;
  Instant identity_due_;
  Instant slow_due_;
  Instant blocked_until_;  ///< every pending task looks like an owed one
};

}  // namespace meterseal::meter
