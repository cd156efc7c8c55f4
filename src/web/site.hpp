#pragma once

// The site: one request in, one answer out. Decides in this order: is it addressed to us (Host), does its URL carry a
// password, which route is it, who asks, may they, is it their own page that asks (Origin, CSRF token). Only then a
// handler runs. There is no default password, and no route but the empty page, the login and the door of the first boot
// answers anybody who is not logged in.
//
// /cm and /metrics take an Authorization header and never look at a cookie; everything under /api/ takes the cookie and
// never looks at Authorization: neither can be borrowed for the other by a foreign page.
//
// Ownership: everything in SiteParts must outlive it. Thread: loop thread. Bounds: as of its parts; one task at a time.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.hpp"
#include "core/time.hpp"
#include "secrets/cryptography.hpp"
#include "web/access.hpp"
#include "web/device_view.hpp"
#include "web/entrance.hpp"
#include "web/event_log.hpp"
#include "web/http_message.hpp"
#include "web/http_text.hpp"
#include "web/power_history.hpp"
#include "web/sessions.hpp"
#include "web/setup_gate.hpp"

namespace meterseal::web {

/// Keeps users and tokens durably before it returns.
class AccessKeeper {
 public:
  virtual ~AccessKeeper() = default;
  [[nodiscard]] virtual Result<void> keep(const Access& access) = 0;
};

/// Files of the page.
struct Asset {
  std::string_view path;
  std::string_view content_type;
  std::span<const std::uint8_t> gzip;
};

struct SiteParts {
  const Clock& clock;
  Log& log;
  secrets::Cryptography& cryptography;
  secrets::PasswordHasher& hasher;
  AccessKeeper& keeper;
  Entrance& entrance;            ///< outlives this site
  DeviceView* device = nullptr;  ///< nullptr while the device is being set up
  SetupDesk* desk = nullptr;     ///< nullptr once it is
  std::span<const Asset> assets;
};

enum class MetricsAccess : std::uint8_t {
  off,
  token,     ///< a token, from anywhere
  loopback,  ///< without a token from this machine, with one from anywhere
};

struct SiteOptions {
  std::vector<std::string> hosts;  ///< names in Host beside the address itself, lower case
  MetricsAccess metrics = MetricsAccess::token;
  enum class Api : std::uint8_t {
    off,
    on
  } api = Api::on;  ///< /cm
};

/// Who may use a route.
enum class Need : std::uint8_t {
  nobody,  ///< may be used by everybody
  setup,   ///< the one who typed the code of the first boot
  viewer,
  admin
};

/// What stands in the body of a request that changes something.
enum class Body : std::uint8_t {
  form,
  file  ///< application/octet-stream, which no form of a foreign page can send
};

class Site {
 public:
  using Done = std::function<void(Response)>;
  struct Route {
    std::string_view path;
    void (Site::*run)(const Request& request, const Form& form, const Session* session, const Done& done);
    Method method;
    Need need;
    Body body = Body::form;
  };

  Site(const SiteParts& parts, SiteOptions options, Access access, SetupGate setup = {});
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site() = default;

  /// `done` is called once, at once or later; never after the site is gone.
  void handle(const Request& request, const Done& done);
  /// One event for a stream; nullopt: the session has ended, and so does the stream.
  [[nodiscard]] std::optional<std::string> live_event(std::string_view session);
  /// Once a second.
  void tick();

  [[nodiscard]] static std::span<const Route> routes();
  [[nodiscard]] PowerHistory& history() { return history_; }
  [[nodiscard]] EventLog& events() { return events_; }
  [[nodiscard]] const Access& access() const { return access_; }
  /// Can the walk of the first boot be begun, or does it go on?
  [[nodiscard]] bool is_setup_open();
  /// Another way in (the local socket, the configuration file) has changed a password: sessions of that user end.
  [[nodiscard]] Result<void> set_password(std::string_view user, std::string_view hash, std::string_view who,
                                          std::string_view from);

 private:
  struct Verified {
    secrets::Digest digest{};
    std::string user;
    Instant until;
  };
  struct Caller {
    std::string name;
    Role role = Role::viewer;
  };
  using WithCaller = std::function<void(std::optional<Caller>, Response refusal)>;
  using WithLogin = std::function<void(secrets::PasswordHasher::Answer, seconds wait)>;

  // site.cpp
  [[nodiscard]] bool is_addressed_to_us(const Request& request) const;
  [[nodiscard]] bool is_own_page(const Request& request) const;
  [[nodiscard]] std::optional<Response> asset(const Request& request) const;
  void run_route(const Route& route, const Request& request, const Form& query, const Done& done);
  [[nodiscard]] std::optional<Response> refusal_of(const Route& route, const Request& request, const Session* session);
  void check_login(const std::string& user, const std::string& password, const Request& request, WithLogin done);
  void with_authorization(const Request& request, const WithCaller& done);
  void with_basic(const BasicLogin& login, const Request& request, const WithCaller& done);
  void command(const Request& request, const Form& query, const Done& done);
  void metrics(const Request& request, const Done& done);
  [[nodiscard]] secrets::Digest digest_of(const BasicLogin& login) const;
  [[nodiscard]] Result<void> keep(const Access& changed);
  void say(EventKind kind, std::string_view who, const Request& request, std::string_view what);
  void say_command(std::string_view way, std::string_view who, const Request& request, std::string_view line,
                   const console::Replies& replies);

  // site_api.cpp
  void api_session(const Request&, const Form&, const Session*, const Done&);
  void api_login(const Request&, const Form&, const Session*, const Done&);
  void api_logout(const Request&, const Form&, const Session*, const Done&);
  void api_events(const Request&, const Form&, const Session*, const Done&);
  void api_live(const Request&, const Form&, const Session*, const Done&);
  void api_history(const Request&, const Form&, const Session*, const Done&);
  void api_facts(const Request&, const Form&, const Session*, const Done&);
  void api_log(const Request&, const Form&, const Session*, const Done&);
  void api_form(const Request&, const Form&, const Session*, const Done&);
  void api_save(const Request&, const Form&, const Session*, const Done&);
  void api_commands(const Request&, const Form&, const Session*, const Done&);
  void api_console(const Request&, const Form&, const Session*, const Done&);
  void api_fetch(const Request&, const Form&, const Session*, const Done&);
  void api_check(const Request&, const Form&, const Session*, const Done&);
  void save(const Request& request, const std::string& who, const std::vector<std::string>& lines, const Done& done);
  void prove_and_save(const Request& request, const Session& session, const std::vector<std::string>& lines,
                      const Done& done);
  void api_authorities(const Request&, const Form&, const Session*, const Done&);
  void api_read_authorities(const Request&, const Form&, const Session*, const Done&);
  void api_keep_authorities(const Request&, const Form&, const Session*, const Done&);
  void api_remove_authorities(const Request&, const Form&, const Session*, const Done&);
  void keep_authorities(const Request& request, const std::string& who, Proof::Outcome proved, const Done& done);
  void api_scan(const Request&, const Form&, const Session*, const Done&);
  void api_start_scan(const Request&, const Form&, const Session*, const Done&);
  void api_cancel_scan(const Request&, const Form&, const Session*, const Done&);
  void api_change_meters(const Request&, const Form&, const Session*, const Done&);
  void api_test_meter(const Request&, const Form&, const Session*, const Done&);
  void start_task(Task task, const std::string& argument, const Done& done);

  // site_backup.cpp
  void api_back_up(const Request&, const Form&, const Session*, const Done&);
  void api_restore(const Request&, const Form&, const Session*, const Done&);
  void back_up(const Request& request, const std::string& who, const std::string& passphrase, const Done& done);
  template <class Holder>
  void restore(Holder& holder, const Request& request, const Session& session, const Done& done);

  // site_access.cpp
  void api_access(const Request&, const Form&, const Session*, const Done&);
  void api_set_password(const Request&, const Form&, const Session*, const Done&);
  void api_set_user(const Request&, const Form&, const Session*, const Done&);
  void api_remove_user(const Request&, const Form&, const Session*, const Done&);
  void api_add_token(const Request&, const Form&, const Session*, const Done&);
  void api_remove_token(const Request&, const Form&, const Session*, const Done&);
  void confirmed(const Request& request, const Form& form, const Session& session, const Done& done,
                 std::function<void()> then);
  void keep_password(const Request& request, const User& user, std::string password, const std::string& session,
                     const std::string& who, const Done& done);

  // site_setup.cpp
  void setup_open(const Request&, const Form&, const Session*, const Done&);
  void setup_choices(const Request&, const Form&, const Session*, const Done&);
  void setup_try_meter(const Request&, const Form&, const Session*, const Done&);
  void setup_try_broker(const Request&, const Form&, const Session*, const Done&);
  void setup_finish(const Request&, const Form&, const Session*, const Done&);
  void setup_restore(const Request&, const Form&, const Session*, const Done&);
  void finish_setup(const Request& request, const SetupDesk::Site& site, const User& admin, const Done& done);

  // constant after construction
  const SiteParts parts_;
  const SiteOptions options_;
  static const Route kRoutes[];

  // loop thread only
  Access access_;
  SetupGate setup_;
  Sessions& sessions_;
  EventLog events_;
  PowerHistory history_;
  std::deque<Verified> verified_;  ///< Basic logins of the last minutes: a script must not cost an Argon2id each time
  std::string salt_;               ///< of the digests in verified_
  std::string live_;
  std::optional<Instant> live_at_;
  bool is_task_running_ = false;
  bool is_ending_ = false;  ///< a restore was kept: who may come in is decided by its users, after the restart
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  ///< answers may come after we are gone
};

[[nodiscard]] bool is_refusal(const console::Replies& replies);
/// At most 512 bytes in one line: may it be a value of the site?
[[nodiscard]] bool is_plain(std::string_view text);
/// Whose line it was.
struct CommandWay {
  std::string_view way;  ///< "/cm", "console"
  std::string_view who;
  std::string_view from;
};
/// Refused lines and those that change something are events, what only asks is none: whoever may look must not push out
/// what was changed. Of the line the command alone is kept: what follows it may be a secret.
void note_command(EventLog& events, const CommandWay& way, std::string_view line, const console::Replies& replies);
[[nodiscard]] Response json_response(unsigned status, std::string body);
[[nodiscard]] Response error_response(unsigned status, std::string_view what, std::string_view hint);
[[nodiscard]] Response error_response(unsigned status, const Error& error);
[[nodiscard]] Response too_many(seconds wait);
[[nodiscard]] Response restarting();

}  // namespace meterseal::web
