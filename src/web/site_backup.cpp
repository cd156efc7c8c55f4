// Backup and Restore. Both are confirmed with the password of the one who asks; a backup comes back as a form in one
// line, with the passphrase in it, and the file behind it, so that neither stands in a URL.

#include "web/errors.hpp"
#include "web/site.hpp"
#include "web/view_json.hpp"

namespace meterseal::web {

namespace {

struct FormAndFile {
  Form form;
  std::string file;
};

/// nullopt: no line, or none that is a form.
std::optional<FormAndFile> form_and_file(std::string_view body) {
  const auto end = body.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto form = Form::parse(body.substr(0, end));
  if (!form) return std::nullopt;
  return FormAndFile{std::move(*form), std::string(body.substr(end + 1))};
}

Response no_form() {
  return error_response(400, make_error(bad_form, "the backup", "the request is no form in one line and a file"));
}

}  // namespace

void Site::api_back_up(const Request& request, const Form& form, const Session* session, const Done& done) {
  const std::string passphrase(form.value("passphrase"));
  if (auto good = check_password({}, passphrase); !good) return done(error_response(400, good.error()));
  confirmed(request, form, *session, done,
            [this, request, passphrase, who = session->user, done] { back_up(request, who, passphrase, done); });
}

void Site::back_up(const Request& request, const std::string& who, const std::string& passphrase, const Done& done) {
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  parts_.device->back_up(
      passphrase, [this, alive = std::weak_ptr<const int>(alive_), request, who, done](Result<std::string> made) {
        if (alive.expired()) return;
        is_task_running_ = false;
        if (!made) return done(error_response(503, made.error()));
        say(EventKind::change, who, request, "backup made");
        Response response;
        response.content_type = "application/octet-stream";
        response.body = std::move(*made);
        done(std::move(response));
      });
}

template <class Holder>
void Site::restore(Holder& holder, const Request& request, const Session& session, const Done& done) {
  const auto sent = form_and_file(request.body);
  if (!sent) return done(no_form());
  const std::string_view step = sent->form.value("step");
  if (step != "look" && step != "keep") return done(error_response(400, "what shall be done?", "step=look or keep"));
  if (is_task_running_) return done(error_response(503, "another check is running", "wait until it is over"));
  is_task_running_ = true;
  holder.open_backup(std::string(sent->form.value("passphrase")), sent->file,
                     [this, &holder, alive = std::weak_ptr<const int>(alive_), request, id = session.id,
                      is_wanted = step == "keep", done](Result<std::string> seen) {
                       if (alive.expired()) return;
                       is_task_running_ = false;
                       // Rights are those of now: opening takes a moment, in which somebody may have been removed.
                       const Session* still = sessions_.find(id, parts_.clock.now());
                       if (still == nullptr) return done(error_response(401, "log in first", ""));
                       if (seen && is_wanted) {
                         if (auto kept = holder.restore_opened(); !kept) seen = tl::unexpected(kept.error());
                       }
                       if (!seen) {
                         say(EventKind::refusal, still->user, request, "a backup was refused: nothing was changed");
                         return done(error_response(400, seen.error()));
                       }
                       if (is_wanted) {
                         say(EventKind::change, still->user, request, "restored from a backup");
                         // Who may come in is decided by the users of the backup.
                         sessions_.close_all();
                         is_ending_ = true;
                       }
                       done(json_response(200, std::move(*seen)));
                     });
}

void Site::api_restore(const Request& request, const Form&, const Session* session, const Done& done) {
  const auto sent = form_and_file(request.body);
  if (!sent) return done(no_form());
  confirmed(request, sent->form, *session, done, [this, request, id = session->id, done] {
    const Session* still = sessions_.find(id, parts_.clock.now());
    if (still == nullptr || still->role != Role::admin) return done(error_response(401, "log in first", ""));
    restore(*parts_.device, request, *still, done);
  });
}

void Site::setup_restore(const Request& request, const Form&, const Session* session, const Done& done) {
  restore(*parts_.desk, request, *session, done);
}

}  // namespace meterseal::web
