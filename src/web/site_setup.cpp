// The walk of the first boot: the code, then meter, broker, trust and the administrator's password in one form that is
// taken whole or not at all.

#include "secrets/token.hpp"
#include "web/errors.hpp"
#include "web/site.hpp"
#include "web/view_json.hpp"

namespace meterseal::web {

namespace {

/// The walk's session belongs to nobody; no user can have this name.
constexpr std::string_view kNobody;

/// @return what is wrong with one of the answers
std::optional<Error> fault_in(const Form& form) {
  for (const auto& [name, value] : form.fields()) {
    if (!is_plain(value)) return make_error(bad_form, name, name + " is not plain text");
  }
  return std::nullopt;
}

SetupDesk::Site site_in(const Form& form) {
  const auto text = [&](const char* name) { return std::string(form.value(name)); };
  return {text("topic"),  text("port"), text("baud"),     text("parity"), text("address"),     text("profile"),
          text("broker"), text("user"), text("password"), text("mode"),   text("fingerprint"), text("renewal")};
}

}  // namespace

// While nobody has an account every session is one of the walk.
bool Site::is_setup_open() {
  const Instant now = parts_.clock.now();
  return parts_.desk != nullptr && (setup_.is_open(now) || sessions_.count(now) > 0);
}

void Site::setup_open(const Request& request, const Form& form, const Session*, const Done& done) {
  if (parts_.desk == nullptr) return done(error_response(404, "there is no such page", ""));
  if (is_ending_) return done(restarting());
  const Instant now = parts_.clock.now();
  if (const seconds wait = parts_.entrance.gate.wait(request.source, now); wait > seconds{0})
    return done(too_many(wait));
  switch (setup_.try_code(form.value("code"), now)) {
    case SetupGate::Answer::wrong:
      parts_.entrance.gate.begin(request.source, now);
      say(EventKind::refusal, "", request, "wrong set-up code");
      return done(error_response(401, "this is not the code", "it stands in the journal: journalctl -u meterseal"));
    case SetupGate::Answer::over:
      say(EventKind::refusal, "", request, "set-up is closed");
      return done(error_response(403, "set-up is closed", "start the program again: it then shows a new code"));
    case SetupGate::Answer::open: break;
  }
  parts_.entrance.gate.passed(request.source);
  const Session& session =
      sessions_.open({std::string(kNobody), Role::admin, {}}, request.source, parts_.cryptography, now);
  say(EventKind::login, "", request, "set-up begun with the code");
  Response response = json_response(200, texts_json({{"mode", "walk"}, {"csrf", session.csrf}}));
  response.headers.emplace_back("Set-Cookie",
                                "__Host-meterseal=" + session.id + "; Path=/; Secure; HttpOnly; SameSite=Strict");
  done(std::move(response));
}

void Site::setup_choices(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, choices_json(parts_.desk->choices(), secrets::make_password(parts_.cryptography))));
}

void Site::setup_try_meter(const Request&, const Form& form, const Session*, const Done& done) {
  std::string argument;
  for (const char* name : {"port", "baud", "parity", "address", "profile"}) {
    const std::string_view value = form.value(name);
    if (value.empty() || !is_plain(value) || value.find(' ') != std::string_view::npos)
      return done(error_response(400, make_error(bad_form, name, std::string(name) + " is missing or not plain")));
    argument += (argument.empty() ? "" : " ") + std::string(value);
  }
  start_task(Task::try_meter, argument, done);
}

void Site::setup_try_broker(const Request&, const Form& form, const Session*, const Done& done) {
  if (const auto fault = fault_in(form)) return done(error_response(400, *fault));
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  parts_.desk->try_broker(site_in(form), [this, alive = std::weak_ptr<const int>(alive_), done](Proof proof) {
    if (alive.expired()) return;
    is_task_running_ = false;
    const bool holds = proof.outcome == Proof::Outcome::holds;
    done(json_response(200, holds ? R"({"answers":true})" : std::move(proof.json)));
  });
}

void Site::setup_finish(const Request& request, const Form& form, const Session*, const Done& done) {
  if (const auto fault = fault_in(form)) return done(error_response(400, *fault));
  const auto text = [&](const char* name) { return std::string(form.value(name)); };
  const User admin{text("admin"), Role::admin, {}};
  const std::string password = text("adminPassword");
  if (auto good = check_name(admin.name); !good) return done(error_response(400, good.error()));
  if (auto good = check_password(admin.name, password); !good) return done(error_response(400, good.error()));
  const SetupDesk::Site site = site_in(form);
  parts_.hasher.hash(
      password, [this, alive = std::weak_ptr<const int>(alive_), request, site, admin, done](Result<std::string> hash) {
        if (alive.expired()) return;
        if (!hash) return done(error_response(503, hash.error()));
        finish_setup(request, site, {admin.name, admin.role, *hash}, done);
      });
}

// Users first: a power cut between the two leaves a device that is set up once more, never one that nobody can enter.
void Site::finish_setup(const Request& request, const SetupDesk::Site& site, const User& admin, const Done& done) {
  Access access;
  if (auto set = access.set_user(admin); !set) return done(error_response(400, set.error()));
  if (auto kept = keep(access); !kept) return done(error_response(503, kept.error()));
  if (auto finished = parts_.desk->finish(site); !finished) return done(error_response(400, finished.error()));
  setup_.close();
  sessions_.close_of(kNobody);
  say(EventKind::change, admin.name, request, "set-up finished");
  done(json_response(200, texts_json({{"mode", "login"}})));
}

}  // namespace meterseal::web
