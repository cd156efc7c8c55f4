#pragma once

// Decides which stored record is offered to the broker when, and on which topic. A record that is committed while the
// connection is up goes out at once as SENSOR; everything that had to wait is replayed as HISTORY, oldest first, at a
// bounded rate and in one half of the in-flight window, so that a live record never stands behind the backlog. A record
// leaves the store only after its PUBACK, or with ConfirmedBy::receiver after a receiver has confirmed its number.
// Drawing: docs/machines/delivery.txt.
//
// With a receiver: what the broker has taken waits for its confirmation and is sent again when none comes, after 60 s
// at first and 15 min in the end. While nobody confirms anything only a few old records are out at a time, so that a
// receiver that is away costs little; the first confirmation opens the replay. Only numbers that were offered on this
// connection can be confirmed.
//
// Time comes in as an argument, actions go out as data; the wiring executes them: Store and mqtt::host::Client.
// Memory: one page of records, at most kMaxLive live ones, kMaxConfirmed and twice max_awaiting numbers, whatever the
// backlog.
// Ownership: a value. Thread: loop thread only.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "core/time.hpp"
#include "outbox/confirm.hpp"
#include "outbox/record.hpp"

namespace meterseal::outbox {

/// Whose word lets a record leave the store.
enum class ConfirmedBy : std::uint8_t {
  broker,   ///< PUBACK
  receiver  ///< a Confirmed event
};

struct DeliverySettings {
  ConfirmedBy confirmed_by = ConfirmedBy::broker;

  std::size_t window = 20;           ///< QoS 1 messages in flight, at least 2; history uses one half at most
  std::uint32_t history_rate = 50;   ///< replayed records per second, at least 1
  std::uint32_t history_burst = 10;  ///< of them at once, at least 1
  std::size_t page = 32;             ///< records per fetch, at least 1
  // With ConfirmedBy::receiver:
  std::size_t max_awaiting = 256;  ///< taken by the broker, not yet confirmed; at least 1
  std::size_t trial = 8;           ///< old records out at a time while no receiver is heard, at least 1
};

enum class Channel : std::uint8_t {
  sensor,  ///< live, tele/%topic%/SENSOR
  history  ///< had to wait, tele/%topic%/HISTORY
};

// Events: what happened in the world. Answers of the store are told in the order in which the store gives them.
struct Connected {};
struct Disconnected {};
/// Records that were committed, in order, with their sequence numbers.
struct RecordsCommitted {
  std::vector<Record> records;
};
struct Acknowledged {
  Sequence sequence = 0;  ///< PUBACK with success
};
/// A receiver has stored these. Means nothing with ConfirmedBy::broker.
struct Confirmed {
  std::vector<SequenceRange> ranges;
};
/// The broker or the client refused this message; it stays stored and is tried again later, as HISTORY.
struct OfferFailed {
  Sequence sequence = 0;
};
struct Fetched {
  std::vector<Record> records;  ///< as Store::fetch gave them; none: there are no more
};
struct FetchFailed {};
struct CommitBegins {};  ///< a commit is being put together: removals may ride with it
struct Removed {};       ///< the commit with the last Remove is durable
struct RemoveFailed {};  ///< it is not, and nothing of it was removed
struct Relabelled {};    ///< records that had no time have one now
struct Woke {};
using DeliveryEvent = std::variant<Connected, Disconnected, RecordsCommitted, Acknowledged, Confirmed, OfferFailed,
                                   Fetched, FetchFailed, CommitBegins, Removed, RemoveFailed, Relabelled, Woke>;

// Actions: what the wiring must do, in this order.
struct Offer {
  Record record;  ///< publish with its sequence as token -> Acknowledged, OfferFailed, or Disconnected voids it
  Channel channel = Channel::sensor;
};
struct Fetch {
  Sequence after = 0;
  std::size_t limit = 0;  ///< Store::fetch -> Fetched or FetchFailed
};
enum class Ride : std::uint8_t {
  next_commit,  ///< put it into the commit that begins
  alone         ///< make a commit of it
};
struct Remove {
  std::vector<Sequence> sequences;  ///< -> Removed or RemoveFailed
  Ride ride = Ride::next_commit;
};
struct WakeAt {
  Instant at;  ///< -> Woke; replaces the former one
};
using DeliveryAction = std::variant<Offer, Fetch, Remove, WakeAt>;
using DeliveryActions = std::vector<DeliveryAction>;

enum class DeliveryState : std::uint8_t {
  offline,    ///< no connection: everything that is stored will be history
  fetching,   ///< a page of the backlog was asked for
  replaying,  ///< a page is at hand
  resting,    ///< the store could not be read or a record was left behind: again in a while
  caught_up   ///< nothing waits
};
[[nodiscard]] std::string_view name_of(DeliveryState state);

class DeliveryMachine {
 public:
  static constexpr std::size_t kMaxLive = 8;         ///< more than these wait: the oldest becomes history
  static constexpr std::size_t kMaxConfirmed = 256;  ///< numbers in flight or waiting for their removal
  static constexpr seconds kPatience{60};            ///< for a receiver's confirmation; doubles up to the next
  static constexpr seconds kLongestPatience{900};
  /// A receiver that is heard again: what was sent before and is not confirmed within this was not for its ears.
  static constexpr seconds kGrace{10};
  /// Removals that no commit took along go alone after this: longer than the shortest TelePeriod (10 s), whose commits
  /// take them along for nothing.
  static constexpr seconds kIdle{12};
  static constexpr seconds kRest{10};

  explicit DeliveryMachine(DeliverySettings settings) : settings_(settings) {}

  [[nodiscard]] DeliveryActions step(const DeliveryEvent& event, Instant now);
  [[nodiscard]] DeliveryState state() const { return state_; }
  [[nodiscard]] std::size_t awaiting() const { return awaiting_.size(); }
  [[nodiscard]] bool is_receiver_heard() const { return is_heard_; }
  /// What the broker has taken was waited for in vain.
  [[nodiscard]] bool is_receiver_silent() const { return !is_heard_ && patience_ > kPatience; }
  /// What a removal is still owed for: offered and not confirmed, or confirmed and not yet removed.
  [[nodiscard]] std::size_t unfinished() const { return in_flight_.size() + confirmed_.size() + removing_.size(); }

 private:
  struct InFlight {
    Channel channel = Channel::sensor;
    bool is_confirmed = false;  ///< by a receiver, before the broker's PUBACK
  };
  struct Awaiting {
    Channel channel = Channel::sensor;
    Instant since;
    Instant until;  ///< then it is sent again
  };
  friend struct DeliveryPeek;  // the exhaustive test tells states apart

  void on(const Connected&, Instant now);
  void on(const Disconnected&, Instant now);
  void on(const RecordsCommitted& committed, Instant now);
  void on(const Acknowledged& acknowledged, Instant now);
  void on(const Confirmed& confirmed, Instant now);
  void on(const OfferFailed& failed, Instant now);
  void on(const Fetched& fetched, Instant now);
  void on(const FetchFailed&, Instant now);
  void on(const CommitBegins&, Instant now);
  void on(const Removed&, Instant now);
  void on(const RemoveFailed&, Instant now);
  void on(const Relabelled&, Instant now);
  void on(const Woke&, Instant now);

  void proceed(Instant now);
  void hear(Instant now);
  void give_up_waiting(Instant now);
  void walk_from(Sequence after);
  void fetch();
  void leave_behind(Sequence sequence, Instant now);
  void offer_live();
  void offer_history(Instant now);
  void offer(Record record, Channel channel);
  void remove(Ride ride);
  void plan_wake(Instant now);
  [[nodiscard]] bool is_taken(Sequence sequence) const;
  [[nodiscard]] bool has_room(Channel channel) const;
  [[nodiscard]] Instant next_replay() const;

  // constant after construction
  DeliverySettings settings_;

  // loop thread only
  DeliveryState state_ = DeliveryState::offline;
  DeliveryActions actions_;
  std::deque<Record> live_;                 ///< waits for room in the window
  std::deque<Record> page_;                 ///< of the backlog, not yet offered
  std::map<Sequence, InFlight> in_flight_;  ///< of this connection, like the next
  std::map<Sequence, Awaiting> awaiting_;   ///< the broker has it, no receiver has confirmed it
  std::set<Sequence> confirmed_;            ///< by whose word counts, still stored
  std::set<Sequence> removing_;             ///< handed to the store
  Sequence cursor_ = 0;                     ///< the walk through the backlog has come here
  Sequence newest_ = 0;                     ///< the last one committed since the start
  std::optional<Sequence> left_behind_;     ///< the lowest that the walk must come back for
  bool is_fetch_pending_ = false;
  bool is_fetch_void_ = false;  ///< the pending one was asked for before something changed
  Instant rest_until_;
  Instant paced_until_;  ///< theoretical arrival time of the next replayed record (GCRA)
  Instant confirmed_at_;
  bool is_heard_ = false;  ///< a receiver confirms
  Instant heard_at_;
  seconds patience_ = kPatience;
  Instant lengthened_at_;  ///< patience_
  std::optional<Instant> wake_at_;
};

}  // namespace meterseal::outbox
