// Any text as a stored energy book. Whatever is taken is written back byte by byte, and the ledger that goes on from it
// keeps its promises: a total that never falls, no negative day, a text that can be read again. The check sum is set
// right in a copy, so that the fuzzer gets behind it.

#include <cstdlib>
#include <string>

#include "core/bytes.hpp"
#include "ledger/book_text.hpp"
#include "ledger/ledger.hpp"

namespace {

using namespace meterseal;

void require(bool condition) {
  if (!condition) std::abort();
}

class Utc : public Calendar {
 public:
  [[nodiscard]] CivilTime local(UtcTime time) const override { return civil_utc(time); }
  [[nodiscard]] UtcTime start_of(CivilDate date) const override {
    CivilTime midnight;
    midnight.date = date;
    return utc_from_civil_utc(midnight);
  }
};

std::string with_check(std::string facts) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : as_bytes(facts)) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  facts += "check ";
  for (int shift = 28; shift >= 0; shift -= 4) facts += "0123456789ABCDEF"[~crc >> shift & 0xF];
  return facts + "\n";
}

void go_on(ledger::Ledger book, std::uint8_t seed) {
  ledger::CounterReading reading;
  reading.stamp.boot = seed % 3;
  std::int64_t counter = std::int64_t{seed} * 1'000'000'000'000;
  std::int64_t total = book.totals() ? book.totals()->total.value : 0;
  for (int i = 0; i < 8; ++i) {
    reading.stamp.at += seconds(20);
    reading.stamp.utc =
        seed % 2 == 0 ? std::optional(UtcTime(milliseconds(1'773'144'000'000 + i * 20'000))) : std::nullopt;
    reading.import = {counter};
    reading.exported = seed % 5 == 0 ? std::optional(ledger::MilliWattHours{counter}) : std::nullopt;
    counter += 1000;
    (void)book.book(reading, {});
    (void)book.tick(reading.stamp);
    const auto totals = book.totals();
    require(totals.has_value());
    require(totals->total.value >= 0 && totals->today.value >= 0 && totals->yesterday.value >= 0);
    // A first value that was never confirmed may be forgotten: then, and only then, the book is opened anew.
    if (totals->total.value < total) require(totals->total.value <= counter);
    total = totals->total.value;
    require(ledger::decode_book(book.encode()).has_value());
  }
}

void take(std::string_view text, std::uint8_t seed) {
  static const Utc calendar;
  const auto book = ledger::Ledger::decode(text, {40'000'000, ledger::MilliWattHours{9'999'990'000}}, calendar);
  if (!book) return;
  require(book->encode() == text);
  go_on(*book, seed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(as_text(Bytes(data, size).subspan(1)));
  take(text, data[0]);
  const std::size_t facts = text.rfind("check ");
  take(with_check(text.substr(0, facts)), data[0]);
  return 0;
}
