#pragma once

// What the device keeps beside its readings: settings made at run time, how often it was started, and by what number
// discovery knows it. Read once at the start; each change is a named value that goes into the next commit.
//
// Owner: value. Thread: loop thread. A value that cannot be understood counts as not set.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "outbox/store.hpp"

namespace meterseal::app {

/// How this life of the program began.
enum class Start : std::uint8_t {
  power_on,  ///< first start since the host booted
  restart
};
/// As Tasmota says it.
[[nodiscard]] std::string_view text_of(Start start);

/// The last second of the year 9999, since 1970: no time that is read back is later.
inline constexpr std::uint64_t kLatest_s = 253'402'300'799;
/// Under which the clock's floor is kept: seconds since 1970.
inline constexpr const char* kClockFloor = "clock/floor";
[[nodiscard]] std::optional<UtcTime> parse_clock_floor(std::string_view text);

/// Is it what an owner has made of this device by command? Such values go with `Reset` and come with a backup.
[[nodiscard]] bool is_of_owner(std::string_view name);

class Settings {
 public:
  static constexpr seconds kDefaultTelePeriod{300};

  /// @param values  as the store gave them @param boot  number of this boot of the host
  /// @param random  64 bits, for what the device has not yet
  Settings(std::vector<outbox::NamedValue> values, BootId boot, std::uint64_t random);

  /// What this start itself has changed: to be committed at once.
  [[nodiscard]] std::vector<outbox::NamedValue> changes_of_start() const;

  [[nodiscard]] seconds tele_period() const;
  [[nodiscard]] outbox::NamedValue set_tele_period(seconds period);

  /// nullopt: none was proved yet.
  [[nodiscard]] std::optional<UtcTime> clock_floor() const;
  /// @param floor  nullopt: forget it
  [[nodiscard]] outbox::NamedValue set_clock_floor(std::optional<UtcTime> floor);

  [[nodiscard]] Start start() const { return start_; }
  [[nodiscard]] std::uint32_t starts() const { return starts_; }
  /// Of the discovery address and the back-off; never changes once it is kept.
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// Names this store: another one when the state directory was lost, so that its sequence numbers are not mistaken.
  [[nodiscard]] const std::string& outbox() const { return outbox_; }

  /// Of everything that is kept.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Any other kept value; empty: none.
  [[nodiscard]] std::string value(const std::string& name) const;

 private:
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& name, std::uint64_t high) const;

  std::map<std::string, std::string> values_;
  BootId boot_;
  Start start_ = Start::power_on;
  std::uint32_t starts_ = 1;
  std::uint64_t seed_ = 0;
  std::string outbox_;
};

}  // namespace meterseal::app
