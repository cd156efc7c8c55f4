#include "app/face/page_tasks.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "app/device_side.hpp"
#include "app/toolbox/tls_look.hpp"
#include "app/toolbox/tls_talks.hpp"
#include "core/json_writer.hpp"
#include "trust/checks.hpp"
#include "trust/pin.hpp"
#include "web/view_json.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;

/// @param facts  of a second handshake, judged by the authorities at hand; nullopt: there was none
std::string shown(const HostPort& to, const trust::host::ProbeReport& report,
                  const std::optional<trust::Facts>& facts) {
  const trust::host::CertificateReport& leaf = report.chain.front();
  const std::string key_pin(trust::format_key_pin(leaf.key).view());
  const std::string_view note = report.proved_key ? "the server has proved that it owns the key"
                                                  : "the server has not proved that it owns the key";
  const std::string renewal = facts ? check_renewal(std::nullopt, *facts).evidence : "";
  const bool verifies = facts && trust::verifies_to_an_anchor(*facts);
  return web::texts_json({{"host", format(to)},
                          {"fingerprint", trust::format_sha256(leaf.certificate).view()},
                          {"keyPin", key_pin},
                          {"subject", leaf.subject},
                          {"issuer", leaf.issuer},
                          {"expires", leaf.not_after},
                          {"key", leaf.key_kind},
                          {"note", note},
                          {"renewal", renewal},
                          {"verifies", verifies ? "ca" : ""}});
}

std::string_view state_of(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::good: return "good";
    case CheckVerdict::warning: return "warn";
    case CheckVerdict::bad: return "bad";
    case CheckVerdict::skipped: return "skipped";
  }
  return {};
}

}  // namespace

std::string steps_json(const std::vector<Check>& checks) {
  std::vector<char> memory(std::size_t{64} * 1024);
  JsonWriter json(memory);
  json.open_object().key("steps").open_array();
  for (const Check& check : checks) {
    json.open_object().key("name").text(check.id).key("state").text(state_of(check.verdict));
    json.key("text").text(check.evidence).key("hint").text(check.remedy).close_object();
  }
  json.close_array().close_object();
  return json.truncated() ? R"({"error":"the answer is too large"})" : std::string(json.view());
}

struct PageTasks::Result {
  std::vector<Check> checks;
  std::atomic<bool> is_there{false};
};

void PageTasks::fetch_fingerprint(const std::string& address, const AuthoritiesAtHand& authorities, const Done& done) {
  const auto to = parse_host_port(address, kTlsPort);
  if (!to) return done(web::texts_json({{"error", address + " " + to.error()}, {"hint", "HOST or HOST:PORT"}}));
  const auto prober = trust::host::Prober::make(trust::host::ProbeOffer::modern);
  if (!prober) return done(web::error_json(prober.error()));
  auto probe = (*prober)->probe(to->host);
  if (!probe) return done(web::error_json(probe.error()));
  const auto talk = std::make_shared<ProbeTalk>(std::move(*probe));
  start_walk(
      loop_, *to, {}, talk,
      [this, alive = std::weak_ptr<const int>(alive_), talk, to = *to, authorities, done](const WalkResult& way) {
        if (alive.expired()) return;
        if (!talk->report().chain.empty()) return judge_renewal(to, talk, authorities, done);
        const auto failure = failure_of(to, {way, talk->report()});
        done(failure ? web::error_json(*failure) : web::texts_json({{"error", "no certificate was sent"}}));
      });
}

/// Would this device's authorities follow a renewal with a new key? Nothing is believed by it.
void PageTasks::judge_renewal(const HostPort& to, const std::shared_ptr<ProbeTalk>& seen,
                              const AuthoritiesAtHand& authorities, const Done& done) {
  trust::host::TlsSettings settings;
  settings.policy.mode = trust::Mode::ca;
  settings.ca_builtin = authorities.ca_builtin;
  settings.ca_file = authorities.ca_file;
  settings.ca_path = authorities.ca_path;
  const auto context = trust::host::TlsContext::make(settings);
  const auto now = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  auto client = context ? (*context)->connect(to.host, UtcTime(now)) : tl::unexpected(context.error());
  if (!client) return done(shown(to, seen->report(), std::nullopt));
  const auto talk = std::make_shared<EngineTalk>(std::move(*client));
  start_walk(loop_, to, {}, talk, [alive = std::weak_ptr<const int>(alive_), talk, seen, to, done](const WalkResult&) {
    if (alive.expired()) return;
    const trust::Facts& facts = talk->client().summary().facts;
    // Another server may have answered this time: then nothing is said about renewals.
    const bool same = facts.certificate == seen->report().chain.front().certificate;
    done(shown(to, seen->report(), same ? std::optional(facts) : std::nullopt));
  });
}

void PageTasks::examine(Examination examination, const std::function<void(const std::vector<Check>&)>& done) {
  const auto result = std::make_shared<Result>();
  std::thread([result, examination = std::move(examination)]() mutable {
    host::SystemClock clock(examination.clock);
    if (const auto floor = load_clock_floor(examination.state_directory)) clock.raise_floor(*floor);
    result->checks = app::examine(examination.patient, clock);
    result->is_there = true;
  }).detach();
  look(result, std::make_shared<boost::asio::steady_timer>(loop_), done);
}

void PageTasks::look(const std::shared_ptr<Result>& result, const std::shared_ptr<boost::asio::steady_timer>& timer,
                     const std::function<void(const std::vector<Check>&)>& done) {
  timer->expires_after(milliseconds{200});
  timer->async_wait([this, alive = std::weak_ptr<const int>(alive_), result, timer, done](auto error) {
    if (error || alive.expired()) return;
    if (result->is_there) return done(result->checks);
    look(result, timer, done);
  });
}

}  // namespace meterseal::app
