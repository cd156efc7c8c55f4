// Users, passwords and tokens. Each change is confirmed with the password of the one who makes it: a browser that was
// left open must not become somebody's account.

#include "secrets/token.hpp"
#include "web/errors.hpp"
#include "web/site.hpp"
#include "web/view_json.hpp"

namespace meterseal::web {

using Answer = secrets::PasswordHasher::Answer;

void Site::api_access(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, access_json(access_)));
}

void Site::confirmed(const Request& request, const Form& form, const Session& session, const Done& done,
                     std::function<void()> then) {
  check_login(
      session.user, std::string(form.value("own")), request,
      [this, request, user = session.user, id = session.id, done, then = std::move(then)](Answer answer, seconds wait) {
        if (answer == Answer::busy) return done(too_many(wait));
        if (answer == Answer::wrong) {
          say(EventKind::refusal, user, request, "a change was not confirmed by the password");
          return done(error_response(403, "your own password is wrong", "enter it again"));
        }
        if (sessions_.find(id, parts_.clock.now()) == nullptr) return done(error_response(401, "log in first", ""));
        then();
      });
}

void Site::keep_password(const Request& request, const User& user, std::string password, const std::string& session,
                         const std::string& who, const Done& done) {
  const auto keep_hash = [this, alive = std::weak_ptr<const int>(alive_), request, user, session, who,
                          done](Result<std::string> hash) {
    if (alive.expired()) return;
    if (!hash) return done(error_response(503, hash.error()));
    const User set_now{user.name, user.role, *hash};
    Access changed = access_;
    if (auto set = changed.set_user(set_now); !set) return done(error_response(400, set.error()));
    if (auto kept = keep(changed); !kept) return done(error_response(503, kept.error()));
    sessions_.close_of_except(set_now, session);
    say(EventKind::change, who, request,
        "password and role (" + std::string(name_of(user.role)) + ") of " + user.name + " set");
    done(json_response(200, access_json(access_)));
  };
  parts_.hasher.hash(std::move(password), keep_hash);
}

void Site::api_set_password(const Request& request, const Form& form, const Session* session, const Done& done) {
  const std::string password(form.value("password"));
  if (auto good = check_password(session->user, password); !good) return done(error_response(400, good.error()));
  const User user{session->user, session->role, {}};
  confirmed(request, form, *session, done, [this, request, user, password, id = session->id, done] {
    keep_password(request, user, password, id, user.name, done);
  });
}

void Site::api_set_user(const Request& request, const Form& form, const Session* session, const Done& done) {
  const auto role = role_of(form.value("role"));
  const User user{std::string(form.value("name")), role.value_or(Role::viewer), {}};
  const std::string password(form.value("password"));
  if (!role) return done(error_response(400, "no such role", "viewer or admin"));
  if (auto good = check_name(user.name); !good) return done(error_response(400, good.error()));
  if (auto good = check_password(user.name, password); !good) return done(error_response(400, good.error()));
  const std::string own_session = user.name == session->user ? session->id : std::string();
  confirmed(request, form, *session, done, [this, request, user, password, own_session, who = session->user, done] {
    keep_password(request, user, password, own_session, who, done);
  });
}

void Site::api_remove_user(const Request& request, const Form& form, const Session* session, const Done& done) {
  confirmed(request, form, *session, done,
            [this, request, name = std::string(form.value("name")), who = session->user, done] {
              Access changed = access_;
              if (auto removed = changed.remove_user(name); !removed) return done(error_response(400, removed.error()));
              if (auto kept = keep(changed); !kept) return done(error_response(503, kept.error()));
              sessions_.close_of(name);
              say(EventKind::change, who, request, "user " + name + " removed");
              done(json_response(200, access_json(access_)));
            });
}

void Site::api_add_token(const Request& request, const Form& form, const Session* session, const Done& done) {
  const auto role = role_of(form.value("role"));
  if (!role) return done(error_response(400, "no such role", "viewer or admin"));
  confirmed(request, form, *session, done,
            [this, request, name = std::string(form.value("name")), role = *role, who = session->user, done] {
              const std::string token = secrets::make_token(parts_.cryptography);
              Access changed = access_;
              if (auto added = changed.add_token({name, role, parts_.cryptography.digest(token)}); !added)
                return done(error_response(400, added.error()));
              if (auto kept = keep(changed); !kept) return done(error_response(503, kept.error()));
              say(EventKind::change, who, request, "token " + name + " (" + std::string(name_of(role)) + ") made");
              // The only time that it is seen.
              done(json_response(200, texts_json({{"name", name}, {"token", token}})));
            });
}

void Site::api_remove_token(const Request& request, const Form& form, const Session* session, const Done& done) {
  confirmed(request, form, *session, done,
            [this, request, name = std::string(form.value("name")), who = session->user, done] {
              Access changed = access_;
              if (auto removed = changed.remove_token(name); !removed)
                return done(error_response(400, removed.error()));
              if (auto kept = keep(changed); !kept) return done(error_response(503, kept.error()));
              say(EventKind::change, who, request, "token " + name + " removed");
              done(json_response(200, access_json(access_)));
            });
}

}  // namespace meterseal::web
