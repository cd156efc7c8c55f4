#pragma once

// The door of the first boot. While the device has never been provisioned, one code, made anew at each start and shown
// in the journal, lets one person in: 10 tries, 30 minutes, then the device must be started again. Once setup is done
// the gate is closed for good; whether it may be open at all is decided at start from the state directory.
//
// Thread: value, loop thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "secrets/cryptography.hpp"

namespace meterseal::web {

class SetupGate {
 public:
  static constexpr unsigned kTries = 10;
  static constexpr seconds kOpenFor{30 * 60};

  enum class Answer : std::uint8_t {
    open,
    wrong,
    over  ///< closed, out of tries or out of time
  };

  /// Closed.
  SetupGate() = default;
  /// @param code  as secrets::make_code() made it
  SetupGate(std::string code, Instant now) : code_(std::move(code)), closes_(now + kOpenFor), tries_left_(kTries) {}

  [[nodiscard]] bool is_open(Instant now) const { return tries_left_ > 0 && now < closes_; }
  [[nodiscard]] Answer try_code(std::string_view typed, Instant now);
  void close() { tries_left_ = 0; }

 private:
  std::string code_;
  Instant closes_;
  unsigned tries_left_ = 0;
};

}  // namespace meterseal::web
