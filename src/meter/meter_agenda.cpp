#include "meter/meter_agenda.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::meter {

namespace {

constexpr seconds kIdentityInterval{24 * 3600};
constexpr seconds kIdentityRetry{300};
constexpr seconds kLongestRefusal{300};
constexpr seconds kShortestDebt{1};

}  // namespace

MeterAgenda::MeterAgenda(MeterPlan plan) : plan_(std::move(plan)) {
  tasks_.reserve(plan_.identity.size() + plan_.blocks.size());
  for (const ReadBlock& block : plan_.identity) tasks_.emplace_back(block);
  for (const ReadBlock& block : plan_.blocks) tasks_.emplace_back(block);
  // Not an identity request: some meters do not answer those at all.
  shortest_ = plan_.identity.size();
  for (std::size_t i = shortest_ + 1; i < tasks_.size(); ++i) {
    if (tasks_[i].block.words < tasks_[shortest_].block.words) shortest_ = i;
  }
}

std::size_t MeterAgenda::index_of(std::size_t task) const {
  return is_identity(task) ? task : task - plan_.identity.size();
}

Instant MeterAgenda::due() const {
  return std::max(health_.needs_probe() ? health_.probe_at() : cycle_due_, blocked_until_);
}

std::optional<std::size_t> MeterAgenda::take_next(Instant now) {
  if (now < due()) return std::nullopt;
  if (health_.needs_probe()) {
    if (is_allowed(shortest_, now)) return shortest_;
    blocked_until_ = oldest_debt_end(now);
    return std::nullopt;
  }
  if (!in_cycle_) begin_cycle(now);
  bool pending = false;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (!tasks_[i].pending) continue;
    if (is_allowed(i, now)) return i;
    pending = true;
  }
  if (pending) blocked_until_ = oldest_debt_end(now);
  return std::nullopt;
}

void MeterAgenda::answered(std::size_t task, Instant now) {
  ++counters_.answers;
  tasks_[task].refusals = 0;
  settle(task, now);
}

void MeterAgenda::refused(std::size_t task, Instant now) {
  ++counters_.exceptions;
  Task& done = tasks_[task];
  done.refused_until = now + std::min(seconds{1} * (1 << std::min<int>(done.refusals, 9)), kLongestRefusal);
  done.refusals = static_cast<std::uint8_t>(std::min(done.refusals + 1, 255));
  settle(task, now);
}

void MeterAgenda::settle(std::size_t task, Instant now) {
  Task& done = tasks_[task];
  done.pending = false;
  done.tries = 0;
  // After a retry of the same block nobody knows which of the two was answered: the other answer may still come.
  if (done.owed > 0) done.owed_until = debt_end(now + plan_.response_timeout);
  if (health_.needs_probe()) {
    // It is back. The probe told no more than that; the cycle starts anew, and after silence with the identity, because
    // the meter behind this address may be another one now.
    if (health_.state() == Health::silent) identity_due_ = now;
    cycle_due_ = now;
    slow_due_ = now;
  }
  health_.answered();
  end_cycle_if_done(now);
}

void MeterAgenda::failed(std::size_t task, Debt debt, Instant now) {
  Task& tried = tasks_[task];
  if (debt == Debt::owed) {
    tried.owed = static_cast<std::uint8_t>(std::min(tried.owed + 1, 255));
    tried.owed_until = debt_end(now);
  }
  if (!health_.needs_probe() && ++tried.tries <= plan_.retries) return;
  tried.tries = 0;
  if (is_identity(task)) {
    // Meters that ignore what they do not know are silent here and answer everything else.
    give_up_identity(now);
    return;
  }
  abandon_cycle(now);
  health_.unanswered(now);
}

bool MeterAgenda::is_owed(std::size_t task, Instant now) const {
  return tasks_[task].owed > 0 && now < tasks_[task].owed_until;
}

void MeterAgenda::came_late(std::size_t task) {
  ++counters_.late_answers;
  if (tasks_[task].owed > 0) --tasks_[task].owed;
  blocked_until_ = {};
}

void MeterAgenda::forget(Instant now) {
  for (Task& task : tasks_) task = Task(task.block);
  health_.forget();
  in_cycle_ = false;
  cycle_due_ = now;
  identity_due_ = now;
  slow_due_ = now;
  blocked_until_ = {};
}

bool MeterAgenda::is_allowed(std::size_t task, Instant now) const {
  const ReadBlock& wanted = tasks_[task].block;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const ReadBlock& other = tasks_[i].block;
    const bool looks_alike = other.function == wanted.function && other.words == wanted.words;
    if (looks_alike && other != wanted && is_owed(i, now)) return false;
  }
  return true;
}

Instant MeterAgenda::oldest_debt_end(Instant now) const {
  Instant end = Instant::max();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (is_owed(i, now)) end = std::min(end, tasks_[i].owed_until);
  }
  return end;
}

Instant MeterAgenda::debt_end(Instant timed_out) const {
  return timed_out + std::max<milliseconds>(2 * plan_.response_timeout, kShortestDebt);
}

void MeterAgenda::begin_cycle(Instant now) {
  // Cycles that were missed are not made up for.
  if (now >= cycle_due_ + plan_.poll_interval) cycle_due_ = now;
  const bool identity = identity_due_ <= now;
  if (identity) identity_due_ = now + kIdentityInterval;
  const bool slow = slow_due_ <= now;
  if (slow) slow_due_ = std::max(slow_due_ + plan_.slow_interval, now);
  Instant earliest_retry = Instant::max();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[i];
    task.tries = 0;
    task.pending = is_identity(i) ? identity : task.refused_until <= now && (slow || !is_slow(i));
    in_cycle_ = in_cycle_ || task.pending;
    if (is_identity(i)) continue;
    earliest_retry =
        std::min(earliest_retry, is_slow(i) ? std::max(task.refused_until, slow_due_) : task.refused_until);
  }
  if (!in_cycle_) cycle_due_ = earliest_retry;
}

void MeterAgenda::end_cycle_if_done(Instant now) {
  const bool more = std::any_of(tasks_.begin(), tasks_.end(), [](const Task& task) { return task.pending; });
  if (!in_cycle_ || more) return;
  in_cycle_ = false;
  cycle_due_ = std::max(cycle_due_ + plan_.poll_interval, now);
}

void MeterAgenda::give_up_identity(Instant now) {
  for (std::size_t i = 0; i < plan_.identity.size(); ++i) tasks_[i].pending = false;
  identity_due_ = now + kIdentityRetry;
  end_cycle_if_done(now);
}

void MeterAgenda::abandon_cycle(Instant now) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (is_identity(i) && tasks_[i].pending) identity_due_ = now;
    if (is_slow(i) && tasks_[i].pending) slow_due_ = now;
    tasks_[i].pending = false;
  }
  in_cycle_ = false;
}

}  // namespace meterseal::meter
