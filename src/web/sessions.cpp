#include "web/sessions.hpp"

#include <algorithm>

#include "secrets/token.hpp"

namespace meterseal::web {

void Sessions::drop_ended(Instant now) {
  std::erase_if(sessions_, [&](const Session& session) {
    return now - session.used >= limits_.idle || now - session.opened >= limits_.age;
  });
}

const Session& Sessions::open(const User& user, std::string_view source, secrets::Cryptography& cryptography,
                              Instant now) {
  drop_ended(now);
  const auto is_own = [&](const Session& session) { return session.user == user.name; };
  const auto own = static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), is_own));
  if (own >= limits_.of_one_user) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [&](const Session& a, const Session& b) {
      return is_own(a) != is_own(b) ? is_own(a) : a.used < b.used;
    }));
  }
  sessions_.push_back({secrets::make_token(cryptography), secrets::make_token(cryptography), user.name, user.role,
                       user.password_hash, std::string(source), now, now});
  return sessions_.back();
}

const Session* Sessions::find(std::string_view id, Instant now) {
  drop_ended(now);
  const Session* found = nullptr;
  for (const Session& session : sessions_) {
    if (secrets::equal_in_constant_time(session.id, id)) found = &session;
  }
  return found;
}

const Session* Sessions::use(std::string_view id, Instant now) {
  const Session* found = find(id, now);
  if (found == nullptr) return nullptr;
  Session& session = sessions_[static_cast<std::size_t>(found - sessions_.data())];
  session.used = now;
  return &session;
}

void Sessions::close(std::string_view id) {
  std::erase_if(sessions_, [&](const Session& session) { return secrets::equal_in_constant_time(session.id, id); });
}

void Sessions::close_of(std::string_view user) {
  std::erase_if(sessions_, [&](const Session& session) { return session.user == user; });
}

void Sessions::close_of_except(const User& user, std::string_view id) {
  std::erase_if(sessions_, [&](const Session& session) {
    return session.user == user.name && !secrets::equal_in_constant_time(session.id, id);
  });
  for (Session& session : sessions_) {
    if (session.user != user.name) continue;
    session.role = user.role;
    session.password_hash = user.password_hash;
  }
}

void Sessions::close_unknown(const Access& access) {
  std::erase_if(sessions_, [&](const Session& session) {
    const User* user = access.find(session.user);
    return user == nullptr || user->role != session.role || user->password_hash != session.password_hash;
  });
}

std::size_t Sessions::count(Instant now) {
  drop_ended(now);
  return sessions_.size();
}

}  // namespace meterseal::web
