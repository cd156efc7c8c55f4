// Making room when the limit is reached. Thinning goes from the oldest record towards the newest, a little with each
// commit, and takes a record where the gap that it leaves is small for its age. A whole pass over records that have all
// been there since the same time takes every second one: the resolution halves. When passes find too little, larger
// gaps are allowed. So the resolution of a record falls with its age and the span that is stored stays.

#include <algorithm>
#include <sstream>

#include "outbox/host/database.hpp"
#include "outbox/host/database_statements.hpp"

namespace meterseal::outbox::host {
namespace {

/// Bounds the work of one commit; what is then still too much goes with the next ones.
constexpr std::size_t kMostLooks = 1000;
/// So many are told with one record.
constexpr std::size_t kTellAt = 256;
/// A pass that takes fewer than one of so many records allows larger gaps to the next one.
constexpr std::int64_t kFewest = 16;
/// At first the older half is thinned: gaps of 2 from half of the span on.
constexpr std::int64_t kFirstShare = 4;

}  // namespace

std::string RoomMaking::encode() const {
  std::ostringstream text;
  text << density << ' ' << cursor << ' ' << seen << ' ' << taken << ' ' << thinned_to << ' '
       << static_cast<int>(relief) << ' ' << untold.first << ' ' << untold.last << ' ' << untold.count;
  return text.str();
}

RoomMaking RoomMaking::decode(const std::string& text) {
  RoomMaking room;
  int relief = 0;
  std::istringstream in(text);
  in >> room.density >> room.cursor >> room.seen >> room.taken >> room.thinned_to >> relief >> room.untold.first >>
      room.untold.last >> room.untold.count;
  room.relief = relief == 0 ? Relief::thinned : Relief::dropped;
  return in ? room : RoomMaking{};
}

void Database::make_room(RoomMaking& room, Committed& done, const Stamp& stamp, Sequence& last) {
  const std::string before = room.encode();
  for (std::size_t looks = 0; used_bytes() > max_bytes_ && looks < kMostLooks; ++looks) {
    std::optional<std::int64_t> victim;
    if (when_full_ == WhenFull::thin) victim = next_to_thin(room, static_cast<std::int64_t>(last), looks);
    if (!victim && looks >= kMostLooks) break;
    const Relief relief = victim ? Relief::thinned : Relief::dropped;
    if (!victim) {
      victim = oldest();
      if (!victim) break;  // nothing is left but values
    }
    if (relief != room.relief) tell_loss(room, stamp, last);
    const auto sequence = static_cast<Sequence>(*victim);
    room.relief = done.relief = relief;
    const Loss gone = loss_with(*victim);
    room.untold.first = room.untold.count == 0 ? gone.first : std::min(room.untold.first, gone.first);
    room.untold.last = std::max(room.untold.last, gone.last);
    room.untold.count += gone.count;
    remove(*victim);
    done.dropped_first = done.dropped == 0 ? sequence : std::min(done.dropped_first, sequence);
    done.dropped_last = std::max(done.dropped_last, sequence);
    ++done.dropped;
  }
  const bool is_relieved = used_bytes() < max_bytes_ / 16 * 15;
  if (is_relieved || room.untold.count >= kTellAt) tell_loss(room, stamp, last);
  if (const std::string after = room.encode(); after != before) keep(kRoomValue, after);
}

/// The oldest records above.
std::vector<std::int64_t> Database::next_three(std::int64_t after) {
  std::vector<std::int64_t> found;
  Statement& next = statements_->next_three;
  next.bind(1, after);
  while (next.step()) found.push_back(next.integer(0));
  return found;
}

bool Database::is_loss(std::int64_t sequence) {
  return loss_with(sequence).count > 1;
}

/// What goes when this record goes: itself, and what it would have told when it is a Loss record.
Loss Database::loss_with(std::int64_t sequence) {
  const auto itself = static_cast<Sequence>(sequence);
  Loss loss{itself, itself, 1};
  Statement& loss_body = statements_->loss_body;
  if (loss_body.bind(1, sequence).bind_text(2, kLossKey).step()) {
    if (const auto told = parse_loss(loss_body.bytes(0))) {
      loss = {std::min(told->first, itself), std::max(told->last, itself), told->count + 1};
    }
  }
  loss_body.reset();
  return loss;
}

/// @return nullopt: there is nothing more to thin, or `looks` has reached its limit
std::optional<std::int64_t> Database::next_to_thin(RoomMaking& room, std::int64_t last, std::size_t& looks) {
  const std::int64_t first = oldest().value_or(last);
  if (first > room.thinned_to) {  // none of those that were thinned is left
    room.density = std::max<std::int64_t>(1, (last - first) / kFirstShare);
    room.cursor = room.seen = room.taken = 0;
  }
  for (; looks < kMostLooks; ++looks) {
    const std::vector<std::int64_t> next = next_three(room.cursor);
    const bool is_end = next.size() < 3 || (last - next[1]) / 2 < room.density;
    if (is_end) {
      const bool was_poor = room.taken * kFewest <= room.seen;
      const bool was_the_last = room.density == 1 && room.taken == 0;
      room.cursor = room.seen = room.taken = 0;
      if (was_the_last) return std::nullopt;
      if (was_poor) room.density = std::max<std::int64_t>(1, room.density * 7 / 8);
      continue;
    }
    ++room.seen;
    if ((next[2] - next[0]) > (last - next[1]) / room.density || is_loss(next[1])) {
      room.cursor = next[0];  // the next three begin with this middle one
      continue;
    }
    ++room.taken;
    room.cursor = next[1];  // the one behind it stays in this pass: every second one
    room.thinned_to = std::max(room.thinned_to, next[1]);
    return next[1];
  }
  return std::nullopt;
}

void Database::tell_loss(RoomMaking& room, const Stamp& stamp, Sequence& last) {
  if (room.untold.count == 0) return;
  Record record;
  record.stamp = stamp;
  record.body = loss_body(room.untold, room.relief);
  ++last;
  add(record, last, static_cast<Sequence>(oldest().value_or(static_cast<std::int64_t>(last))));
  note_sequence(static_cast<std::int64_t>(last));
  room.untold = {};
}

}  // namespace meterseal::outbox::host
