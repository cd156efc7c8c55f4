#pragma once

// Who is logged in. A session is a random token in the browser's cookie; it ends when nobody used it for a while, at
// its age limit, at logout, and when the user's password or role changes. Sessions live in memory only: they outlive a
// restart from within and end with the process.
//
// Bounds: 32 sessions; a further login ends the one that was idle longest. Thread: loop thread.

#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "secrets/cryptography.hpp"
#include "web/access.hpp"

namespace meterseal::web {

/// @source OWASP ASVS 4.0, 3.3.2 and NIST SP 800-63B, 4.2.3 (AAL2: 12 h, 30 min idle)
struct SessionLimits {
  seconds idle{30 * 60};
  seconds age{12 * 3600};
  std::size_t most = 32;
};

struct Session {
  std::string id;    ///< the cookie's value
  std::string csrf;  ///< must come back in a header with each change
  std::string user;
  Role role = Role::viewer;
  std::string source;
  Instant opened;
  Instant used;
};

class Sessions {
 public:
  explicit Sessions(SessionLimits limits = {}) : limits_(limits) {}

  const Session& open(std::string_view user, Role role, std::string_view source, secrets::Cryptography& cryptography,
                      Instant now);
  /// A use: the idle time begins anew. nullptr: unknown or ended. Valid until the next call.
  [[nodiscard]] const Session* use(std::string_view id, Instant now);
  /// The same without counting as a use: live values do not keep a forgotten browser logged in.
  [[nodiscard]] const Session* find(std::string_view id, Instant now);
  void close(std::string_view id);
  void close_of(std::string_view user);
  /// Of users that there are not, or not in this role: their file may have been changed between two lives.
  void close_unknown(const Access& access);
  void close_all() { sessions_.clear(); }
  void close_of_except(std::string_view user, std::string_view id);
  [[nodiscard]] std::size_t count(Instant now);

 private:
  void drop_ended(Instant now);

  // constant after construction
  SessionLimits limits_;

  // loop thread only
  std::vector<Session> sessions_;
};

}  // namespace meterseal::web
