#include "app/face/page_tasks.hpp"

#include <atomic>
#include <thread>
#include <utility>

#include "app/device_side.hpp"
#include "app/toolbox/tls_look.hpp"
#include "app/toolbox/tls_talks.hpp"
#include "core/json_writer.hpp"
#include "trust/pin.hpp"
#include "web/view_json.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;

std::string shown(const HostPort& to, const trust::host::ProbeReport& report) {
  const trust::host::CertificateReport& leaf = report.chain.front();
  const std::string key_pin(trust::format_key_pin(leaf.key).view());
  const std::string_view note = report.proved_key ? "the server has proved that it owns the key"
                                                  : "the server has not proved that it owns the key";
  return web::texts_json({{"host", format(to)},
                          {"fingerprint", trust::format_sha256(leaf.certificate).view()},
                          {"keyPin", key_pin},
                          {"subject", leaf.subject},
                          {"issuer", leaf.issuer},
                          {"expires", leaf.not_after},
                          {"key", leaf.key_kind},
                          {"note", note}});
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

}  // namespace

struct PageTasks::Result {
  std::vector<Check> checks;
  std::atomic<bool> is_there{false};
};

void PageTasks::fetch_fingerprint(const std::string& address, const Done& done) {
  const auto to = parse_host_port(address, kTlsPort);
  if (!to) return done(web::texts_json({{"error", address + " " + to.error()}, {"hint", "HOST or HOST:PORT"}}));
  const auto prober = trust::host::Prober::make(trust::host::ProbeOffer::modern);
  if (!prober) return done(web::error_json(prober.error()));
  auto probe = (*prober)->probe(to->host);
  if (!probe) return done(web::error_json(probe.error()));
  const auto talk = std::make_shared<ProbeTalk>(std::move(*probe));
  start_walk(loop_, *to, {}, talk,
             [alive = std::weak_ptr<const int>(alive_), talk, to = *to, done](const WalkResult& way) {
               if (alive.expired()) return;
               if (!talk->report().chain.empty()) return done(shown(to, talk->report()));
               const auto failure = failure_of(to, {way, talk->report()});
               done(failure ? web::error_json(*failure) : web::texts_json({{"error", "no certificate was sent"}}));
             });
}

void PageTasks::examine(Examination examination, const Done& done) {
  const auto result = std::make_shared<Result>();
  std::thread([result, examination = std::move(examination)]() mutable {
    const host::SystemClock clock(examination.clock);
    Patient& patient = examination.patient;
    if (!examination.state_directory.empty()) {
      // What cannot be read counts as nothing: the doctor then judges by what is declared.
      if (auto lineage = load_lineage(examination.state_directory, patient.to)) patient.lineage = std::move(*lineage);
    }
    result->checks = app::examine(patient, clock);
    result->is_there = true;
  }).detach();
  look(result, std::make_shared<boost::asio::steady_timer>(loop_), done);
}

void PageTasks::look(const std::shared_ptr<Result>& result, const std::shared_ptr<boost::asio::steady_timer>& timer,
                     const Done& done) {
  timer->expires_after(milliseconds{200});
  timer->async_wait([this, alive = std::weak_ptr<const int>(alive_), result, timer, done](auto error) {
    if (error || alive.expired()) return;
    if (result->is_there) return done(steps_json(result->checks));
    look(result, timer, done);
  });
}

}  // namespace meterseal::app
