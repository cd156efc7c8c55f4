#pragma once

// What the page starts and what takes a while: looking at a broker's certificate, the doctor. Both go over the network
// beside the device's own connection and send no credentials (the doctor: only to a broker of this device that its
// policy has trusted).
//
// The doctor blocks, so it runs on a thread of its own that owns all it touches and knows no loop: it leaves its result
// in shared memory, which is looked at five times a second. When nobody waits any more, nobody looks.
// Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/toolbox/doctor.hpp"
#include "app/toolbox/tls_talks.hpp"

namespace meterseal::app {

/// As trust::host::TlsSettings has them.
struct AuthoritiesAtHand {
  bool ca_builtin = false;
  std::string ca_file;
  std::string ca_path = "/etc/ssl/certs";
};

/// {"steps":[{"name","state","text","hint"}]}
[[nodiscard]] std::string steps_json(const std::vector<Check>& checks);

class PageTasks {
 public:
  using Done = std::function<void(std::string)>;
  struct Examination {
    Patient patient;
    std::string state_directory;  ///< where it stands what time it must be at least
    host::ClockTrust clock = host::ClockTrust::automatic;
  };

  explicit PageTasks(boost::asio::io_context& loop) : loop_(loop) {}

  /// {"host","fingerprint","keyPin","subject","issuer","expires","key","note","renewal","verifies"} or
  /// {"error","hint"}. `verifies` is "ca" where chain and name verify to one of the authorities at hand.
  void fetch_fingerprint(const std::string& address, const AuthoritiesAtHand& authorities, const Done& done);
  void examine(Examination examination, const std::function<void(const std::vector<Check>&)>& done);

 private:
  struct Result;
  void judge_renewal(const HostPort& to, const std::shared_ptr<ProbeTalk>& seen, const AuthoritiesAtHand& authorities,
                     const Done& done);
  void look(const std::shared_ptr<Result>& result, const std::shared_ptr<boost::asio::steady_timer>& timer,
            const std::function<void(const std::vector<Check>&)>& done);

  boost::asio::io_context& loop_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

}  // namespace meterseal::app
