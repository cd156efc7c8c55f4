// The part of BusMachine that chooses a request, sends it and judges what comes back. The port is in bus_machine.cpp.

#include <algorithm>

#include "meter/bus_machine.hpp"

namespace meterseal::meter {

namespace {

constexpr std::size_t kRtuReadRequest = 8;  ///< bytes
constexpr seconds kSendLimit{2};            ///< for the port to take twelve bytes
constexpr milliseconds kReadGrace{5};       ///< for bytes that are here but not yet handed over
constexpr seconds kDrainLimit{2};           ///< a line that never falls silent is used nevertheless
constexpr std::int64_t kSilentShare = 50;   ///< one part in fifty: silent meters together take 2 % of the bus time
constexpr seconds kDeaf{60};

// A gateway answered instead of the meter: "path unavailable", "target failed to respond".
// @source Modbus Application Protocol V1.1b3, 7
bool is_gateway_failure(std::uint8_t exception_code) {
  return exception_code == 0x0A || exception_code == 0x0B;
}

}  // namespace

void BusMachine::proceed(Instant now) {
  const std::optional<TaskRef> next = choose(now);
  if (!next) {
    Instant due = Instant::max();
    for (std::size_t i = 0; i < agendas_.size(); ++i) due = std::min(due, due_of(i));
    state_ = BusState::idle;
    wake_at(due);
    return;
  }
  const Instant free = line_free_at(next->meter, now);
  if (now < free) {
    state_ = BusState::quiet;
    wake_at(free);
    return;
  }
  send(*next, now);
}

// All requests of one meter in a row (its values belong together, and some meters miss the first request after another
// meter's turn), then the meter that has waited longest. One that has just let a time-out pass waits until the others
// have had their turn, so that its retries cost them one time-out and not all of them.
std::optional<TaskRef> BusMachine::choose(Instant now) {
  if (turn_ && agendas_[*turn_].is_in_cycle()) {
    if (const auto task = agendas_[*turn_].take_next(now)) return TaskRef{*turn_, *task};
  }
  turn_.reset();
  // Each meter that has nothing to send after all moves its due time into the future.
  for (std::size_t tries = 0; tries < agendas_.size(); ++tries) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < agendas_.size(); ++i) {
      const bool other_waits = first == yields_ && due_of(i) <= now;
      const bool yields_to_first = i == yields_ && due_of(first) <= now;
      if (other_waits || (due_of(i) < due_of(first) && !yields_to_first)) first = i;
    }
    if (now < due_of(first)) return std::nullopt;
    if (const auto task = agendas_[first].take_next(now)) {
      if (first != yields_) yields_.reset();
      turn_ = first;
      return TaskRef{first, *task};
    }
  }
  return std::nullopt;
}

Instant BusMachine::due_of(std::size_t meter) const {
  const bool share_matters = std::any_of(agendas_.begin(), agendas_.end(), [](const MeterAgenda& agenda) {
    return agenda.health().state() == Health::online;
  });
  const Instant due = agendas_[meter].due();
  const bool silent = agendas_[meter].health().state() == Health::silent;
  return silent && share_matters ? std::max(due, silent_share_until_) : due;
}

Instant BusMachine::line_free_at(std::size_t meter, Instant now) const {
  const MeterPlan& plan = agendas_[meter].plan();
  microseconds silence = line_.frame_silence();
  if (has_asked_)
    silence = std::max<microseconds>(silence, exchange_.ref.meter == meter ? plan.gap : plan.slave_change_gap);
  if (!drain_since_) return last_activity_ + silence;
  if (framing_ == Framing::rtu) silence = std::max(silence, line_.drain_silence());
  return now < *drain_since_ + kDrainLimit ? last_activity_ + silence : now;
}

void BusMachine::send(TaskRef ref, Instant now) {
  MeterAgenda& agenda = agendas_[ref.meter];
  const ReadRequest request{agenda.plan().unit, agenda.block_of(ref.task)};
  ++agenda.counters().requests;
  exchange_ = {};
  exchange_.ref = ref;
  exchange_.started = now;
  has_asked_ = true;
  drain_since_.reset();
  reader_.expect(framing_, request, ++transaction_);
  owed_.clear();
  const auto note_owed = [&](std::size_t meter) {
    for (std::size_t task = 0; task < agendas_[meter].tasks(); ++task) {
      const ReadRequest owed{agendas_[meter].plan().unit, agendas_[meter].block_of(task)};
      if (owed == request || !agendas_[meter].is_owed(task, now) || owed_.full()) continue;
      owed_.push_back({meter, task});
      reader_.add_owed(owed);
    }
  };
  // This meter's first: they matter most where there are more than the reader can know.
  note_owed(ref.meter);
  for (std::size_t meter = 0; meter < agendas_.size(); ++meter) {
    if (meter != ref.meter) note_owed(meter);
  }
  read_pending_ = false;
  state_ = BusState::sending;
  act(FlushInput{});
  act(SendRequest{encode_read(framing_, request, transaction_)});
  wake_at(now + kSendLimit);
}

void BusMachine::expect_answer(Instant now) {
  Exchange& exchange = exchange_;
  const MeterAgenda& agenda = agendas_[exchange.ref.meter];
  const TurnaroundEstimate& turnaround = turnarounds_[exchange.ref.meter];
  const std::uint16_t words = agenda.block_of(exchange.ref.task).words;
  const Instant request_end = now + line_.wire_time(kRtuReadRequest);
  const microseconds answer_time = line_.wire_time(answer_length(framing_, words));
  exchange.earliest = request_end + answer_time;
  exchange.first_deadline = request_end + agenda.plan().response_timeout;
  exchange.last_deadline = exchange.first_deadline + answer_time + line_.longest_pause();
  exchange.deadline = exchange.first_deadline;
  const bool measures = turnaround.needs_measurement();
  exchange.saw_the_end_come = measures;
  if (answer_time == microseconds{0}) {
    await_bytes(now);
    return;
  }
  state_ = BusState::sleeping;
  wake_at(exchange.earliest + (measures ? microseconds{0} : turnaround.value()));
}

void BusMachine::await_bytes(Instant now) {
  state_ = BusState::reading;
  start_read();
  wake_at(std::max<Instant>(exchange_.deadline, now + kReadGrace));
}

void BusMachine::digest(Bytes bytes, Instant now) {
  last_activity_ = now;
  MeterCounters& counters = agendas_[exchange_.ref.meter].counters();
  while (true) {
    bytes = bytes.subspan(reader_.feed(bytes));
    const Frame frame = reader_.next();
    if (frame.skipped > 0) ++counters.resyncs;
    switch (frame.kind) {
      case Frame::Kind::incomplete:
        if (!bytes.empty()) break;
        await_rest(frame, now);
        return;
      case Frame::Kind::echo: ++counters.echoes; break;
      case Frame::Kind::late: book_late(frame); break;
      case Frame::Kind::answer: accept(now); return;
      case Frame::Kind::exception: take_refusal(frame.exception_code, now); return;
      case Frame::Kind::damaged:
        ++counters.crc_errors;
        fail_exchange(Debt::none, now);
        return;
    }
  }
}

void BusMachine::await_rest(const Frame& frame, Instant now) {
  Exchange& exchange = exchange_;
  exchange.begun = frame.begun;
  exchange.saw_the_end_come = true;
  const Instant complete = now + line_.wire_time(frame.missing);
  exchange.deadline =
      frame.begun ? std::min(exchange.last_deadline, complete + line_.longest_pause()) : exchange.first_deadline;
  if (now >= exchange.deadline) {
    give_up(now);
  } else if (complete > now && complete < exchange.deadline) {
    state_ = BusState::sleeping;
    wake_at(complete);
  } else {
    await_bytes(now);
  }
}

// Bytes while nothing is outstanding, after an exchange that failed.
void BusMachine::overhear(Bytes bytes, Instant now) {
  last_activity_ = now;
  if (!drain_since_) return;
  while (true) {
    bytes = bytes.subspan(reader_.feed(bytes));
    const Frame frame = reader_.next();
    const bool fits_request = frame.kind == Frame::Kind::answer || frame.kind == Frame::Kind::exception;
    if (fits_request) agendas_[exchange_.ref.meter].came_late(exchange_.ref.task);
    if (frame.kind == Frame::Kind::late) book_late(frame);
    if (frame.kind == Frame::Kind::incomplete && bytes.empty()) break;
  }
  if (now < *drain_since_ + kDrainLimit) start_read();
  proceed(now);
}

void BusMachine::book_late(const Frame& frame) {
  if (frame.owed) {
    const TaskRef& ref = owed_[*frame.owed];
    agendas_[ref.meter].came_late(ref.task);
  } else {
    ++agendas_[exchange_.ref.meter].counters().late_answers;
  }
}

void BusMachine::accept(Instant now) {
  const TaskRef ref = exchange_.ref;
  MeterAgenda& agenda = agendas_[ref.meter];
  if (exchange_.saw_the_end_come) {
    turnarounds_[ref.meter].learn(now - exchange_.earliest);
  } else {
    turnarounds_[ref.meter].learn_nothing();
  }
  const Health before = agenda.health().state();
  // A probe is not booked: the meter may have been exchanged while it was silent, and its identity comes first.
  const bool is_booked = !agenda.health().needs_probe();
  agenda.answered(ref.task, now);
  last_heard_ = now;
  reopen_backoff_ = {};
  report_health(ref.meter, before);
  if (is_booked) {
    const Answer answer{ref.meter, agenda.index_of(ref.task), now, reader_.words()};
    if (agenda.is_identity(ref.task)) {
      act(IdentityAnswered{answer});
    } else {
      act(BlockAnswered{answer});
    }
  }
  proceed(now);
}

void BusMachine::take_refusal(std::uint8_t exception_code, Instant now) {
  const TaskRef ref = exchange_.ref;
  MeterAgenda& agenda = agendas_[ref.meter];
  last_heard_ = now;
  reopen_backoff_ = {};
  if (is_gateway_failure(exception_code)) {
    ++agenda.counters().exceptions;
    fail_exchange(Debt::none, now);
    return;
  }
  const Health before = agenda.health().state();
  agenda.refused(ref.task, now);
  if (agenda.is_first_refusal(ref.task)) act(RequestRefused{ref.meter, agenda.block_of(ref.task), exception_code});
  report_health(ref.meter, before);
  proceed(now);
}

void BusMachine::give_up(Instant now) {
  MeterCounters& counters = agendas_[exchange_.ref.meter].counters();
  if (exchange_.begun) {
    // Its rest does not come.
    ++counters.crc_errors;
    fail_exchange(Debt::none, now);
    return;
  }
  ++counters.timeouts;
  turn_.reset();
  yields_ = exchange_.ref.meter;
  // A transaction number tells a late answer of Modbus TCP from others; RTU has none.
  fail_exchange(framing_ == Framing::rtu ? Debt::owed : Debt::none, now);
}

void BusMachine::fail_exchange(Debt debt, Instant now) {
  const TaskRef ref = exchange_.ref;
  MeterAgenda& agenda = agendas_[ref.meter];
  const Health before = agenda.health().state();
  agenda.failed(ref.task, debt, now);
  report_health(ref.meter, before);
  last_activity_ = now;
  drain_since_ = now;
  if (before == Health::silent) {
    silent_share_until_ = now + (kSilentShare - 1) * (now - exchange_.started + line_.drain_silence());
  }
  const bool deaf = std::all_of(agendas_.begin(), agendas_.end(),
                                [](const MeterAgenda& other) { return other.health().state() == Health::silent; });
  if (deaf && now - last_heard_ >= kDeaf) {
    reopen_deaf_port(now);
    return;
  }
  start_read();
  proceed(now);
}

void BusMachine::report_health(std::size_t meter, Health before) {
  const Health after = agendas_[meter].health().state();
  if (after != before) act(HealthChanged{meter, before, after});
}

}  // namespace meterseal::meter
