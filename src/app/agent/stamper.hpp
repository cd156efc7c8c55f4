#pragma once

// Makes the Stamp of an instant: boot, loop clock and, where it is known, the wall clock of that instant.
// The clock must outlive it. Thread: loop thread.

#include "core/time.hpp"

namespace meterseal::app {

class Stamper {
 public:
  Stamper(const Clock& clock, BootId boot) : clock_(clock), boot_(boot) {}

  [[nodiscard]] Stamp of(Instant at) const {
    Stamp stamp{boot_, at, clock_.utc()};
    if (stamp.utc) *stamp.utc -= std::chrono::duration_cast<milliseconds>(clock_.now() - at);
    return stamp;
  }
  [[nodiscard]] Stamp now() const { return of(clock_.now()); }
  [[nodiscard]] BootId boot() const { return boot_; }

 private:
  const Clock& clock_;
  BootId boot_;
};

}  // namespace meterseal::app
