// Routes of the page for those who are logged in.

#include "core/text.hpp"
#include "web/errors.hpp"
#include "web/forms.hpp"
#include "web/site.hpp"
#include "web/view_json.hpp"

namespace meterseal::web {

using Answer = secrets::PasswordHasher::Answer;

namespace {

/// @source RFC 6265bis, 4.1.3.2: __Host- needs Secure, Path=/ and no Domain
std::string cookie_header(std::string_view value, std::string_view more) {
  return "__Host-meterseal=" + std::string(value) + "; Path=/; Secure; HttpOnly; SameSite=Strict" + std::string(more);
}

/// @source MODBUS over serial line V1.02, 2.2: 1 to 247
constexpr std::uint64_t kHighestAddress = 247;

std::optional<std::size_t> number_in(const Form& form, std::string_view name, std::uint64_t low, std::uint64_t high) {
  std::uint64_t number = 0;
  if (!parse_decimal(form.value(name), low, high, number)) return std::nullopt;
  return static_cast<std::size_t>(number);
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 260 && printable(text.substr(0, 64)) == text.substr(0, 64) &&
         text.find_first_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

void Site::api_session(const Request&, const Form&, const Session* session, const Done& done) {
  const bool is_setting_up = parts_.desk != nullptr;
  if (session == nullptr) {
    const bool open = is_setting_up && setup_.is_open(parts_.clock.now());
    return done(json_response(200, texts_json({{"mode", !is_setting_up ? "login" : open ? "code" : "closed"}})));
  }
  const std::string_view mode = session->user.empty() ? "walk" : "session";
  done(json_response(
      200, texts_json(
               {{"mode", mode}, {"user", session->user}, {"role", name_of(session->role)}, {"csrf", session->csrf}})));
}

void Site::api_login(const Request& request, const Form& form, const Session*, const Done& done) {
  const std::string user(form.value("user"));
  if (is_ending_) return done(restarting());
  if (!access_.has_admin())
    return done(error_response(403, "no password has been set yet", "on the device: meterseal console, WebPassword"));
  check_login(
      user, std::string(form.value("password")), request, [this, user, request, done](Answer answer, seconds wait) {
        if (is_ending_) return done(restarting());
        if (answer == Answer::busy) {
          say(EventKind::refusal, user, request, "login too soon after failures");
          return done(too_many(wait));
        }
        const User* known = access_.find(user);
        if (answer == Answer::wrong || known == nullptr) {
          say(EventKind::refusal, user, request, "wrong user or password");
          return done(error_response(401, "wrong user or password", "each failure makes the next try wait longer"));
        }
        const Session& session = sessions_.open(*known, request.source, parts_.cryptography, parts_.clock.now());
        say(EventKind::login, known->name, request, "logged in as " + std::string(name_of(known->role)));
        Response response = json_response(200, texts_json({{"mode", "session"},
                                                           {"user", session.user},
                                                           {"role", name_of(session.role)},
                                                           {"csrf", session.csrf}}));
        response.headers.emplace_back("Set-Cookie", cookie_header(session.id, ""));
        done(std::move(response));
      });
}

void Site::api_logout(const Request& request, const Form&, const Session* session, const Done& done) {
  say(EventKind::login, session->user, request, "logged out");
  sessions_.close(std::string(session->id));
  Response response = json_response(200, "{}");
  response.headers.emplace_back("Set-Cookie", cookie_header("", "; Max-Age=0"));
  done(std::move(response));
}

void Site::api_events(const Request&, const Form&, const Session* session, const Done& done) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream_session = session->id;
  done(std::move(response));
}

void Site::api_live(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, live_json(*parts_.device)));
}

void Site::api_history(const Request&, const Form& query, const Session*, const Done& done) {
  const auto span = span_of(query.value("span"));
  if (!span) return done(error_response(400, "no such span", "hour, day or month"));
  done(json_response(200, history_json(history_.points(query.value("meter"), *span))));
}

void Site::api_facts(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, facts_json(parts_.device->facts())));
}

void Site::api_log(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, log_json(parts_.device->log_lines(), events_.events())));
}

void Site::api_form(const Request&, const Form& query, const Session*, const Done& done) {
  const FormTable* form = find_form(query.value("name"));
  if (form == nullptr) return done(error_response(404, "there is no such form", ""));
  done(json_response(200, form_json(*form, *parts_.device)));
}

void Site::api_save(const Request& request, const Form& sent, const Session* session, const Done& done) {
  // The form's name travels with its fields, and is none of them; so does that a person wants it kept unproved.
  const FormTable* form = find_form(sent.value("form"));
  if (form == nullptr) return done(error_response(404, "there is no such form", ""));
  auto lines = console_lines(*form, sent.without("form").without("keep"));
  if (!lines) return done(error_response(400, lines.error()));
  if (!parts_.device->needs_proof(*lines)) return save(request, session->user, *lines, done);
  if (sent.value("keep") != "anyway") return prove_and_save(request, *session, *lines, done);
  say(EventKind::change, session->user, request, std::string(form->title) + ": kept without proof");
  save(request, session->user, *lines, done);
}

void Site::prove_and_save(const Request& request, const Session& session, const std::vector<std::string>& lines,
                          const Done& done) {
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  parts_.device->prove(
      lines, [this, alive = std::weak_ptr<const int>(alive_), request, id = session.id, lines, done](Proof proof) {
        if (alive.expired()) return;
        is_task_running_ = false;
        // Rights are those of now, not of a minute ago.
        const Session* still = sessions_.find(id, parts_.clock.now());
        if (still == nullptr) return done(error_response(401, "log in first", ""));
        if (proof.outcome == Proof::Outcome::holds) return save(request, still->user, lines, done);
        say(EventKind::refusal, still->user, request, "a change was tried and failed: nothing was kept");
        done(json_response(200, std::move(proof.json)));
      });
}

void Site::save(const Request& request, const std::string& who, const std::vector<std::string>& lines,
                const Done& done) {
  console::Replies replies;
  for (const std::string& line : lines) {
    auto answer = parts_.device->run(line, {console::Source::web, console::Rights::change});
    const bool is_refused = is_refusal(answer);
    say(is_refused ? EventKind::refusal : EventKind::change, who, request, line.substr(0, line.find(' ')));
    for (console::Reply& reply : answer) replies.push_back(std::move(reply));
    // What follows may only make sense with it.
    if (is_refused) break;
  }
  done(json_response(200, replies_json(replies)));
}

void Site::api_commands(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, commands_json()));
}

void Site::api_console(const Request& request, const Form& form, const Session* session, const Done& done) {
  const std::string_view line = form.value("line");
  const auto replies = parts_.device->run(line, {console::Source::web, console::Rights::change});
  say_command("console", session->user, request, line, replies);
  done(json_response(200, replies_json(replies)));
}

void Site::api_authorities(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, authorities_json(parts_.device->authorities())));
}

void Site::api_read_authorities(const Request& request, const Form&, const Session*, const Done& done) {
  auto list = parts_.device->read_authorities(request.body);
  if (!list) return done(error_response(400, list.error()));
  done(json_response(200, authorities_json({AuthoritiesView::Place::uploaded, {}, std::move(*list)})));
}

void Site::api_keep_authorities(const Request& request, const Form& query, const Session* session, const Done& done) {
  if (auto list = parts_.device->read_authorities(request.body); !list) return done(error_response(400, list.error()));
  if (parts_.device->authorities().place == AuthoritiesView::Place::declared)
    return done(error_response(400, "the configuration file says where authorities are", "change mqtt.tls.ca_file"));
  if (query.value("keep") == "anyway") return keep_authorities(request, session->user, Proof::Outcome::fails, done);
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  parts_.device->prove_authorities(
      request.body, [this, alive = std::weak_ptr<const int>(alive_), request, id = session->id, done](Proof proof) {
        if (alive.expired()) return;
        is_task_running_ = false;
        const Session* still = sessions_.find(id, parts_.clock.now());
        if (still == nullptr) return done(error_response(401, "log in first", ""));
        if (proof.outcome == Proof::Outcome::holds) return keep_authorities(request, still->user, proof.outcome, done);
        say(EventKind::refusal, still->user, request, "authorities were tried and failed: nothing was kept");
        done(json_response(200, std::move(proof.json)));
      });
}

void Site::keep_authorities(const Request& request, const std::string& who, Proof::Outcome proved, const Done& done) {
  if (auto kept = parts_.device->keep_authorities(request.body, proved); !kept)
    return done(error_response(503, kept.error()));
  say(EventKind::change, who, request,
      proved == Proof::Outcome::holds ? "authorities uploaded" : "authorities uploaded, kept without proof");
  done(json_response(200, authorities_json(parts_.device->authorities())));
}

void Site::api_remove_authorities(const Request& request, const Form&, const Session* session, const Done& done) {
  if (auto kept = parts_.device->keep_authorities({}, Proof::Outcome::fails); !kept)
    return done(error_response(503, kept.error()));
  say(EventKind::change, session->user, request, "uploaded authorities removed");
  done(json_response(200, authorities_json(parts_.device->authorities())));
}

void Site::api_scan(const Request&, const Form&, const Session*, const Done& done) {
  done(json_response(200, parts_.device->scan_json()));
}

void Site::api_start_scan(const Request& request, const Form& form, const Session* session, const Done& done) {
  const auto bus = number_in(form, "bus", 0, 31);
  const auto first = number_in(form, "first", 1, kHighestAddress);
  const auto last = number_in(form, "last", 1, kHighestAddress);
  if (!bus || !first || !last || *first > *last)
    return done(error_response(400, make_error(bad_form, "scan", "addresses are 1 to 247, the first one first")));
  const ScanRange range{*bus, static_cast<std::uint8_t>(*first), static_cast<std::uint8_t>(*last)};
  if (auto started = parts_.device->start_scan(range); !started) return done(error_response(400, started.error()));
  say(EventKind::change, session->user, request, "scan of a bus");
  done(json_response(200, parts_.device->scan_json()));
}

void Site::api_cancel_scan(const Request&, const Form&, const Session*, const Done& done) {
  parts_.device->cancel_scan();
  done(json_response(200, parts_.device->scan_json()));
}

void Site::api_change_meters(const Request& request, const Form& form, const Session* session, const Done& done) {
  using Kind = MeterChange::Kind;
  const std::string_view what = form.value("what");
  const auto kind = what == "put"      ? std::optional(Kind::put)
                    : what == "remove" ? std::optional(Kind::remove)
                    : what == "line"   ? std::optional(Kind::line)
                                       : std::nullopt;
  const auto bus = number_in(form, "bus", 0, 31);
  for (const auto& [name, value] : form.fields()) {
    if (!is_plain(value)) return done(error_response(400, make_error(bad_form, name, name + " is not plain text")));
  }
  if (!kind || !bus)
    return done(error_response(400, make_error(bad_form, "meter", "put, remove or line, and which bus?")));
  const auto text = [&](const char* name) { return std::string(form.value(name)); };
  const MeterChange change{*kind,
                           *bus,
                           text("name"),
                           text("address"),
                           text("profile"),
                           text("port"),
                           text("baud"),
                           text("parity"),
                           form.value("keep") == "anyway"};
  if (auto changed = parts_.device->change_meters(change); !changed) {
    say(EventKind::refusal, session->user, request, "change of meters");
    return done(error_response(400, changed.error()));
  }
  say(EventKind::change, session->user, request, "meters: " + std::string(what) + " " + printable(change.name));
  done(json_response(200, parts_.device->scan_json()));
}

void Site::api_test_meter(const Request&, const Form& form, const Session*, const Done& done) {
  const auto bus = number_in(form, "bus", 0, 31);
  const auto address = number_in(form, "address", 1, kHighestAddress);
  if (!bus || !address)
    return done(error_response(400, make_error(bad_form, "meter", "which bus and which address, 1 to 247?")));
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  const auto finished = [this, alive = std::weak_ptr<const int>(alive_), done](std::string json) {
    if (alive.expired()) return;
    is_task_running_ = false;
    done(json_response(200, std::move(json)));
  };
  parts_.device->test_meter(*bus, static_cast<std::uint8_t>(*address), std::string(form.value("profile")), finished);
}

void Site::start_task(Task task, const std::string& argument, const Done& done) {
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  const auto finished = [this, alive = std::weak_ptr<const int>(alive_), done](std::string json) {
    if (alive.expired()) return;
    is_task_running_ = false;
    done(json_response(200, std::move(json)));
  };
  if (parts_.device != nullptr) {
    parts_.device->start(task, argument, finished);
  } else {
    parts_.desk->start(task, argument, finished);
  }
}

void Site::api_fetch(const Request&, const Form& form, const Session*, const Done& done) {
  if (!is_address(form.value("host"))) return done(error_response(400, "this is no address", "HOST or HOST:PORT"));
  start_task(Task::fetch_fingerprint, std::string(form.value("host")), done);
}

void Site::api_check(const Request&, const Form& form, const Session*, const Done& done) {
  if (!is_address(form.value("host"))) return done(error_response(400, "this is no address", "HOST or HOST:PORT"));
  start_task(Task::check_connection, std::string(form.value("host")), done);
}

}  // namespace meterseal::web
