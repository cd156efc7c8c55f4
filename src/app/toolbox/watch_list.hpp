#pragma once

// What `meterseal tls watch` knows about each server and what is worth telling a person: the end of the certificate
// comes near (30, 7 and 1 days, then past), certificate or key is another one, the server cannot be reached, it can
// again. Each is told once. Pure: the walk brings what was seen, the caller prints.
// Thread: values, loop thread. Memory between runs: encode() and recall(), docs/toolbox.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config_address.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/facts.hpp"

namespace meterseal::app {

enum class WatchLevel : std::uint8_t {
  good,
  warning,
  critical
};
[[nodiscard]] std::string_view name_of(WatchLevel level);

/// What a server served, after it had proved that it owns the key.
struct Served {
  trust::Sha256 certificate{};
  trust::Sha256 key{};
  std::optional<UtcTime> ends;

  friend bool operator==(const Served&, const Served&) = default;
};

struct Watched {
  HostPort address;
  std::optional<Served> served;  ///< at the last look that succeeded
  unsigned told = 0;             ///< expiry steps of this certificate that were told: 1 (30 days) .. 4 (past)
  std::uint64_t renewals = 0;    ///< new certificates for the same key
  std::uint64_t key_changes = 0;
  std::optional<Error> failure;  ///< of the last look; not kept between runs
};

enum class WatchEventKind : std::uint8_t {
  first_look,
  unchanged,  ///< told only where somebody asked for this one look
  renewed,    ///< another certificate for the same key
  key_changed,
  expiry,
  failed,
  recovered
};
[[nodiscard]] std::string_view name_of(WatchEventKind kind);

struct WatchEvent {
  WatchEventKind kind;
  WatchLevel level;
  std::string text;
};

/// Days at which expiry is told. A certificate with 30 days and some hours left has more than 30.
inline constexpr std::int64_t kWarnDays = 30;
inline constexpr std::int64_t kCriticalDays = 7;
inline constexpr std::int64_t kLastDays = 1;

/// One look: brings `watched` up to date. @return what is new, in the order in which it is to be told
[[nodiscard]] std::vector<WatchEvent> observe(Watched& watched, const Result<Served>& seen, UtcTime now);

/// The state that the last look left, changes aside.
[[nodiscard]] WatchLevel level_of(const Watched& watched, UtcTime now);
/// "ends 2026-12-24T16:50:47Z, in 29 days", or what failed.
[[nodiscard]] std::string state_text(const Watched& watched, UtcTime now);

[[nodiscard]] std::string encode(const std::vector<Watched>& list);
/// Servers that are in the text only are left out: who is watched is said by the command line.
/// @return app::watch_memory_unusable, `list` unchanged then
[[nodiscard]] Result<void> recall(std::vector<Watched>& list, std::string_view text, std::string_view where);

}  // namespace meterseal::app
