#pragma once

// The site's calendar over the zone database of the C library (package tzdata). The C library knows one zone per
// process: open() sets TZ, so it is called once, before the program has threads, and the newest calendar is the one
// that counts.
//
// Thread: open() at start only; the rest any. Errors: core::zone_unknown, core::zone_database_missing.

#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace meterseal::host {

class ZoneCalendar : public Calendar {
 public:
  /// @param zone  "Asia/Bangkok"; empty: the host's
  [[nodiscard]] static Result<std::unique_ptr<ZoneCalendar>> open(std::string_view zone);

  [[nodiscard]] CivilTime local(UtcTime time) const override;
  [[nodiscard]] UtcTime start_of(CivilDate date) const override;

 private:
  ZoneCalendar() = default;
};

}  // namespace meterseal::host
