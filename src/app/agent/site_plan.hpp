#pragma once

// From the configuration and the set of profiles to what is read on which bus: requests, times, and which counter feeds
// the book. Nothing is opened here.
//
// Owner: values; the profiles must outlive the plan. Thread: any (pure). Errors: meter::plan_impossible,
// meter::profile_not_found.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "meter/host/bus_driver.hpp"
#include "meter/poll_plan.hpp"
#include "meter/profile.hpp"
#include "mqtt/meter_shape.hpp"

namespace meterseal::app {

/// One meter and how its answers are to be understood.
struct MeterPlan {
  std::string name;                          ///< the book is kept under it
  std::string key;                           ///< in SENSOR: ENERGY for the primary meter, else the name
  const meter::Profile* profile;             ///< never null
  std::vector<meter::PollRequest> requests;  ///< index: BusObserver::on_block
  std::vector<meter::PollRequest> identity;  ///< index: BusObserver::on_identity, each one register
  ReadScope read = ReadScope::telemetry;
  bool invert = false;
  LoopClock::duration freshness{};       ///< a value older than this is not live
  LoopClock::duration slow_freshness{};  ///< the same for its slow group
  bool reads_before_telemetry = false;   ///< the slow group, in time for each message, besides its interval
};

struct BusPlan {
  meter::host::BusSettings settings;  ///< meters in the same order as below
  std::vector<MeterPlan> meters;
};

/// `freshness` of each meter: its poll interval or the time that a round of the whole line takes, whichever is longer,
/// the round itself, and one answer that does not come. That is also how long before a message its slow group is asked
/// for.
[[nodiscard]] Result<std::vector<BusPlan>> make_site_plan(const Config& config,
                                                          std::span<const meter::Profile> profiles);

/// What telemetry shows of the meter. Inverted, import and export change places, so either both counters are there or
/// both stay what they are.
[[nodiscard]] mqtt::MeterShape shape_of(const MeterPlan& plan);

/// "8N1"; empty: not a serial line.
[[nodiscard]] std::string character_frame(const BusConfig& bus);

}  // namespace meterseal::app
