#include "ledger/event_text.hpp"

namespace meterseal::ledger {

namespace {

void add_two_digits(Note& text, char separator, unsigned value) {
  text.add(std::string_view(&separator, 1)).add(value < 10 ? "0" : "").add_uint(value);
}

}  // namespace

void add_kwh(Note& text, std::int64_t mwh) {
  text.add_fixed(mwh, 6, 3).add(" kWh");
}

void add_date(Note& text, CivilDate date) {
  text.add_int(date.year);
  add_two_digits(text, '-', date.month);
  add_two_digits(text, '-', date.day);
}

void add_moment(Note& text, const Stamp& at) {
  if (!at.utc) {
    text.add_int(std::chrono::floor<seconds>(at.at.time_since_epoch()).count()).add(" s of boot ").add_uint(at.boot);
    return;
  }
  const CivilTime civil = civil_utc(*at.utc);
  add_date(text, civil.date);
  add_two_digits(text, 'T', civil.hour);
  add_two_digits(text, ':', civil.minute);
  add_two_digits(text, ':', civil.second);
  text.add("Z");
}

Note jump_text(std::string_view counter, std::int64_t before, std::int64_t now) {
  Note text(counter);
  text.add(now < before ? " fell from " : " leapt from ");
  add_kwh(text, before);
  text.add(" to ");
  add_kwh(text, now);
  return text;
}

Note day_text(const Book& book, CivilDate day) {
  Note text;
  add_date(text, day);
  text.add(": import ");
  add_kwh(text, book.import.yesterday);
  if (!book.exported) return text;
  text.add(", export ");
  add_kwh(text, book.exported->yesterday);
  return text;
}

}  // namespace meterseal::ledger
