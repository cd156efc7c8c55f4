#pragma once

// How often somebody may try a password. Each failure of a source doubles its pause: 1 s, 2 s ... 15 min. Failures of
// all sources together make a pause for everybody who is not logged in, which stays short, so that a flood from many
// addresses cannot keep the owner out: 10 s at most. Nobody is ever locked for good, and the local socket knows no
// gate.
//
// A source is an IPv4 address or the /64 of an IPv6 address, which is what one customer gets.
// Bounds: 256 sources; the one that failed longest ago is forgotten first. Thread: value, loop thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace meterseal::web {

struct GateLimits {
  seconds first_pause{1};
  seconds longest_pause{900};
  seconds forget{3600};         ///< without a failure
  unsigned free_failures = 20;  ///< of all together, before everybody has to wait
  seconds longest_pause_of_all{10};
  std::size_t most_sources = 256;
};

class LoginGate {
 public:
  explicit LoginGate(GateLimits limits = {}) : limits_(limits) {}

  /// How long this source still has to wait; 0: it may try now.
  [[nodiscard]] seconds wait(std::string_view source, Instant now);
  /// A try begins, and counts as a failure until passed() says otherwise: tries in parallel gain nothing.
  void begin(std::string_view source, Instant now);
  void passed(std::string_view source);
  /// Nothing was checked, for instance because too many wait: the try does not count.
  void undone(std::string_view source, Instant now);

  [[nodiscard]] unsigned failures(std::string_view source) const;

 private:
  struct Source {
    std::string key;
    unsigned failures = 0;
    Instant open;  ///< not before this moment
    Instant last;
  };

  [[nodiscard]] seconds pause_after(unsigned failures, seconds longest) const;
  [[nodiscard]] Source* find(std::string_view key);
  void forget_old(Instant now);

  // constant after construction
  const GateLimits limits_;

  // loop thread only
  std::vector<Source> sources_;
  unsigned failures_of_all_ = 0;
  Instant open_for_all_;
  Instant last_of_all_;
};

/// "192.0.2.7", "2001:db8:1:2::/64"
[[nodiscard]] std::string source_key(std::string_view address);

}  // namespace meterseal::web
