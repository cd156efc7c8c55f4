#include "app/face/web_face.hpp"

#include <unistd.h>

#include <array>

#include "app/host_facts.hpp"
#include "secrets/host/sodium.hpp"
#include "secrets/token.hpp"
#include "web/errors.hpp"
#include "web/host/server.hpp"
#include "web/host/web_state.hpp"
#include "web/page/assets.hpp"
#include "web/site.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "WEB";
constexpr const char* kAdmin = "admin";
/// Plots may lose that much at a power cut; each time costs the disk 16 KiB.
constexpr seconds kHistoryInterval{900};
/// Strangers can make events: their writes are bounded, too. The program's log has each at once.
constexpr seconds kEventsInterval{15};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

bool is_every_address(std::string_view host) {
  return host == "0.0.0.0" || host == "::";
}

/// At which names and addresses people will ask for the page.
std::vector<std::string> certificate_names(const WebConfig& config) {
  std::vector<std::string> names = config.hosts;
  for (const std::string& name : {std::string("localhost"), host_name()}) {
    if (!name.empty()) names.push_back(name);
  }
  for (const HostPort& address : config.listen) {
    if (!is_every_address(address.host)) names.push_back(address.host);
  }
  return names;
}

std::vector<std::string> accepted_hosts(const WebConfig& config) {
  std::vector<std::string> hosts = config.hosts;
  std::string own;
  for (const char c : host_name()) own += to_lower(c);
  if (!own.empty()) {
    hosts.push_back(own);
    hosts.push_back(own + ".local");
  }
  return hosts;
}

class OpenWebFace final : public WebFace {
 public:
  explicit OpenWebFace(const WebParts& parts) : parts_(parts), state_(parts.state_directory) {}
  ~OpenWebFace() override {
    keep_history();
    keep_events();
  }
  OpenWebFace(const OpenWebFace&) = delete;
  OpenWebFace& operator=(const OpenWebFace&) = delete;

  [[nodiscard]] Result<void> start() {
    auto cryptography = secrets::host::make_cryptography();
    if (!cryptography) return tl::unexpected(cryptography.error());
    cryptography_ = std::move(*cryptography);
    auto hasher = secrets::host::make_password_hasher(parts_.loop);
    if (!hasher) return tl::unexpected(hasher.error());
    hasher_ = std::move(*hasher);
    auto tls = identity();
    if (!tls) return tl::unexpected(tls.error());

    web::SetupGate gate;
    std::string code;
    if (parts_.desk != nullptr) {
      code = secrets::make_code(*cryptography_);
      gate = web::SetupGate(code, parts_.clock.now());
    }
    const web::SiteParts site_parts{parts_.clock,    parts_.log,    *cryptography_, *hasher_,          state_,
                                    parts_.entrance, parts_.device, parts_.desk,    web::page_assets()};
    site_ = std::make_unique<web::Site>(
        site_parts, web::SiteOptions{accepted_hosts(parts_.config), parts_.config.metrics, parts_.config.api},
        load_access(), std::move(gate));
    site_->history() = state_.load_history();
    site_->events().recall(state_.load_events());
    auto server = web::host::Server::make(parts_.loop, parts_.clock, parts_.log, *site_, *tls, addresses());
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    tell((*tls)->fingerprint(), code);
    take_declared_password();
    return {};
  }

  [[nodiscard]] std::vector<HostPort> served() const override {
    std::vector<HostPort> served = parts_.config.listen;
    const auto ports = server_->ports();
    for (std::size_t i = 0; i < ports.size(); ++i) served[i].port = ports[i];
    return served;
  }

  [[nodiscard]] bool is_setup_open() override { return site_->is_setup_open(); }

  void tick() override {
    const Instant now = parts_.clock.now();
    if (site_->events().version() != events_version_ && now - events_kept_ >= kEventsInterval) {
      events_kept_ = now;
      keep_events();
    }
    if (!history_kept_) history_kept_ = now;
    if (now - *history_kept_ < kHistoryInterval) return;
    history_kept_ = now;
    keep_history();
  }

  void note_command(std::string_view from, std::string_view line, const console::Replies& replies) override {
    web::note_command(site_->events(), {"command", "", from}, line, replies);
  }

  void set_password(const std::string& user, std::string password, std::function<void(Result<void>)> done) override {
    if (auto good = web::check_name(user); !good) return done(good);
    if (auto good = web::check_password(user, password); !good) return done(good);
    hash_and_set(user, std::move(password), "local", "socket", std::move(done));
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<trust::host::TlsServerContext>> identity() const {
    if (!parts_.config.certificate.path.empty())
      return web::host::supplied_identity(parts_.config.certificate.path, parts_.config.key.path);
    // A day earlier: browsers whose clock is a little behind believe it, too.
    const UtcTime now = parts_.clock.utc().value_or(host::build_date());
    return state_.identity(certificate_names(parts_.config), now - seconds{86'400});
  }

  [[nodiscard]] web::Access load_access() {
    auto access = state_.load_access();
    if (access) return std::move(*access);
    parts_.log.error(kTag, access.error());
    return {};
  }

  [[nodiscard]] std::vector<web::host::ListenAddress> addresses() const {
    std::vector<web::host::ListenAddress> addresses;
    addresses.reserve(parts_.config.listen.size());
    for (const HostPort& address : parts_.config.listen) addresses.push_back({address.host, address.port});
    return addresses;
  }

  void tell(const std::string& fingerprint, const std::string& code) {
    const std::string own = read_network_texts().ip_address;
    for (const HostPort& address : served()) parts_.log.info(kTag, "page at " + page_place(address, own, host_name()));
    parts_.log.info(kTag, "certificate of the page: SHA-256 " + fingerprint);
    if (!code.empty())
      parts_.log.warn(kTag, "this device is not set up: open the page within 30 minutes and enter the code " + code);
    if (code.empty() && !site_->access().has_admin() && parts_.config.password.empty())
      parts_.log.warn(kTag, "nobody can log in: give the password of the user admin with web.password_file");
  }

  /// The password of the file wins over one that was set by the page.
  void take_declared_password() {
    if (parts_.config.password.empty()) return;
    const web::User* admin = site_->access().find(kAdmin);
    if (admin == nullptr) return set_declared_password();
    hasher_->verify(admin->password_hash, parts_.config.password, [this](secrets::PasswordHasher::Answer answer) {
      if (answer == secrets::PasswordHasher::Answer::wrong) set_declared_password();
    });
  }

  void set_declared_password() {
    if (auto good = web::check_password(kAdmin, parts_.config.password); !good)
      return parts_.log.error(kTag, good.error());
    hash_and_set(kAdmin, parts_.config.password, "the configuration", "web.password_file",
                 [this](const Result<void>& set) {
                   if (!set) parts_.log.error(kTag, set.error());
                 });
  }

  void hash_and_set(const std::string& user, std::string password, std::string_view who, std::string_view from,
                    std::function<void(Result<void>)> done) {
    hasher_->hash(std::move(password), [this, user, who, from, done](const Result<std::string>& hash) {
      done(hash ? site_->set_password(user, *hash, who, from) : Result<void>(tl::unexpected(hash.error())));
    });
  }

  void keep_history() {
    if (!site_ || parts_.device == nullptr) return;
    if (auto kept = state_.keep_history(site_->history()); !kept) parts_.log.error(kTag, kept.error());
  }

  void keep_events() {
    if (!site_ || site_->events().version() == events_version_) return;
    events_version_ = site_->events().version();
    if (auto kept = state_.keep_events(site_->events()); !kept) parts_.log.error(kTag, kept.error());
  }

  // constant after construction
  const WebParts parts_;

  // loop thread only
  web::host::WebState state_;
  std::unique_ptr<secrets::Cryptography> cryptography_;
  std::unique_ptr<secrets::PasswordHasher> hasher_;
  std::unique_ptr<web::Site> site_;
  std::unique_ptr<web::host::Server> server_;
  std::optional<Instant> history_kept_;
  Instant events_kept_;
  std::uint64_t events_version_ = 0;
};

}  // namespace

std::string page_place(const HostPort& served, const std::string& address, const std::string& name) {
  if (!is_every_address(served.host)) return "https://" + format(served) + "/";
  const std::string& own = address.empty() || served.host == "::" ? name : address;
  if (own.empty()) return "https://" + format(served) + "/";
  return "https://" + format({own, served.port}) + "/ (served at " + format(served) + ")";
}

std::unique_ptr<WebFace> WebFace::open(const WebParts& parts) {
  auto face = std::make_unique<OpenWebFace>(parts);
  if (auto started = face->start(); !started) {
    Error error = started.error();
    // While it is set up there is no configuration file.
    if (parts.desk != nullptr && error.code == web::listen_failed)
      error.hint = "choose an address of this machine and a free port with --setup-listen";
    parts.log.error(kTag, error);
    return nullptr;
  }
  return face;
}

}  // namespace meterseal::app
