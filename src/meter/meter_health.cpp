#include "meter/meter_health.hpp"

#include <algorithm>

namespace meterseal::meter {

namespace {

constexpr seconds kFirstBackoff{1};
constexpr seconds kLongestBackoff{300};

}  // namespace

std::string_view name_of(Health health) {
  switch (health) {
    case Health::unknown: return "unknown";
    case Health::online: return "online";
    case Health::suspect: return "suspect";
    case Health::silent: return "silent";
  }
  return "";
}

void MeterHealth::answered() {
  *this = {};
  state_ = Health::online;
}

void MeterHealth::unanswered(Instant now) {
  switch (state_) {
    case Health::unknown:
    case Health::online:
      // It may be a disturbance: ask once more before saying so.
      state_ = Health::suspect;
      break;
    case Health::suspect:
      // Nothing twice, a second apart.
      state_ = Health::silent;
      break;
    case Health::silent: break;
  }
  wait_longer(now);
}

void MeterHealth::forget() {
  *this = {};
}

void MeterHealth::wait_longer(Instant now) {
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  probe_at_ = now + backoff_;
}

}  // namespace meterseal::meter
