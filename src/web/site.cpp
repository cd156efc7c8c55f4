#include "web/site.hpp"

#include <algorithm>

#include "console/command_line.hpp"
#include "console/commands.hpp"
#include "secrets/token.hpp"
#include "web/errors.hpp"
#include "web/view_json.hpp"

namespace meterseal::web {

using Answer = secrets::PasswordHasher::Answer;

namespace {

constexpr std::string_view kCookie = "__Host-meterseal";
constexpr seconds kVerifiedFor{300};
constexpr std::size_t kMostVerified = 8;
/// A user that does not exist costs as much time as one that does: its password is checked against this.
constexpr std::string_view kNobodysHash =
    "$argon2id$v=19$m=12288,t=3,p=1$bm9ib2R5LXNhbHQtMTZieQ$bm9ib2R5cyBwYXNzd29yZCBoYXMgdGhpcyBoYXNoISE";

bool is_form(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/x-www-form-urlencoded";
}

/// Several replies as one object, as Tasmota's /cm gives them.
std::string merged(const console::Replies& replies) {
  std::string text;
  for (const console::Reply& reply : replies) {
    if (text.empty()) {
      text = reply.json;
    } else if (text.size() > 2 && reply.json.size() > 2) {
      text.back() = ',';
      text.append(reply.json, 1);
    }
  }
  return text.empty() ? "{}" : text;
}

}  // namespace

bool is_plain(std::string_view text) {
  return text.size() <= 512 && text.find_first_of(std::string_view("\0\r\n\t", 4)) == std::string_view::npos;
}

bool is_refusal(const console::Replies& replies) {
  return !replies.empty() && replies[0].json.starts_with("{\"Command\":");
}

namespace {

/// The command of a line.
std::string word_of(std::string_view line) {
  return printable(line.substr(0, line.find(' ')));
}

bool changes_nothing(std::string_view name) {
  const console::Command* command = console::find_command(name);
  return command == nullptr || command->change == console::Change::nothing;
}

}  // namespace

void note_command(EventLog& events, const CommandWay& way, std::string_view line, const console::Replies& replies) {
  const std::string what = std::string(way.way) + " " + word_of(line);
  if (is_refusal(replies)) return events.add(EventKind::refusal, way.who, way.from, what);
  const auto parsed = console::parse_line(line);
  if (parsed && !parsed->is_query() && !changes_nothing(parsed->name))
    events.add(EventKind::change, way.who, way.from, what);
}

Response json_response(unsigned status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response error_response(unsigned status, std::string_view what, std::string_view hint) {
  return json_response(status, texts_json({{"error", what}, {"hint", hint}}));
}

Response error_response(unsigned status, const Error& error) {
  return json_response(status, error_json(error));
}

Response too_many(seconds wait) {
  const std::string text = std::to_string(wait.count());
  Response response = error_response(429, "too many failed logins", "wait " + text + " s and try again");
  response.headers.emplace_back("Retry-After", text);
  return response;
}

Response restarting() {
  return error_response(503, "the device restarts", "wait a few seconds and log in again");
}

const Site::Route Site::kRoutes[] = {
    {"/api/session", &Site::api_session, Method::get, Need::nobody},
    {"/api/login", &Site::api_login, Method::post, Need::nobody},
    {"/api/logout", &Site::api_logout, Method::post, Need::viewer},
    {"/api/events", &Site::api_events, Method::get, Need::viewer},
    {"/api/live", &Site::api_live, Method::get, Need::viewer},
    {"/api/history", &Site::api_history, Method::get, Need::viewer},
    {"/api/facts", &Site::api_facts, Method::get, Need::viewer},
    {"/api/log", &Site::api_log, Method::get, Need::viewer},
    {"/api/commands", &Site::api_commands, Method::get, Need::viewer},
    {"/api/password", &Site::api_set_password, Method::post, Need::viewer},
    {"/api/form", &Site::api_form, Method::get, Need::admin},
    {"/api/save", &Site::api_save, Method::post, Need::admin},
    {"/api/console", &Site::api_console, Method::post, Need::admin},
    {"/api/tls/fetch", &Site::api_fetch, Method::post, Need::admin},
    {"/api/tls/check", &Site::api_check, Method::post, Need::admin},
    {"/api/ca", &Site::api_authorities, Method::get, Need::admin},
    {"/api/ca/read", &Site::api_read_authorities, Method::post, Need::admin, Body::file},
    {"/api/ca/keep", &Site::api_keep_authorities, Method::post, Need::admin, Body::file},
    {"/api/ca/remove", &Site::api_remove_authorities, Method::post, Need::admin},
    {"/api/scan", &Site::api_scan, Method::get, Need::admin},
    {"/api/scan/start", &Site::api_start_scan, Method::post, Need::admin},
    {"/api/scan/cancel", &Site::api_cancel_scan, Method::post, Need::admin},
    {"/api/meter/change", &Site::api_change_meters, Method::post, Need::admin},
    {"/api/meter/test", &Site::api_test_meter, Method::post, Need::admin},
    {"/api/backup", &Site::api_back_up, Method::post, Need::admin},
    {"/api/restore", &Site::api_restore, Method::post, Need::admin, Body::file},
    {"/api/access", &Site::api_access, Method::get, Need::admin},
    {"/api/access/user", &Site::api_set_user, Method::post, Need::admin},
    {"/api/access/user/remove", &Site::api_remove_user, Method::post, Need::admin},
    {"/api/access/token", &Site::api_add_token, Method::post, Need::admin},
    {"/api/access/token/remove", &Site::api_remove_token, Method::post, Need::admin},
    {"/api/setup/open", &Site::setup_open, Method::post, Need::nobody},
    {"/api/setup/choices", &Site::setup_choices, Method::get, Need::setup},
    {"/api/setup/meter", &Site::setup_try_meter, Method::post, Need::setup},
    {"/api/setup/login", &Site::setup_try_broker, Method::post, Need::setup},
    {"/api/setup/fetch", &Site::api_fetch, Method::post, Need::setup},
    {"/api/setup/finish", &Site::setup_finish, Method::post, Need::setup},
    {"/api/setup/restore", &Site::setup_restore, Method::post, Need::setup, Body::file},
};

std::span<const Site::Route> Site::routes() {
  return kRoutes;
}

Site::Site(const SiteParts& parts, SiteOptions options, Access access, SetupGate setup)
    : parts_(parts),
      options_(std::move(options)),
      access_(std::move(access)),
      setup_(std::move(setup)),
      sessions_(parts.entrance.sessions),
      events_(parts.clock, parts.log),
      salt_(secrets::make_token(parts.cryptography)) {
  sessions_.close_unknown(access_);
}

void Site::say(EventKind kind, std::string_view who, const Request& request, std::string_view what) {
  events_.add(kind, who, request.source, what);
}

void Site::say_command(std::string_view way, std::string_view who, const Request& request, std::string_view line,
                       const console::Replies& replies) {
  note_command(events_, {way, who, request.source}, line, replies);
}

// A name of an attacker's domain can be made to point here (DNS rebinding); an address cannot be made another one.
bool Site::is_addressed_to_us(const Request& request) const {
  const auto name = host_name(request.host);
  if (!name) return false;
  if (*name == request.served_address) return true;
  if (request.from == Origin::loopback && *name == "localhost") return true;
  return std::find(options_.hosts.begin(), options_.hosts.end(), *name) != options_.hosts.end();
}

/// Browsers say which page a request comes from; programs that are no browsers say nothing.
bool Site::is_own_page(const Request& request) const {
  if (!request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none") return false;
  return request.origin.empty() || request.origin == "https://" + request.host;
}

std::optional<Response> Site::asset(const Request& request) const {
  if (request.method != Method::get && request.method != Method::head) return std::nullopt;
  const auto found = std::find_if(parts_.assets.begin(), parts_.assets.end(),
                                  [&](const Asset& asset) { return asset.path == request.path; });
  if (found == parts_.assets.end()) return std::nullopt;
  Response response;
  response.content_type = found->content_type;
  response.asset = found->gzip;
  return response;
}

void Site::handle(const Request& request, const Done& done) {
  if (!is_addressed_to_us(request)) {
    say(EventKind::refusal, "", request, "asked for another host: " + printable(request.host));
    return done(error_response(421, "this name is not served here", "use the address, or add the name to web.hosts"));
  }
  const auto query = Form::parse(request.query);
  if (!query) return done(error_response(400, "the query cannot be read", "encode it as a form"));
  // What stands in a URL stands in logs, histories and Referer headers.
  if (query->has("user") || query->has("password")) {
    say(EventKind::refusal, "", request, "password in a URL");
    return done(error_response(400, "a password in the URL is never taken",
                               "send it in an Authorization header: curl -u USER, or a token as Bearer"));
  }
  if (auto file = asset(request)) return done(std::move(*file));
  if (request.path == "/cm") return command(request, *query, done);
  if (request.path == "/metrics") return metrics(request, done);
  bool known = false;
  for (const Route& route : kRoutes) {
    if (route.path != request.path) continue;
    known = true;
    if (route.method == request.method) return run_route(route, request, *query, done);
  }
  done(known ? error_response(405, "this method is not possible here", "")
             : error_response(404, "there is no such page", ""));
}

std::optional<Response> Site::refusal_of(const Route& route, const Request& request, const Session* session) {
  if (!is_own_page(request)) {
    say(EventKind::refusal, session == nullptr ? "" : session->user, request, "request of a foreign page");
    return error_response(403, "this request comes from a foreign page", "open the page of the device itself");
  }
  const bool is_setup = session != nullptr && session->user.empty();
  switch (route.need) {
    case Need::nobody: break;
    case Need::setup:
      if (!is_setup) return error_response(401, "enter the set-up code first", "it stands in the journal");
      break;
    case Need::viewer:
    case Need::admin:
      if (session == nullptr || is_setup) return error_response(401, "log in first", "");
      if (route.need == Need::admin && session->role != Role::admin) {
        say(EventKind::refusal, session->user, request, "a viewer asked for " + std::string(route.path));
        return error_response(403, "only an administrator may do this", "log in as an administrator");
      }
  }
  if (route.method != Method::post) return std::nullopt;
  const bool is_right_kind =
      route.body == Body::form ? is_form(request.content_type) : request.content_type == "application/octet-stream";
  if (!is_right_kind)
    return error_response(
        415, "this kind of body is not taken",
        route.body == Body::form ? "send application/x-www-form-urlencoded" : "send application/octet-stream");
  if (route.need != Need::nobody && !secrets::equal_in_constant_time(session->csrf, request.csrf_token)) {
    say(EventKind::refusal, session->user, request, "request without its CSRF token");
    return error_response(403, "the request does not prove that this page made it", "load the page again");
  }
  return std::nullopt;
}

void Site::run_route(const Route& route, const Request& request, const Form& query, const Done& done) {
  const Session* session = sessions_.use(cookie_value(request.cookie, kCookie), parts_.clock.now());
  if (auto refusal = refusal_of(route, request, session)) return done(std::move(*refusal));
  if (route.method != Method::post || route.body == Body::file)
    return (this->*route.run)(request, query, session, done);
  const auto form = Form::parse(request.body);
  if (!form) return done(error_response(400, "the form cannot be read", "encode it as a form"));
  (this->*route.run)(request, *form, session, done);
}

void Site::check_login(const std::string& user, const std::string& password, const Request& request, WithLogin done) {
  const Instant now = parts_.clock.now();
  if (const seconds wait = parts_.entrance.gate.wait(request.source, now); wait > seconds{0})
    return done(Answer::busy, wait);
  parts_.entrance.gate.begin(request.source, now);
  const User* known = access_.find(user);
  const std::string stored = known == nullptr ? std::string(kNobodysHash) : known->password_hash;
  parts_.hasher.verify(stored, password,
                       [this, alive = std::weak_ptr<const int>(alive_), source = request.source, stored, user,
                        exists = known != nullptr, done = std::move(done)](Answer answer) {
                         if (alive.expired()) return;
                         // It may have been changed or removed while the check ran.
                         const User* still = access_.find(user);
                         if (answer == Answer::right && (!exists || still == nullptr || still->password_hash != stored))
                           answer = Answer::wrong;
                         if (answer == Answer::right) parts_.entrance.gate.passed(source);
                         if (answer == Answer::busy) parts_.entrance.gate.undone(source, parts_.clock.now());
                         done(answer, seconds{1});
                       });
}

secrets::Digest Site::digest_of(const BasicLogin& login) const {
  return parts_.cryptography.digest(salt_ + login.user + ':' + login.password);
}

void Site::with_basic(const BasicLogin& login, const Request& request, const WithCaller& done) {
  const Instant now = parts_.clock.now();
  std::erase_if(verified_, [&](const Verified& v) { return now >= v.until; });
  const secrets::Digest digest = digest_of(login);
  for (const Verified& verified : verified_) {
    const User* user = access_.find(verified.user);
    if (user != nullptr && secrets::equal_in_constant_time(Bytes(verified.digest), Bytes(digest)))
      return done(Caller{user->name, user->role}, {});
  }
  check_login(login.user, login.password, request,
              [this, digest, user = login.user, request, done](Answer answer, seconds wait) {
                if (is_ending_) return done(std::nullopt, restarting());
                if (answer == Answer::busy) return done(std::nullopt, too_many(wait));
                const User* known = access_.find(user);
                if (answer == Answer::wrong || known == nullptr) {
                  say(EventKind::refusal, user, request, "wrong password for /cm");
                  return done(std::nullopt, error_response(401, "wrong user or password", "check both"));
                }
                say(EventKind::login, user, request, "logged in for /cm");
                if (verified_.size() == kMostVerified) verified_.pop_front();
                verified_.push_back({digest, user, parts_.clock.now() + kVerifiedFor});
                done(Caller{known->name, known->role}, {});
              });
}

void Site::with_authorization(const Request& request, const WithCaller& done) {
  if (is_ending_) return done(std::nullopt, restarting());
  if (!is_own_page(request)) {
    say(EventKind::refusal, "", request, "request of a foreign page");
    return done(std::nullopt, error_response(403, "this request comes from a foreign page", ""));
  }
  if (const std::string_view token = bearer_token(request.authorization); !token.empty()) {
    if (const ApiToken* known = access_.find_token(parts_.cryptography.digest(token)))
      return done(Caller{known->name, known->role}, {});
    // 256 random bits cannot be guessed: no pause, so that a stale token of one program does not stop another.
    say(EventKind::refusal, "", request, "unknown token");
    return done(std::nullopt, error_response(401, "this token is not known", "make one under Configure Web Admin"));
  }
  if (const auto login = basic_login(request.authorization)) return with_basic(*login, request, done);
  Response refusal = error_response(401, "an Authorization header is needed",
                                    "curl -u USER, or -H 'Authorization: Bearer TOKEN' (Configure Web Admin)");
  refusal.headers.emplace_back("WWW-Authenticate", "Basic realm=\"meterseal\", charset=\"UTF-8\"");
  done(std::nullopt, std::move(refusal));
}

void Site::command(const Request& request, const Form& query, const Done& done) {
  if (options_.api == SiteOptions::Api::off || parts_.device == nullptr)
    return done(error_response(404, "there is no such page", ""));
  if (request.method != Method::get && request.method != Method::post)
    return done(error_response(405, "this method is not possible here", "use GET or POST"));
  std::string line(query.value("cmnd"));
  if (request.method == Method::post) {
    const auto form = is_form(request.content_type) ? Form::parse(request.body) : std::nullopt;
    if (!form) return done(error_response(400, "the form cannot be read", "send cmnd= as a form"));
    if (form->has("cmnd")) line = form->value("cmnd");
  }
  if (query.has("cmnd") && console::holds_secret(query.value("cmnd"))) {
    say(EventKind::refusal, "", request, "password of a command in a URL");
    return done(error_response(400, "a password in the URL is never taken", "send cmnd= by POST: curl -d cmnd=..."));
  }
  with_authorization(request, [this, line, done, request](const std::optional<Caller>& caller, Response refusal) {
    if (!caller) return done(std::move(refusal));
    const auto rights = caller->role == Role::admin ? console::Rights::change : console::Rights::view;
    if (line.empty()) return done(error_response(400, "no command", "send cmnd=COMMAND"));
    const auto replies = parts_.device->run(line, {console::Source::http, rights});
    say_command("/cm", caller->name, request, line, replies);
    done(json_response(200, merged(replies)));
  });
}

void Site::metrics(const Request& request, const Done& done) {
  if (options_.metrics == MetricsAccess::off || parts_.device == nullptr)
    return done(error_response(404, "there is no such page", ""));
  if (request.method != Method::get) return done(error_response(405, "this method is not possible here", "use GET"));
  const auto answer = [this, done] {
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_text(*parts_.device);
    done(std::move(response));
  };
  // A page in a browser on this machine is no neighbour to be trusted.
  const bool is_program = request.fetch_site.empty() && request.origin.empty() && request.authorization.empty();
  if (options_.metrics == MetricsAccess::loopback && request.from == Origin::loopback && is_program) return answer();
  with_authorization(request, [answer, done](const std::optional<Caller>& caller, Response refusal) {
    if (!caller) return done(std::move(refusal));
    answer();
  });
}

Result<void> Site::keep(const Access& changed) {
  return parts_.keeper.keep(changed).map([&] {
    access_ = changed;
    verified_.clear();
  });
}

Result<void> Site::set_password(std::string_view user, std::string_view hash, std::string_view who,
                                std::string_view from) {
  Access changed = access_;
  const User* known = changed.find(user);
  const Role role = known == nullptr ? Role::admin : known->role;
  if (auto set = changed.set_user({std::string(user), role, std::string(hash)}); !set) return set;
  return keep(changed).map([&] {
    sessions_.close_of(user);
    events_.add(EventKind::change, who, from, "password of " + printable(user) + " set");
  });
}

std::optional<std::string> Site::live_event(std::string_view session) {
  const Instant now = parts_.clock.now();
  if (parts_.device == nullptr || sessions_.find(session, now) == nullptr) return std::nullopt;
  // One text for all streams of this second.
  if (!live_at_ || now - *live_at_ >= milliseconds{900}) {
    live_ = live_json(*parts_.device);
    live_at_ = now;
  }
  return "data: " + live_ + "\n\n";
}

void Site::tick() {
  const auto utc = parts_.clock.utc();
  if (parts_.device == nullptr || !utc) return;
  for (const MeterView& meter : parts_.device->meters()) history_.add(meter.name, *utc, meter.whole.power_mw);
}

}  // namespace meterseal::web
