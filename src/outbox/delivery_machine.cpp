#include "outbox/delivery_machine.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::outbox {

std::string_view name_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::offline: return "offline";
    case DeliveryState::fetching: return "fetching";
    case DeliveryState::replaying: return "replaying";
    case DeliveryState::resting: return "resting";
    case DeliveryState::caught_up: return "caught_up";
  }
  return "";
}

DeliveryActions DeliveryMachine::step(const DeliveryEvent& event, Instant now) {
  actions_.clear();
  std::visit([&](const auto& e) { on(e, now); }, event);
  proceed(now);
  return std::exchange(actions_, {});
}

// A broker took the connection: all that is stored by now is history.
void DeliveryMachine::on(const Connected&, Instant /*now*/) {
  if (state_ != DeliveryState::offline) return;
  patience_ = kPatience;
  walk_from(0);
}

// What was in flight may have arrived or not: it is still stored and will be sent again, as history.
void DeliveryMachine::on(const Disconnected&, Instant /*now*/) {
  state_ = DeliveryState::offline;
  live_.clear();
  page_.clear();
  in_flight_.clear();
  awaiting_.clear();
  is_heard_ = false;
  left_behind_.reset();
  is_fetch_void_ = is_fetch_pending_;
}

// A tick was stored. Only now may it be offered; without a time it waits for Relabelled.
void DeliveryMachine::on(const RecordsCommitted& committed, Instant now) {
  for (const Record& record : committed.records) {
    const Sequence expected = std::exchange(newest_, record.sequence) + 1;
    if (state_ == DeliveryState::offline) continue;
    // The store put a record of its own between: a Loss.
    if (expected != 1 && record.sequence > expected) leave_behind(expected, now);
    if (!record.stamp.utc) continue;
    if (live_.size() == kMaxLive) {
      leave_behind(live_.front().sequence, now);
      live_.pop_front();
    }
    live_.push_back(record);
  }
}

// The broker has it. It stays taken until the store has removed it, so that no page brings it again.
void DeliveryMachine::on(const Acknowledged& acknowledged, Instant now) {
  const auto found = in_flight_.find(acknowledged.sequence);
  if (found == in_flight_.end()) return;
  const InFlight was = found->second;
  in_flight_.erase(found);
  if (was.is_confirmed) return;
  if (settings_.confirmed_by == ConfirmedBy::broker) {
    confirmed_.insert(acknowledged.sequence);
    confirmed_at_ = now;
    return;
  }
  if (awaiting_.size() == settings_.max_awaiting) {
    const auto longest = std::min_element(awaiting_.begin(), awaiting_.end(),
                                          [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
    leave_behind(longest->first, now);
    awaiting_.erase(longest);
  }
  awaiting_.emplace(acknowledged.sequence, Awaiting{was.channel, now, now + patience_});
}

// A receiver has stored what we sent on this connection; other numbers mean nothing, whoever names them.
void DeliveryMachine::on(const Confirmed& confirmed, Instant now) {
  if (settings_.confirmed_by == ConfirmedBy::broker) return;
  bool any = false;
  for (const auto& [first, last] : confirmed.ranges) {
    for (auto i = awaiting_.lower_bound(first); i != awaiting_.end() && i->first <= last; i = awaiting_.erase(i)) {
      confirmed_.insert(i->first);
      any = true;
    }
    for (auto i = in_flight_.lower_bound(first); i != in_flight_.end() && i->first <= last; ++i) {
      if (std::exchange(i->second.is_confirmed, true)) continue;
      confirmed_.insert(i->first);
      any = true;
    }
  }
  if (!any) return;
  confirmed_at_ = now;
  hear(now);
}

void DeliveryMachine::on(const OfferFailed& failed, Instant now) {
  const auto found = in_flight_.find(failed.sequence);
  if (found == in_flight_.end()) return;
  if (!found->second.is_confirmed) leave_behind(failed.sequence, now);
  in_flight_.erase(found);
}

void DeliveryMachine::on(const Fetched& fetched, Instant /*now*/) {
  is_fetch_pending_ = false;
  if (state_ != DeliveryState::fetching) return;
  if (std::exchange(is_fetch_void_, false)) return fetch();
  if (fetched.records.empty()) {
    state_ = left_behind_ ? DeliveryState::resting : DeliveryState::caught_up;
    return;
  }
  cursor_ = fetched.records.back().sequence;
  for (const Record& record : fetched.records) {
    if (record.stamp.utc && !is_taken(record.sequence)) page_.push_back(record);
  }
  state_ = DeliveryState::replaying;
}

// The disk refused to read: the walk begins again later.
void DeliveryMachine::on(const FetchFailed&, Instant now) {
  is_fetch_pending_ = false;
  if (state_ != DeliveryState::fetching) return;
  is_fetch_void_ = false;
  leave_behind(cursor_ + 1, now);
  state_ = DeliveryState::resting;
}

void DeliveryMachine::on(const CommitBegins&, Instant /*now*/) {
  if (removing_.empty() && !confirmed_.empty()) remove(Ride::next_commit);
}

void DeliveryMachine::on(const Removed&, Instant /*now*/) {
  removing_.clear();
}

void DeliveryMachine::on(const RemoveFailed&, Instant now) {
  confirmed_.merge(removing_);
  removing_.clear();
  confirmed_at_ = now;
}

// The clock became known: the walk had passed over records without a time.
void DeliveryMachine::on(const Relabelled&, Instant /*now*/) {
  if (state_ != DeliveryState::offline) walk_from(0);
}

void DeliveryMachine::on(const Woke&, Instant now) {
  wake_at_.reset();
  if (state_ == DeliveryState::resting && now >= rest_until_) walk_from(left_behind_.value_or(1) - 1);
}

/// Whatever has become possible.
void DeliveryMachine::proceed(Instant now) {
  give_up_waiting(now);
  if (state_ != DeliveryState::offline) {
    offer_live();
    if (state_ == DeliveryState::replaying) {
      offer_history(now);
      if (page_.empty()) fetch();
    }
    // Something was left behind after the walk had ended.
    if (state_ == DeliveryState::caught_up && left_behind_) state_ = DeliveryState::resting;
    if (state_ == DeliveryState::caught_up && in_flight_.empty() && awaiting_.empty()) patience_ = kPatience;
  }
  const bool is_due = now >= confirmed_at_ + kIdle || confirmed_.size() >= kMaxConfirmed / 2;
  if (removing_.empty() && !confirmed_.empty() && is_due) remove(Ride::alone);
  plan_wake(now);
}

/// A receiver confirms. After a silence the replay begins again with the oldest record.
void DeliveryMachine::hear(Instant now) {
  heard_at_ = now;
  if (std::exchange(is_heard_, true)) return;
  patience_ = kPatience;
  for (auto& [sequence, awaiting] : awaiting_) awaiting.until = std::min(awaiting.until, now + kGrace);
  if (left_behind_) walk_from(0);
}

/// What was not confirmed in time goes back to the backlog.
void DeliveryMachine::give_up_waiting(Instant now) {
  for (auto i = awaiting_.begin(); i != awaiting_.end();) {
    const auto& [sequence, awaiting] = *i;
    if (now < awaiting.until) {
      ++i;
      continue;
    }
    if (heard_at_ <= awaiting.since) is_heard_ = false;
    if (awaiting.since >= lengthened_at_) {  // once for all that were sent meanwhile
      patience_ = std::min(2 * patience_, kLongestPatience);
      lengthened_at_ = now;
    }
    leave_behind(sequence, now);
    i = awaiting_.erase(i);
  }
}

void DeliveryMachine::walk_from(Sequence after) {
  page_.clear();
  cursor_ = after;
  left_behind_.reset();
  is_fetch_void_ = is_fetch_pending_;
  fetch();
}

void DeliveryMachine::fetch() {
  state_ = DeliveryState::fetching;
  if (is_fetch_pending_) return;
  is_fetch_pending_ = true;
  actions_.emplace_back(Fetch{cursor_, settings_.page});
}

void DeliveryMachine::leave_behind(Sequence sequence, Instant now) {
  if (!left_behind_) rest_until_ = now + kRest;
  left_behind_ = std::min(left_behind_.value_or(sequence), sequence);
}

void DeliveryMachine::offer_live() {
  while (!live_.empty() && has_room(Channel::sensor)) {
    offer(std::move(live_.front()), Channel::sensor);
    live_.pop_front();
  }
}

void DeliveryMachine::offer_history(Instant now) {
  const microseconds interval = microseconds(seconds(1)) / settings_.history_rate;
  while (!page_.empty() && has_room(Channel::history) && now >= next_replay()) {
    paced_until_ = std::max(paced_until_, now) + interval;
    offer(std::move(page_.front()), Channel::history);
    page_.pop_front();
  }
}

/// The token bucket as one instant (generic cell rate algorithm): `history_burst` tokens, refilled at `history_rate`.
Instant DeliveryMachine::next_replay() const {
  const microseconds interval = microseconds(seconds(1)) / settings_.history_rate;
  return paced_until_ - interval * (settings_.history_burst - 1);
}

bool DeliveryMachine::has_room(Channel channel) const {
  if (in_flight_.size() >= settings_.window || unfinished() >= kMaxConfirmed) return false;
  if (channel == Channel::sensor) return true;
  const auto is_history = [](const auto& entry) { return entry.second.channel == Channel::history; };
  const auto in_flight = static_cast<std::size_t>(std::count_if(in_flight_.begin(), in_flight_.end(), is_history));
  if (in_flight >= settings_.window / 2) return false;
  if (settings_.confirmed_by == ConfirmedBy::broker) return true;
  if (is_heard_) return in_flight_.size() + awaiting_.size() < settings_.max_awaiting;
  const auto awaiting = static_cast<std::size_t>(std::count_if(awaiting_.begin(), awaiting_.end(), is_history));
  return in_flight + awaiting < settings_.trial;
}

void DeliveryMachine::offer(Record record, Channel channel) {
  in_flight_.emplace(record.sequence, InFlight{channel, false});
  actions_.emplace_back(Offer{std::move(record), channel});
}

void DeliveryMachine::remove(Ride ride) {
  removing_ = std::exchange(confirmed_, {});
  actions_.emplace_back(Remove{{removing_.begin(), removing_.end()}, ride});
}

bool DeliveryMachine::is_taken(Sequence sequence) const {
  const auto is_it = [sequence](const Record& record) { return record.sequence == sequence; };
  return in_flight_.contains(sequence) || awaiting_.contains(sequence) || confirmed_.contains(sequence) ||
         removing_.contains(sequence) || std::any_of(live_.begin(), live_.end(), is_it);
}

void DeliveryMachine::plan_wake(Instant now) {
  std::optional<Instant> at;
  const auto need = [&](Instant when) { at = at ? std::min(*at, when) : when; };
  if (state_ == DeliveryState::replaying && has_room(Channel::history)) need(next_replay());
  if (state_ == DeliveryState::resting) need(std::max(rest_until_, now));
  if (removing_.empty() && !confirmed_.empty()) need(confirmed_at_ + kIdle);
  for (const auto& [sequence, awaiting] : awaiting_) need(awaiting.until);
  if (!at || wake_at_ == at) return;
  wake_at_ = at;
  actions_.emplace_back(WakeAt{*at});
}

}  // namespace meterseal::outbox
