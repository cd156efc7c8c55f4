#pragma once

// Runs the owner's `[alarm] command` when something needs a person: a refused broker cannot carry its own alarm.
// The program is started without a shell, with its facts as one JSON object on standard input (a file that ends), a
// fixed environment (PATH, LANG), standard output and error on /dev/null and no other descriptor.
//
// Bounds: one command at a time, 30 s, then it and its process group are killed. Eight alarms wait at most; a further
// one is dropped and logged, because the first ones name the cause. Each kind has three alarms at once and then one in
// 20 minutes; those kept back are counted and the number is in the next one (`"kept_back"`).
//
// Ownership: the loop, clock and log outlive it; destroying it kills a running command. Thread: loop thread only.
// Wire format: docs/alarm.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::app {

enum class AlarmKind : std::uint8_t {
  security_refusal,    ///< a broker was refused
  certificate_expiry,  ///< a certificate ends soon or has ended
  trust_learned,       ///< a fingerprint waits for its confirmation, or a renewal was followed
  trust_conflict,      ///< another fingerprint than the learned one was seen
};
/// "security_refusal": as it stands in the JSON and in the log.
[[nodiscard]] std::string_view name_of(AlarmKind kind);

struct AlarmLimits {
  milliseconds run{30'000};
  std::size_t waiting = 8;
  unsigned at_once = 3;            ///< of one kind
  seconds refill = seconds{1200};  ///< one more of that kind after this time
};

class Alarm {
 public:
  /// @param device  the topic, for a command that serves several devices
  Alarm(boost::asio::io_context& loop, const Clock& clock, Log& log, AlarmConfig config, std::string device,
        AlarmLimits limits = {});
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Returns at once; without a command it does nothing.
  /// @param facts  one complete JSON object, without secrets, at most 16 KiB
  void raise(AlarmKind kind, std::string_view facts);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meterseal::app
