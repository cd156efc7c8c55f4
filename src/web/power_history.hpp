#pragma once

// The power of each meter over the last hour, day and 30 days, as the plots of the page show it: means over 10 s, 5 min
// and 2 h. A slot in which nothing was read is a gap, never zero and never the value before.
//
// Time is the wall clock; while it is not known nothing is kept. A clock that steps back starts the plots anew behind
// the step; one that jumps ahead leaves a gap.
// Bounds: 8 meters, 4 KiB each. Thread: value, loop thread. Units: mW, kept in whole W.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::web {

enum class Span : std::uint8_t {
  hour,
  day,
  month
};
[[nodiscard]] std::optional<Span> span_of(std::string_view name);
[[nodiscard]] seconds step_of(Span span);
[[nodiscard]] std::size_t slots_of(Span span);

struct PowerPoint {
  std::int64_t start_s = 0;           ///< of the slot, seconds since 1970
  std::optional<std::int64_t> watts;  ///< nullopt: a gap
};

class PowerHistory {
 public:
  static constexpr std::size_t kMostMeters = 8;

  /// About once a second. @param power_mw  nullopt: not read lately
  void add(std::string_view meter, UtcTime now, std::optional<std::int64_t> power_mw);
  /// Oldest first, up to the last full slot.
  [[nodiscard]] std::vector<PowerPoint> points(std::string_view meter, Span span) const;

  /// For keeping over a restart.
  [[nodiscard]] std::string encode() const;
  /// What cannot be read is left out: plots are no accounts.
  [[nodiscard]] static PowerHistory decode(std::string_view text);

 private:
  static constexpr std::int32_t kGap = INT32_MIN;
  struct Track {
    std::vector<std::int32_t> watts;  ///< ring by slot number
    std::int64_t last = -1;           ///< number of the newest full slot
    std::int64_t open = -1;           ///< number of the slot that is being filled
    std::int64_t sum_w = 0;
    std::int64_t count = 0;
  };
  struct Meter {
    std::string name;
    std::array<Track, 3> tracks;
  };

  static void add(Track& track, Span span, std::int64_t slot, std::optional<std::int64_t> watts);
  static void close(Track& track, Span span);
  static void put(Track& track, Span span, std::int64_t slot, std::int32_t watts);

  std::vector<Meter> meters_;
};

}  // namespace meterseal::web
