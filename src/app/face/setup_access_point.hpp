#pragma once

// The Wi-Fi access point of the first set-up: opened where `meterseal run --setup-access-point` asks for it, gone as
// soon as the set-up cannot be entered any more. Its name, key and address stand in the log beside the one-time code:
// who may read the one may read the other. The key goes nowhere else.
//
// Ownership: radio and log must outlive it. Thread: loop thread.

#include <cstdint>
#include <string>
#include <vector>

#include "app/config/config_address.hpp"
#include "core/log.hpp"
#include "wifi/access_point.hpp"

namespace meterseal::app {

class SetupAccessPoint {
 public:
  SetupAccessPoint(wifi::AccessPoint& radio, Log& log) : radio_(radio), log_(log) {}

  /// @param served  where the page is served, with the ports in use
  void open(const wifi::Key& key, const std::vector<HostPort>& served);
  /// @param why  "the set-up is done"
  void close(std::string_view why);

 private:
  void tell(const wifi::Key& key, std::uint16_t port, const wifi::Opened& opened);

  // constant after construction
  wifi::AccessPoint& radio_;
  Log& log_;

  // loop thread only
  enum class State : std::uint8_t {
    closed,
    opening,
    open
  } state_ = State::closed;
};

}  // namespace meterseal::app
