#include "meter/bus_machine.hpp"

#include <algorithm>
#include <utility>

#include "meter/errors.hpp"

namespace meterseal::meter {

namespace {

constexpr seconds kFirstReopen{1};
constexpr seconds kLongestReopen{30};
constexpr std::uint8_t kHighestRtuUnit = 247;  ///< @source Modbus over Serial Line V1.02, 2.2

Result<void> check_block(const ReadBlock& block, std::string_view where) {
  if (block.words < 1 || block.words > kMaxReadWords) {
    return fail(bus_plan_invalid, where,
                Text<80>("a request of ").add_uint(block.words).add(" words, allowed is 1 to 125"));
  }
  if (block.start + block.words > 0x10000) {
    return fail(bus_plan_invalid, where, Text<80>("a request beyond register FFFF from ").add_hex(block.start, 4));
  }
  return {};
}

Result<void> check_meter(const BusPlan& plan, std::size_t index) {
  const MeterPlan& meter = plan.meters[index];
  const Text<16> where = Text<16>("address ").add_uint(meter.unit);
  if (plan.framing == Framing::rtu && (meter.unit < 1 || meter.unit > kHighestRtuUnit)) {
    return fail(bus_plan_invalid, where, "a meter's address is 1 to 247");
  }
  for (std::size_t i = 0; i < index; ++i) {
    if (plan.meters[i].unit == meter.unit) return fail(bus_plan_invalid, where, "two meters at one address");
  }
  if (meter.blocks.empty()) return fail(bus_plan_invalid, where, "a meter without anything to read");
  if (meter.response_timeout <= milliseconds{0}) return fail(bus_plan_invalid, where, "no time to answer");
  if (meter.gap < milliseconds{0} || meter.slave_change_gap < milliseconds{0} ||
      meter.poll_interval < milliseconds{0}) {
    return fail(bus_plan_invalid, where, "a negative time");
  }
  if (meter.slow_blocks >= meter.blocks.size()) return fail(bus_plan_invalid, where, "nothing to read at each poll");
  if (meter.slow_blocks > 0 && meter.slow_interval <= milliseconds{0}) {
    return fail(bus_plan_invalid, where, "no time between slow blocks");
  }
  for (const std::vector<ReadBlock>* list : {&meter.blocks, &meter.identity}) {
    for (const ReadBlock& block : *list) {
      if (auto good = check_block(block, where); !good) return good;
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(BusState state) {
  switch (state) {
    case BusState::stopped: return "stopped";
    case BusState::opening: return "opening";
    case BusState::waiting_to_reopen: return "waiting_to_reopen";
    case BusState::idle: return "idle";
    case BusState::quiet: return "quiet";
    case BusState::sending: return "sending";
    case BusState::sleeping: return "sleeping";
    case BusState::reading: return "reading";
  }
  return "";
}

Result<BusMachine> BusMachine::make(BusPlan plan) {
  if (plan.meters.empty()) return meterseal::fail(bus_plan_invalid, "", "a bus without meters");
  for (std::size_t i = 0; i < plan.meters.size(); ++i) {
    if (auto good = check_meter(plan, i); !good) return tl::unexpected(good.error());
  }
  return BusMachine(std::move(plan));
}

BusMachine::BusMachine(BusPlan plan) : framing_(plan.framing), line_(plan.line), turnarounds_(plan.meters.size()) {
  agendas_.reserve(plan.meters.size());
  for (MeterPlan& meter : plan.meters) agendas_.emplace_back(std::move(meter));
}

BusActions BusMachine::step(const BusEvent& event, Instant now) {
  actions_.clear();
  std::visit([&](const auto& happened) { on(happened, now); }, event);
  return actions_;
}

void BusMachine::on(const Start&, Instant now) {
  switch (state_) {
    case BusState::stopped:
      // The program starts the bus: everything is due, nothing is known.
      for (MeterAgenda& agenda : agendas_) agenda.forget(now);
      open_port();
      break;
    case BusState::opening:
    case BusState::waiting_to_reopen:
    case BusState::idle:
    case BusState::quiet:
    case BusState::sending:
    case BusState::sleeping:
    case BusState::reading: break;
  }
}

void BusMachine::on(const Stop&, Instant) {
  switch (state_) {
    case BusState::stopped: break;
    case BusState::opening:
    case BusState::waiting_to_reopen:
    case BusState::idle:
    case BusState::quiet:
    case BusState::sending:
    case BusState::sleeping:
    case BusState::reading:
      // The program ends, whatever is under way.
      act(ClosePort{});
      turn_.reset();
      yields_.reset();
      has_asked_ = false;
      drain_since_.reset();
      read_pending_ = false;
      port_is_up_ = false;
      reopen_backoff_ = {};
      state_ = BusState::stopped;
      break;
  }
}

void BusMachine::on(const PortOpened&, Instant now) {
  switch (state_) {
    case BusState::opening:
      // The device or the connection is there.
      if (!port_is_up_) act(PortUp{});
      port_is_up_ = true;
      last_activity_ = now;
      last_heard_ = now;
      proceed(now);
      break;
    case BusState::stopped:
    case BusState::waiting_to_reopen:
    case BusState::idle:
    case BusState::quiet:
    case BusState::sending:
    case BusState::sleeping:
    case BusState::reading: break;
  }
}

void BusMachine::on(const PortFailed&, Instant now) {
  switch (state_) {
    case BusState::opening:
      // Not plugged in, not allowed, not reachable.
    case BusState::idle:
    case BusState::quiet:
    case BusState::sending:
    case BusState::sleeping:
    case BusState::reading:
      // Unplugged, reset, closed by the gateway.
      lose_port(now);
      break;
    case BusState::stopped:
    case BusState::waiting_to_reopen: break;
  }
}

void BusMachine::on(const RequestSent&, Instant now) {
  switch (state_) {
    case BusState::sending:
      // The port has taken the whole request; the line carries it now.
      expect_answer(now);
      break;
    case BusState::stopped:
    case BusState::opening:
    case BusState::waiting_to_reopen:
    case BusState::idle:
    case BusState::quiet:
    case BusState::sleeping:
    case BusState::reading: break;
  }
}

void BusMachine::on(const Received& received, Instant now) {
  read_pending_ = false;
  switch (state_) {
    case BusState::idle:
    case BusState::quiet:
      // Somebody talks although nothing was asked: usually the answer that we gave up on.
      overhear(received.bytes, now);
      break;
    case BusState::sending:
      // It cannot be the answer to a request that has not left.
      break;
    case BusState::sleeping:
    case BusState::reading:
      // The answer, a part of it, or something else.
      digest(received.bytes, now);
      break;
    case BusState::stopped:
    case BusState::opening:
    case BusState::waiting_to_reopen: break;
  }
}

void BusMachine::on(const Woke&, Instant now) {
  if (now < wake_at_) {
    // A timer that was replaced and fired nevertheless.
    act(WakeAt{wake_at_});
    return;
  }
  switch (state_) {
    case BusState::waiting_to_reopen:
      // The device may be back, perhaps behind the same link under another name.
      open_port();
      break;
    case BusState::idle:
    case BusState::quiet:
      // Something is due, or the line has been silent long enough.
      proceed(now);
      break;
    case BusState::sending:
      // The port takes no bytes: an adapter that hangs, a gateway that reads no more.
      lose_port(now);
      break;
    case BusState::sleeping:
      // The answer can be complete from now on.
      await_bytes(now);
      break;
    case BusState::reading:
      // It did not come, or not all of it.
      give_up(now);
      break;
    case BusState::stopped:
    case BusState::opening: break;
  }
}

void BusMachine::open_port() {
  state_ = BusState::opening;
  act(OpenPort{});
}

void BusMachine::lose_port(Instant now) {
  act(ClosePort{});
  const bool known_as_down = state_ == BusState::opening && !port_is_up_ && reopen_backoff_ > seconds{0};
  if (!known_as_down) act(PortDown{});
  port_is_up_ = false;
  // While it was away a meter may have been exchanged: all that was known or owed is void.
  for (MeterAgenda& agenda : agendas_) agenda.forget(now);
  turn_.reset();
  yields_.reset();
  has_asked_ = false;
  drain_since_.reset();
  read_pending_ = false;
  reopen_backoff_ = std::clamp(reopen_backoff_ * 2, kFirstReopen, kLongestReopen);
  state_ = BusState::waiting_to_reopen;
  wake_at(now + reopen_backoff_);
}

// Adapters and gateways hang while their port looks healthy; opening it again is what helps people.
void BusMachine::reopen_deaf_port(Instant now) {
  drain_since_.reset();
  read_pending_ = false;
  last_heard_ = now;
  act(ClosePort{});
  open_port();
}

void BusMachine::wake_at(Instant at) {
  wake_at_ = at;
  act(WakeAt{at});
}

void BusMachine::start_read() {
  if (read_pending_) return;
  read_pending_ = true;
  act(StartRead{});
}

}  // namespace meterseal::meter
