#pragma once

// Whether a meter answers. A meter that does not is left alone for longer and longer, so that it does not slow the
// others: one cycle of unanswered tries makes it suspect, one unanswered probe makes it silent, and a probe is due
// after 1 s, 2 s, 4 s ... 5 minutes. The first answer of any kind (a refusal is one) makes it online. Drawing:
// docs/machines/meter_health.txt. Ownership: value. Thread: pure.

#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace meterseal::meter {

enum class Health : std::uint8_t {
  unknown,  ///< not asked since the port was opened
  online,
  suspect,
  silent
};
[[nodiscard]] std::string_view name_of(Health health);

class MeterHealth {
 public:
  [[nodiscard]] Health state() const { return state_; }
  /// Suspect or silent: only its shortest request is sent, at probe_at().
  [[nodiscard]] bool needs_probe() const { return state_ == Health::suspect || state_ == Health::silent; }
  [[nodiscard]] Instant probe_at() const { return probe_at_; }

  void answered();
  /// A request and its retries, or a probe, had no answer.
  void unanswered(Instant now);
  /// The port is gone: nothing is known any more.
  void forget();

 private:
  void wait_longer(Instant now);

  Health state_ = Health::unknown;
  Instant probe_at_;
  seconds backoff_{0};
};

}  // namespace meterseal::meter
