// The days of the ledger: where the energy between two readings belongs when a midnight lies between them.

#include <algorithm>

#include "ledger/event_text.hpp"
#include "ledger/ledger.hpp"

namespace meterseal::ledger {

namespace {

constexpr seconds kExactGap{300};  // a midnight within a longer gap is estimated
// After midnight a reading is waited for before the day is closed without one: counters are read once a minute.
constexpr seconds kLateReading{120};
constexpr seconds kClockNoise{2};       // what a time service corrects without a word
constexpr std::int64_t kGraveStep = 2;  // days that a clock must go back by before the day goes back with it

template <class Book, class F>
void for_each_counter(Book& book, F&& f) {
  f(book.import);
  if (book.exported) f(*book.exported);
}

std::int64_t days_between(CivilDate from, CivilDate to) {
  return days_from_civil(to) - days_from_civil(from);
}

/// A clock that was days ahead: its midnights were none. The energy of the open day stays in it.
void follow_clock_back(Days& days, CivilDate today, Events& events) {
  if (days_between(today, days.shown) < kGraveStep) return;
  Note text("the date went back from ");
  add_date(text, days.shown);
  text.add(" to ");
  add_date(text, today);
  events.push_back({EventKind::clock_stepped_back, text.add(": Today goes on")});
  days.open_is_estimated = days.open_is_estimated || today < days.open;
  days.open = std::min(days.open, today);
  days.shown = today;
}

/// When the anchor was read, by the clock as it is now: within one boot by the monotonic clock, which never jumps.
/// @return nullopt when that can never be known
std::optional<UtcTime> anchor_time(const Stamp& anchor, const Stamp& stamp, UtcTime utc, Events& events) {
  UtcTime time = utc;
  if (anchor.boot == stamp.boot) {
    time -= std::max(milliseconds(0), std::chrono::floor<milliseconds>(stamp.at - anchor.at));
  } else if (anchor.utc) {
    time = std::min(*anchor.utc, utc);
  } else {
    return std::nullopt;
  }
  if (anchor.utc && *anchor.utc > time + kClockNoise) {
    Note text("the clock went back by ");
    text.add_fixed((*anchor.utc - time).count(), 3, 0).add(" s, at ");
    add_moment(text, stamp);
    events.push_back({EventKind::clock_stepped_back, text});
  }
  return time;
}

}  // namespace

Events Ledger::tick(const Stamp& now) {
  Events events;
  if (!book_ || !book_->days || !now.utc) return events;
  Days& days = *book_->days;
  const CivilDate today = calendar_->local(*now.utc).date;
  follow_clock_back(days, today, events);
  if (today <= days.shown || *now.utc < calendar_->start_of(today) + kLateReading) return events;
  Note text;
  add_date(text, days.shown);
  text.add(": closed for now, no reading since ");
  add_moment(text, book_->last);
  events.push_back({EventKind::day_closed, text});
  days.shown = today;
  return events;
}

/// A reading whose time is known: brings the days up to it.
void Ledger::date(Book& book, const Stamp& stamp, UtcTime utc, Events& events) const {
  const auto since_opening = std::chrono::floor<milliseconds>(stamp.at - book.opened.at);
  if (!book.since) book.since = stamp.boot == book.opened.boot ? utc - since_opening : utc;
  const auto bring_anchors_up = [&] {
    for_each_counter(book, [](Counter& counter) { counter.at_anchor = counter.total(); });
  };
  if (const std::optional<UtcTime> from = anchor_time(book.anchor, stamp, utc, events)) {
    (void)turn_days(book, {*from, utc}, events);
  } else {
    bring_anchors_up();  // what was counted at a time that can never be known belongs to no day
    turn_days(book, {utc, utc}, events).open_is_estimated = true;
  }
  book.anchor = stamp;
  bring_anchors_up();
}

Days& Ledger::turn_days(Book& book, const Line& line, Events& events) const {
  const CivilDate today = calendar_->local(line.to).date;
  if (!book.days) {
    Days& days = book.days.emplace(Days{today, today, false, false});
    close_days(book, days, line, today, events);
    return days;
  }
  Days& days = *book.days;
  follow_clock_back(days, today, events);
  // A small step back never reopens a day: its second midnight is ignored.
  days.shown = std::max(today, days.shown);
  if (days.shown > days.open) close_days(book, days, line, days.shown, events);
  return days;
}

/// Ends every day before `today`; of the days since the last reading only yesterday's energy is kept.
void Ledger::close_days(Book& book, Days& days, const Line& line, CivilDate today, Events& events) const {
  const std::int64_t closed = days_between(days.open, today);
  const UtcTime midnight = calendar_->start_of(today);
  const UtcTime midnight_before = calendar_->start_of(previous_day(today));
  std::int64_t imported = book.import.at_midnight;
  for_each_counter(book, [&](Counter& counter) {
    const auto total_at = [&](UtcTime time) { return line.at(time, counter.at_anchor, counter.total()); };
    const std::int64_t now = total_at(midnight);
    counter.yesterday = now - (closed == 1 ? counter.at_midnight : total_at(midnight_before));
    counter.at_midnight = now;
  });
  imported = book.import.at_midnight - imported;
  const bool gap = line.from < midnight && line.to - line.from > kExactGap;
  days.yesterday_is_estimated = gap || (closed == 1 ? days.open_is_estimated : closed > 1);
  days.open_is_estimated = gap;
  days.open = days.shown = today;
  if (closed == 0) return;
  Note text;
  if (closed == 1) {
    text = day_text(book, previous_day(today));
  } else {
    text.add_int(closed).add(" days up to ");
    add_date(text, previous_day(today));
    text.add(": import ");
    add_kwh(text, imported);
    text.add(", distributed over them");
  }
  events.push_back({EventKind::day_closed, days.yesterday_is_estimated ? text.add(" (estimated)") : text});
}

}  // namespace meterseal::ledger
