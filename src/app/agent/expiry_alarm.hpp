#pragma once

// Warns of certificates that end soon, while there is still time: the broker's, and this device's own. 30, 7 and 1 days
// before and once after the end, each once, in the log and to the alarm command. Owner: the site; clock, log and alarm
// outlive it. Thread: loop thread.

#include <map>
#include <string>

#include "app/agent/alarm.hpp"
#include "app/toolbox/watch_list.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

namespace meterseal::app {

class ExpiryAlarm {
 public:
  ExpiryAlarm(const Clock& clock, Log& log, Alarm& alarm) : clock_(clock), log_(log), alarm_(alarm) {}

  /// The broker has shown this certificate and was trusted.
  void broker_shows(const HostPort& broker, const Served& certificate) {
    note("broker's certificate", broker, certificate);
  }
  /// This device shows a certificate of its own to the broker.
  void device_shows(const HostPort& broker, UtcTime until) {
    note("own client certificate", broker, Served{{}, {}, until});
  }
  /// From time to time, at least once a day.
  void look();

 private:
  struct Known {
    Watched watched;
    Served certificate;
  };
  void note(const char* whose, const HostPort& broker, const Served& certificate);

  const Clock& clock_;
  Log& log_;
  Alarm& alarm_;
  std::map<std::string, Known> known_;  ///< by whose and where: two for each broker at most
};

}  // namespace meterseal::app
