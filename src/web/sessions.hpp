#pragma once

// Who is logged in. A session is a random token in the browser's cookie; it ends when nobody used it for a while, at
// its age limit, at logout, and when the user's password or role changes, be it by another way in or between two lives.
// Sessions live in memory only: they outlive a restart from within and end with the process.
//
// Bounds: 4 sessions of each user; a further login ends that user's that was idle longest, and nobody else's. Thread:
// loop thread.

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
  std::size_t of_one_user = 4;
};

struct Session {
  std::string id;    ///< the cookie's value
  std::string csrf;  ///< must come back in a header with each change
  std::string user;
  Role role = Role::viewer;
  std::string password_hash;  ///< with which it was opened: ends with it
  std::string source;
  Instant opened;
  Instant used;
};

class Sessions {
 public:
  explicit Sessions(SessionLimits limits = {}) : limits_(limits) {}

  const Session& open(const User& user, std::string_view source, secrets::Cryptography& cryptography, Instant now);
  /// A use: the idle time begins anew. nullptr: unknown or ended. Valid until the next call.
  [[nodiscard]] const Session* use(std::string_view id, Instant now);
  /// The same without counting as a use: live values do not keep a forgotten browser logged in.
  [[nodiscard]] const Session* find(std::string_view id, Instant now);
  void close(std::string_view id);
  void close_of(std::string_view user);
  /// The user has another password or role: only the session that changed it goes on, as what the user is now.
  void close_of_except(const User& user, std::string_view id);
  /// Of users that there are not, or not with this role and password: their file may have been changed between two
  /// lives.
  void close_unknown(const Access& access);
  void close_all() { sessions_.clear(); }
  [[nodiscard]] std::size_t count(Instant now);

 private:
  void drop_ended(Instant now);

  // constant after construction
  SessionLimits limits_;

  // loop thread only
  std::vector<Session> sessions_;
};

}  // namespace meterseal::web
