#include "ledger/ledger.hpp"

#include <algorithm>
#include <utility>

#include "ledger/book_text.hpp"
#include "ledger/event_text.hpp"

namespace meterseal::ledger {

namespace {

constexpr std::uint8_t kAgreeingReadings = 3;  // a meter that starts may show zeros for some seconds
constexpr seconds kAgreementTime{30};

bool is_counter_value(std::int64_t mwh) {
  return mwh >= 0 && mwh <= kMaxEnergyMwh;
}
bool is_counter_value(const CounterReading& reading) {
  return is_counter_value(reading.import.value) && (!reading.exported || is_counter_value(reading.exported->value));
}

std::int64_t step_of(const CounterReading& reading) {
  return std::clamp<std::int64_t>(reading.resolution.value, 1, kMaxEnergyMwh);
}

/// nullopt: the two moments cannot be compared.
std::optional<milliseconds> elapsed(const Stamp& from, const Stamp& to) {
  if (from.boot == to.boot) return std::max(milliseconds(0), std::chrono::floor<milliseconds>(to.at - from.at));
  if (!from.utc || !to.utc || *to.utc < *from.utc) return std::nullopt;
  return *to.utc - *from.utc;
}

/// As compare(); and a total never leaves its range.
Continuity judge(const Counter& counter, std::int64_t now, std::int64_t step, std::optional<std::int64_t> most) {
  if (now - counter.raw > kMaxEnergyMwh - counter.total()) return Continuity::leaps;
  return compare(counter.raw, now, step, most);
}
bool is_continuous(Continuity continuity) {
  return continuity == Continuity::continues || continuity == Continuity::artefact;
}

/// A lower value here is an artefact of the float register: the counter stays where it was.
void accept_counter(Counter& counter, std::int64_t raw, std::string_view name, Events& events) {
  if (raw < counter.raw) {
    events.push_back({EventKind::float_artefact, jump_text(name, counter.raw, raw)});
    return;
  }
  const std::int64_t excess = raw - counter.raw - (kMaxEnergyMwh - counter.total());
  counter.raw = raw;
  if (excess > 0) counter.base -= excess;
}

bool is_other_meter(const Text<32>& before, const Text<32>& now) {
  return !before.empty() && !now.empty() && !(before == now);
}

/// What a reading that does not continue the book looks like beside it.
Note what_jumped(const Book& book, const Candidate& candidate) {
  if (is_other_meter(book.serial, candidate.serial)) {
    Note text("serial number went from ");
    return text.add(book.serial).add(" to ").add(candidate.serial);
  }
  if (book.exported && candidate.exported && candidate.exported->latest < book.exported->raw &&
      candidate.import.latest >= book.import.raw) {
    return jump_text("export", book.exported->raw, candidate.exported->latest);
  }
  return jump_text("import", book.import.raw, candidate.import.latest);
}

Counter opened_counter(std::int64_t raw) {
  Counter counter;
  counter.raw = counter.at_anchor = counter.at_midnight = raw;
  return counter;
}

Candidate candidate_of(const CounterReading& reading, const Text<32>& serial) {
  Candidate candidate;
  candidate.serial = serial;
  candidate.first = candidate.latest = reading.stamp;
  candidate.import = {reading.import.value, reading.import.value};
  if (reading.exported) candidate.exported = {reading.exported->value, reading.exported->value};
  return candidate;
}

/// Takes the reading as a further word for the candidate, if it is one.
bool join(Candidate& candidate, const CounterReading& reading, const Text<32>& serial, std::int64_t step,
          std::optional<std::int64_t> most) {
  const auto continues = [&](Candidate::Pair pair, std::int64_t now) {
    return is_continuous(compare(pair.latest, now, step, most));
  };
  if (!(candidate.serial == serial) || !continues(candidate.import, reading.import.value)) return false;
  if (candidate.exported && reading.exported) {
    if (!continues(*candidate.exported, reading.exported->value)) return false;
    candidate.exported->latest = std::max(candidate.exported->latest, reading.exported->value);
  } else if (candidate.exported || reading.exported) {
    return false;
  }
  candidate.import.latest = std::max(candidate.import.latest, reading.import.value);
  candidate.latest = reading.stamp;
  if (candidate.readings < kAgreeingReadings) ++candidate.readings;
  return true;
}

bool is_settled(const Candidate& candidate) {
  return candidate.readings >= kAgreeingReadings &&
         elapsed(candidate.first, candidate.latest).value_or(kAgreementTime) >= kAgreementTime;
}

}  // namespace

Ledger::Ledger(Limits limits, const Calendar& calendar) : limits_(limits), calendar_(&calendar) {}

Events Ledger::book(const CounterReading& reading, const MeterIdentity& identity) {
  Events events;
  if (!is_counter_value(reading)) {
    events.push_back({EventKind::discarded, "a value that no energy counter shows: not booked"});
  } else if (!book_) {
    open(reading, identity, events);
  } else if (continues(*book_, reading, identity)) {
    if (const std::optional<Candidate> candidate = std::exchange(book_->candidate, std::nullopt)) {
      Note text = what_jumped(*book_, *candidate);
      events.push_back({EventKind::discarded, text.add(" for a moment only: not booked")});
    }
    accept(*book_, reading, identity, events);
  } else {
    hold(*book_, reading, identity, events);
  }
  return events;
}

bool Ledger::continues(const Book& book, const CounterReading& reading, const MeterIdentity& identity) const {
  if (is_other_meter(book.serial, identity.serial)) return false;
  const std::int64_t step = std::max(book.step, step_of(reading));
  // After a time that nobody knows even a true rise must speak twice: settle() then counts it.
  const auto most = most_energy(limits_.max_power_mw, elapsed(book.last, reading.stamp).value_or(milliseconds(0)));
  if (!is_continuous(judge(book.import, reading.import.value, step, most))) return false;
  return !book.exported || !reading.exported ||
         is_continuous(judge(*book.exported, reading.exported->value, step, most));
}

void Ledger::open(const CounterReading& reading, const MeterIdentity& identity, Events& events) {
  Book book;
  book.serial = identity.serial;
  book.opened = book.last = book.anchor = reading.stamp;
  book.step = step_of(reading);
  book.import = opened_counter(reading.import.value);
  if (reading.exported) book.exported = opened_counter(reading.exported->value);
  Note text("book opened at ");
  add_kwh(text, book.import.raw);
  events.push_back({EventKind::opened, text});
  if (reading.stamp.utc) date(book, reading.stamp, *reading.stamp.utc, events);
  book_ = book;
}

/// Keeps the reading as a candidate, or lets it speak for the one that is there.
void Ledger::hold(Book& book, const CounterReading& reading, const MeterIdentity& identity, Events& events) {
  const Candidate newcomer = candidate_of(reading, identity.serial);
  if (!book.candidate) {
    Note text = what_jumped(book, newcomer);
    text.add(", last read ");
    add_moment(text, book.last);
    events.push_back({EventKind::held, text.add(": held until it stays so")});
    book.candidate = newcomer;
    return;
  }
  Candidate candidate = *book.candidate;
  const std::int64_t step = std::max(book.step, step_of(reading));
  const auto most = most_energy(limits_.max_power_mw, elapsed(candidate.latest, reading.stamp));
  if (!join(candidate, reading, identity.serial, step, most)) candidate = newcomer;
  book.candidate = candidate;
  if (!is_settled(candidate)) return;
  book.candidate.reset();
  if (!book.is_proven) return open(reading, identity, events);
  settle(book, candidate, events);
  accept(book, reading, identity, events);
}

/// The jump has come to stay: the book goes on from the candidate's first value.
void Ledger::settle(Book& book, const Candidate& candidate, Events& events) const {
  if (is_other_meter(book.serial, candidate.serial)) {
    Note text("meter ");
    text.add(book.serial).add(" replaced by ").add(candidate.serial).add(" at ");
    add_kwh(text, candidate.import.first);
    events.push_back({EventKind::replaced, text.add(": what flowed in between is not known")});
    book.import.rebase(candidate.import.first);
    if (book.exported && candidate.exported) book.exported->rebase(candidate.exported->first);
  } else {
    const auto most = most_energy(limits_.max_power_mw, elapsed(book.last, candidate.first));
    settle_counter(book.import, candidate.import.first, book.step, "import", most, events);
    if (book.exported && candidate.exported) {
      settle_counter(*book.exported, candidate.exported->first, book.step, "export", most, events);
    }
  }
}

void Ledger::settle_counter(Counter& counter, std::int64_t first, std::int64_t step, std::string_view name,
                            std::optional<std::int64_t> most, Events& events) const {
  const Continuity continuity = judge(counter, first, step, most);
  if (is_continuous(continuity)) return;  // it was the other counter that jumped
  Note text = jump_text(name, counter.raw, first);
  const std::int64_t room = kMaxEnergyMwh - counter.total();
  const std::int64_t range = limits_.rollover_at.value_or(MilliWattHours{}).value;
  if (continuity == Continuity::leaps) {
    events.push_back({EventKind::implausible_rise, text.add(": more than can have flowed, not counted")});
  } else if (is_rollover(counter.raw, first, range, std::min(most.value_or(room), room))) {
    events.push_back({EventKind::rollover, text.add(": it passed the end of its range")});
    counter.base += range;
    counter.raw = first;
    return;
  } else {
    events.push_back({EventKind::reset, text.add(": what flowed in between is lost")});
  }
  counter.rebase(first);
}

void Ledger::accept(Book& book, const CounterReading& reading, const MeterIdentity& identity, Events& events) const {
  accept_counter(book.import, reading.import.value, "import", events);
  if (reading.exported) {
    if (!book.exported) book.exported = opened_counter(reading.exported->value);
    accept_counter(*book.exported, reading.exported->value, "export", events);
  }
  if (!identity.serial.empty()) book.serial = identity.serial;
  book.step = step_of(reading);
  book.last = reading.stamp;
  if (elapsed(book.opened, book.last).value_or(kAgreementTime) >= kAgreementTime) book.is_proven = true;
  if (reading.stamp.utc) date(book, reading.stamp, *reading.stamp.utc, events);
}

bool Ledger::correct(Correction what, MilliWattHours energy) {
  if (!book_ || !book_->days || book_->days->shown != book_->days->open) return false;
  if (energy.value < 0 || energy.value > kMaxEnergyMwh) return false;
  Counter import = book_->import;
  switch (what) {
    case Correction::total: {
      const std::int64_t more = energy.value - import.total();
      import.base += more;
      import.at_anchor += more;
      import.at_midnight += more;
      break;
    }
    case Correction::today: import.at_midnight = import.total() - energy.value; break;
    case Correction::yesterday: import.yesterday = energy.value; break;
  }
  // What a book's text can say (book_text.cpp).
  if (import.at_midnight < 0 || import.at_midnight > import.at_anchor) return false;
  book_->import = import;
  return true;
}

std::optional<Totals> Ledger::totals() const {
  if (!book_) return std::nullopt;
  const Book& book = *book_;
  // Days that were closed without a reading: nothing is known of them yet but that they are over.
  const std::int64_t ahead = book.days ? days_from_civil(book.days->shown) - days_from_civil(book.days->open) : 0;
  const auto of_open_day = [](const Counter& counter) { return counter.total() - counter.at_midnight; };
  Totals totals;
  totals.total = {book.import.total()};
  totals.today = {ahead == 0 ? of_open_day(book.import) : 0};
  totals.yesterday = {ahead == 0 ? book.import.yesterday : ahead == 1 ? of_open_day(book.import) : 0};
  if (book.exported) {
    totals.exported = {book.exported->total()};
    totals.exported_today = {ahead == 0 ? of_open_day(*book.exported) : 0};
  }
  totals.since = book.since;
  const bool is_dated = book.days && ahead == 0 && book.last.utc;
  totals.today_estimated = !is_dated || book.days->open_is_estimated;
  totals.yesterday_estimated = book.days && (!is_dated || book.days->yesterday_is_estimated);
  return totals;
}

std::string Ledger::encode() const {
  return std::string(encode_book(book_).view());
}

Result<Ledger> Ledger::decode(std::string_view text, Limits limits, const Calendar& calendar) {
  auto book = decode_book(text);
  if (!book) return tl::unexpected(book.error());
  Ledger ledger(limits, calendar);
  ledger.book_ = *book;
  return ledger;
}

}  // namespace meterseal::ledger
