#include "app/face/setup_desk.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <random>
#include <sstream>
#include <system_error>

#include "app/agent/site_setup.hpp"
#include "app/face/meter_values.hpp"
#include "app/face/proposal.hpp"
#include "app/face/setup_text.hpp"
#include "app/face/site_file.hpp"
#include "app/face/state_file.hpp"
#include "core/host/private_file.hpp"
#include "meter/default_profiles.hpp"
#include "meter/errors.hpp"
#include "meter/profile_csv.hpp"
#include "web/errors.hpp"
#include "web/host/web_state.hpp"
#include "web/view_json.hpp"

namespace meterseal::app {

namespace {

/// A whole round of the slowest line, and one answer that does not come.
constexpr seconds kTryFor{6};

std::string topic_proposal() {
  std::random_device random;
  return std::string(Text<16>("meter_").add_hex(random() & 0xFFFFFFU, 6).view());
}

/// Names that stay the same over a restart first.
std::vector<std::string> serial_ports() {
  std::vector<std::string> ports;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/serial/by-id", error))
    ports.push_back(entry.path());
  if (ports.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
      const std::string name = entry.path().filename();
      // Of ttyS most are not there although the kernel names them: those are typed.
      for (const std::string_view kind : {"ttyUSB", "ttyACM", "ttyAMA", "ttySC", "ttymxc"}) {
        if (name.starts_with(kind)) ports.push_back(entry.path());
      }
    }
  }
  std::sort(ports.begin(), ports.end());
  if (ports.size() > 32) ports.resize(32);
  return ports;
}

std::vector<std::string> names_of(const std::vector<meter::Profile>& profiles) {
  std::vector<std::string> names;
  names.reserve(profiles.size());
  for (const meter::Profile& profile : profiles) names.emplace_back(profile.model.view());
  return names;
}

std::string trouble_json(std::string_view what, std::string_view hint) {
  return web::texts_json({{"error", what}, {"hint", hint}});
}

}  // namespace

/// Keeps the first fault that the bus tells: a port that cannot be opened is no fault of the wires.
class AppSetupDesk::Hearing final : public Log {
 public:
  explicit Hearing(Log& log) : log_(log) {}

  void write(LogLevel level, std::string_view tag, std::string_view text) override {
    log_.write(level, tag, text);
    if (level != LogLevel::error) return;
    if (what_.empty()) {
      what_ = text;
    } else if (hint_.empty() && text.starts_with(kHint)) {
      hint_ = text.substr(kHint.size());
    }
  }
  [[nodiscard]] std::string fault_json() const {
    if (what_.empty() || what_.find(meter::no_answer.name) != std::string::npos)
      return trouble_json("the meter does not answer", "check A and B of the wires, its address, baud rate and parity");
    return trouble_json(what_, hint_);
  }

 private:
  static constexpr std::string_view kHint = "hint: ";
  Log& log_;  // constant after construction
  std::string what_;
  std::string hint_;
};

AppSetupDesk::~AppSetupDesk() = default;

AppSetupDesk::AppSetupDesk(SetupParts parts)
    : parts_(std::move(parts)),
      stamper_(parts_.clock, 1),
      tasks_(parts_.loop),
      backup_desk_(parts_.loop, parts_.state_directory, {}, parts_.listen),
      timer_(parts_.loop) {
  const auto texts = meter::default_profile_texts();
  if (auto profiles = meter::load_profiles(std::vector<meter::ProfileText>(texts.begin(), texts.end())))
    profiles_ = std::move(*profiles);
}

web::SetupDesk::Choices AppSetupDesk::choices() {
  Choices choices;
  choices.serial_ports = serial_ports();
  for (const std::string& name : names_of(profiles_)) choices.profiles.emplace_back(name, name);
  std::sort(choices.profiles.begin(), choices.profiles.end());
  choices.topic = topic_proposal();
  return choices;
}

void AppSetupDesk::start(web::Task task, const std::string& argument, std::function<void(std::string)> done) {
  if (task == web::Task::try_meter) return try_meter(argument, std::move(done));
  tasks_.fetch_fingerprint(argument, {}, done);
}

void AppSetupDesk::try_meter(const std::string& argument, std::function<void(std::string)> done) {
  Site site;
  std::istringstream words(argument);
  words >> site.port >> site.baud >> site.parity >> site.address >> site.profile;
  // Everything but the bus is only there to make the file a whole one.
  site.topic = "trial";
  site.broker = "localhost";
  site.mode = "ca";
  if (auto good = check_port(site.port); !good) return done(web::error_json(good.error()));
  const auto config = parse_config(site_text(site, {}, ""), "set-up", names_of(profiles_));
  if (!config) return done(trouble_json(config.error().front().detail, config.error().front().remedy()));
  const auto plan = make_site_plan(*config, profiles_);
  if (!plan) return done(web::error_json(plan.error()));
  tried_.reset();
  heard_ = std::make_unique<Hearing>(parts_.log);
  auto meters = Meters::make(parts_.loop, parts_.clock, *heard_, *plan, stamper_, parts_.calendar,
                             [](const std::string&) { return std::string(); });
  if (!meters) return done(web::error_json(meters.error()));
  tried_ = std::move(*meters);
  tell_ = std::move(done);
  tried_->start([] {});
  look_at_meter(parts_.clock.now() + kTryFor);
}

void AppSetupDesk::look_at_meter(Instant until) {
  timer_.expires_after(milliseconds{100});
  timer_.async_wait([this, until](auto error) {
    if (error) return;
    const Instant now = parts_.clock.now();
    MeterReader& reader = *tried_->in_order().front();
    if (!reader.has_full_round() && now < until) return look_at_meter(until);
    const std::string answer = reader.has_full_round() ? values_json(reader, now) : heard_->fault_json();
    tried_->stop();
    tried_.reset();
    tell_(answer);
  });
}

void AppSetupDesk::try_broker(const Site& site, std::function<void(web::Proof)> done) {
  const auto fails = [&done](std::string json) { done({web::Proof::Outcome::fails, std::move(json)}); };
  // No file of a password is there yet: both are put beside what is read.
  Site without_login = site;
  without_login.user.clear();
  auto config = parse_config(site_text(without_login, {}, ""), "set-up", names_of(profiles_));
  if (!config) return fails(trouble_json(config.error().front().detail, config.error().front().remedy()));
  Patient patient;
  patient.broker = config->mqtt.brokers.front();
  patient.to = patient.broker->address;
  patient.mqtt = config->mqtt;
  patient.mqtt->user = site.user;
  if (!site.user.empty()) patient.mqtt->password = site.password;
  tasks_.examine(
      {std::move(patient), parts_.state_directory, host::ClockTrust::automatic},
      [done = std::move(done)](const std::vector<Check>& checks) {
        done({is_proved(checks) ? web::Proof::Outcome::holds : web::Proof::Outcome::fails, steps_json(checks)});
      });
}

Result<void> AppSetupDesk::finish(const Site& site) {
  if (auto good = check_port(site.port); !good) return good;
  const std::string password = parts_.state_directory + "/" + kPasswordFile;
  if (auto kept = write_state_file(password, site.password + "\n"); !kept) return kept;
  // What would stop the start is said now, in the page.
  const std::string text = site_text(site, parts_.listen, kPasswordFile);
  if (auto kept = keep_site(parts_.state_directory, text, {}); !kept) return kept;
  if (auto marked = web::host::WebState(parts_.state_directory).mark_provisioned(); !marked) return marked;
  boost::asio::post(parts_.loop, parts_.finished);
  return {};
}

Result<void> AppSetupDesk::restore_opened() {
  return backup_desk_.restore_opened().map([this] { boost::asio::post(parts_.loop, parts_.finished); });
}

}  // namespace meterseal::app
