#include "app/agent/settings.hpp"

#include <limits>

#include "core/text.hpp"

namespace meterseal::app {

namespace {

const std::string kTelePeriod = "setting/TelePeriod";
const std::string kStarts = "device/starts";
const std::string kBoot = "device/boot";
const std::string kSeed = "device/seed";
const std::string kOutbox = "device/outbox";

constexpr std::uint64_t kLongestTelePeriod = 3600;
constexpr std::uint64_t kLargestSeed = 0xFFFF'FFFF'FFFF;

}  // namespace

bool is_of_owner(std::string_view name) {
  return name.starts_with("setting/") || name.starts_with("trust/");
}

std::string_view text_of(Start start) {
  switch (start) {
    case Start::power_on: return "Power on";
    case Start::restart: return "Software/System restart";
  }
  return {};
}

Settings::Settings(std::vector<outbox::NamedValue> values, BootId boot, std::uint64_t random)
    : values_(std::make_move_iterator(values.begin()), std::make_move_iterator(values.end())), boot_(boot) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (number(kBoot, most) == boot) start_ = Start::restart;
  starts_ = static_cast<std::uint32_t>(number(kStarts, most - 1).value_or(0) + 1);
  seed_ = number(kSeed, kLargestSeed).value_or(random & kLargestSeed);
  outbox_ = value(kOutbox);
  if (outbox_.empty()) outbox_ = Text<8>().add_hex(random >> 32U, 8).view();
}

std::vector<outbox::NamedValue> Settings::changes_of_start() const {
  return {{kBoot, std::to_string(boot_)},
          {kStarts, std::to_string(starts_)},
          {kSeed, std::to_string(seed_)},
          {kOutbox, outbox_}};
}

seconds Settings::tele_period() const {
  const auto kept = number(kTelePeriod, kLongestTelePeriod);
  return kept ? seconds{*kept} : kDefaultTelePeriod;
}

outbox::NamedValue Settings::set_tele_period(seconds period) {
  values_[kTelePeriod] = std::to_string(period.count());
  return {kTelePeriod, values_[kTelePeriod]};
}

std::optional<UtcTime> Settings::clock_floor() const {
  return parse_clock_floor(value(kClockFloor));
}

outbox::NamedValue Settings::set_clock_floor(std::optional<UtcTime> floor) {
  values_[kClockFloor] =
      floor ? std::to_string(std::chrono::floor<seconds>(floor->time_since_epoch()).count()) : std::string();
  return {kClockFloor, values_[kClockFloor]};
}

std::optional<UtcTime> parse_clock_floor(std::string_view text) {
  std::uint64_t since_epoch_s = 0;
  if (!parse_decimal(text, 0, kLatest_s, since_epoch_s)) return std::nullopt;
  return UtcTime(seconds(since_epoch_s));
}

std::vector<std::string> Settings::names() const {
  std::vector<std::string> names;
  names.reserve(values_.size());
  for (const auto& [name, value] : values_) names.push_back(name);
  return names;
}

std::string Settings::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> Settings::number(const std::string& name, std::uint64_t high) const {
  std::uint64_t number = 0;
  if (!parse_decimal(value(name), 0, high, number)) return std::nullopt;
  return number;
}

}  // namespace meterseal::app
