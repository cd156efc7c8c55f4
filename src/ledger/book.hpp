#pragma once

// What the ledger knows of one meter, as plain data: all that must survive a power cut and nothing else. Written and
// read by book_text.hpp, changed by ledger.cpp only. Units: mWh. Thread: value, loop thread.

#include <cstdint>
#include <optional>

#include "core/text.hpp"
#include "core/time.hpp"
#include "ledger/counter.hpp"

namespace meterseal::ledger {

/// A reading that does not continue the book: held until the following ones agree with it, or the book.
struct Candidate {
  struct Pair {
    std::int64_t first = 0;
    std::int64_t latest = 0;
    friend bool operator==(const Pair&, const Pair&) = default;
  };
  Text<32> serial;
  Stamp first;
  Stamp latest;
  Pair import;
  std::optional<Pair> exported;
  std::uint8_t readings = 1;  ///< that agree, this one included

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct Days {
  CivilDate open;   ///< the day that `at_midnight` of the counters belongs to
  CivilDate shown;  ///< later than `open` while no reading came since midnight: those days are empty for the moment
  bool open_is_estimated = false;
  bool yesterday_is_estimated = false;

  friend bool operator==(const Days&, const Days&) = default;
};

struct Book {
  Text<32> serial;
  std::optional<UtcTime> since;
  Stamp opened;
  bool is_proven = false;    ///< long enough that the first value was no fluke
  Stamp last;                ///< the last accepted reading
  Stamp anchor;              ///< the last accepted one whose time is or can become known
  std::int64_t step = 1;     ///< of the register at `last`
  std::optional<Days> days;  ///< nullopt while the clock has never been known
  Counter import;
  std::optional<Counter> exported;
  std::optional<Candidate> candidate;

  friend bool operator==(const Book&, const Book&) = default;
};

}  // namespace meterseal::ledger
