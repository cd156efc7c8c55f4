#include "app/toolbox/doctor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <fstream>
#include <memory>

#include "app/broker_setup.hpp"
#include "app/host_facts.hpp"
#include "mqtt/errors.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

namespace {

using trust::host::ProbeOffer;
using trust::host::Prober;

constexpr std::string_view kStrangersName = "meterseal-probe";

UtcTime machine_time() {
  return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
}

Check skipped(std::string id, std::string why) {
  return {std::move(id), CheckVerdict::skipped, std::move(why), ""};
}
Check bad(std::string id, const Error& error) {
  std::string text(error.where.view());
  text.append(text.empty() ? "" : ": ").append(error.detail.view()).append(" (").append(error.code.name).append(")");
  return {std::move(id), CheckVerdict::bad, std::move(text), std::string(error.remedy())};
}

/// Says nothing: the doctor reports by itself.
class Silence final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*tag*/, std::string_view /*text*/) override {}
};

/// One connection as the agent makes it, up to CONNACK. Never tried again.
class Login final : private mqtt::host::ClientObserver {
 public:
  Login(boost::asio::io_context& io, const Clock& clock, mqtt::host::Broker broker, const MqttConfig& mqtt)
      : io_(io), limit_(io) {
    mqtt::host::ClientOptions options;
    options.brokers = {std::move(broker)};
    options.version = mqtt.version;
    options.client_id = mqtt.client_id + "-probe";
    options.user = mqtt.user;
    options.password = mqtt.password;
    options.keep_alive = mqtt.keep_alive;
    client_ = mqtt::host::Client::make(io, clock, silence_, std::move(options), *this);
  }

  /// @return nullopt: CONNACK 0
  std::optional<Error> run() {
    constexpr std::chrono::seconds kLimit{45};  // the client's own four deadlines of 10 s come first
    limit_.expires_after(kLimit);
    limit_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) end(make_error(mqtt::connack_timeout, "", "no answer"));
    });
    client_->start();
    io_.restart();
    io_.run();
    return failure_;
  }

 private:
  void on_connected(const mqtt::host::Broker& /*broker*/) override { end(std::nullopt); }
  void on_disconnected() override {}
  void on_message(const mqtt::Message& /*message*/) override {}
  void on_published(mqtt::Token /*token*/) override {}
  void on_rejected(mqtt::Token /*token*/, const Error& /*error*/) override {}
  void on_failure(const mqtt::host::Broker& /*broker*/, const Error& error) override { end(error); }

  void end(const std::optional<Error>& failure) {
    if (is_ended_) return;
    is_ended_ = true;
    failure_ = failure;
    limit_.cancel();
    client_->stop([this] { io_.stop(); });
  }

  boost::asio::io_context& io_;
  boost::asio::steady_timer limit_;
  Silence silence_;
  std::unique_ptr<mqtt::host::Client> client_;
  bool is_ended_ = false;
  std::optional<Error> failure_;
};

/// The number behind `key` in kB lines of /proc/self/status.
std::uint64_t status_kb(std::string_view key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) == 0) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
  }
  return 0;
}

/// The tightest limit of the control groups that this process is in. 0: none.
/// @source Linux, Documentation/admin-guide/cgroup-v2.rst, memory.max
std::uint64_t memory_limit_kb() {
  std::ifstream membership("/proc/self/cgroup");
  std::string group;
  for (std::string line; std::getline(membership, line);) {
    if (line.rfind("0::", 0) == 0) group = line.substr(3);
  }
  std::uint64_t limit_kb = 0;
  while (!group.empty() && group != "/") {
    std::ifstream file("/sys/fs/cgroup" + group + "/memory.max");
    std::uint64_t limit = 0;
    if (file >> limit && (limit_kb == 0 || limit / 1024 < limit_kb)) limit_kb = limit / 1024;
    group.resize(group.rfind('/'));
  }
  return limit_kb;
}

class Doctor {
 public:
  Doctor(const Patient& patient, const host::SystemClock& clock)
      : patient_(patient), clock_(clock), needs_clock_(rests_on_dates(patient)) {}

  std::vector<Check> run() {
    if (auto modern = look(ProbeOffer::modern)) spoken_.modern = std::move(*modern);
    checks_.push_back(check_dns(spoken_.modern.way));
    checks_.push_back(check_tcp(patient_.to, spoken_.modern.way));
    if (spoken_.modern.way.is_connected()) {
      find_out_what_it_speaks();
      checks_.push_back(check_tls(patient_.to, spoken_));
      checks_.push_back(check_versions(spoken_));
    } else {
      skip({"tls", "tls_version"}, "there is no connection");
    }
    look_at_certificate();
    look_at_policy();
    checks_.push_back(check_renewal_if_possible());
    log_in();
    checks_.push_back(
        check_clock({clock_.source(), machine_time(), clock_.floor(), host::build_date()}, facts_, needs_clock_));
    checks_.push_back(check_memory(memory()));
    return std::move(checks_);
  }

 private:
  static bool rests_on_dates(const Patient& patient) {
    return patient.broker && patient.broker->tls.policy.mode != trust::Mode::fingerprint &&
           patient.broker->tls.policy.mode != trust::Mode::off;
  }

  std::optional<Look> look(ProbeOffer offer) {
    const auto prober = Prober::make(offer);
    if (!prober) return std::nullopt;
    auto seen = look_at(io_, **prober, patient_.to);
    if (!seen) return std::nullopt;
    return std::move(*seen);
  }

  void find_out_what_it_speaks() {
    const Look& modern = spoken_.modern;
    const bool is_plain = !plain_protocol_of(modern.way.first_bytes).empty();
    if (!is_plain && !modern.way.timed_out) spoken_.legacy = look(ProbeOffer::legacy);
    const bool speaks_tls = modern.probe.proved_key || (spoken_.legacy && !spoken_.legacy->probe.version.empty());
    if (speaks_tls || is_tls(modern.way.first_bytes)) return;
    const auto talk = std::make_shared<PlainMqttTalk>(std::string(kStrangersName));
    (void)walk(io_, patient_.to, {}, talk);
    spoken_.plain_mqtt = talk->got_connack();
  }

  void skip(const std::vector<std::string>& ids, const std::string& why) {
    for (const std::string& id : ids) checks_.push_back(skipped(id, why));
  }

  /// Chain, name and dates as the engine sees them in CA mode: what CA mode would make of this server, whatever mode
  /// this device is in. The machine's time is taken as it is; `clock` says what it is worth.
  void look_at_certificate() {
    const auto& chain = spoken_.modern.probe.chain;
    if (chain.empty()) return skip({"key", "strength", "chain", "name", "dates", "ocsp"}, "no certificate was served");
    checks_.push_back(check_key(patient_.to, spoken_.modern.probe));
    trust::host::TlsSettings settings;
    settings.policy.mode = trust::Mode::ca;
    Judged judged;
    choose_anchors(settings, judged);
    const auto context = trust::host::TlsContext::make(settings);
    if (!context) {
      checks_.push_back(bad("chain", context.error()));
      return skip({"strength", "name", "dates", "ocsp"}, "the engine could not be set up");
    }
    const auto talk = talk_with(**context, machine_time());
    if (!talk || talk->client().summary().facts.certificate == trust::Sha256{}) {
      return skip({"strength", "chain", "name", "dates", "ocsp"}, "the certificate was not served a second time");
    }
    judged.facts = talk->client().summary().facts;
    judged.matters = !patient_.broker || rests_on_dates(patient_);
    facts_ = judged.facts;
    checks_.push_back(check_strength(judged));
    checks_.push_back(check_chain(judged));
    checks_.push_back(check_name(patient_.to, judged));
    checks_.push_back(check_dates(judged, chain.front(), machine_time()));
    checks_.push_back(check_staple(judged));
  }

  void choose_anchors(trust::host::TlsSettings& settings, Judged& judged) const {
    if (patient_.broker && patient_.broker->tls.ca_builtin) {
      settings.ca_builtin = true;
      judged.anchors = "the CA chain of this build";
      return;
    }
    if (patient_.broker) {
      settings.ca_file = patient_.broker->tls.ca_file.path;
      settings.ca_path = patient_.broker->tls.ca_path.path;
      settings.crl_file = patient_.broker->tls.crl_file.path;
      settings.ca_builtin = patient_.broker->tls.ca_builtin;
    }
    if (settings.ca_builtin) {
      judged.anchors = "this program's build";
      return;
    }
    if (settings.ca_file.empty() && settings.ca_path.empty()) {
      settings.ca_file = patient_.ca_file;
      settings.ca_path = patient_.ca_path;
    }
    if (settings.ca_file.empty() && settings.ca_path.empty()) settings.ca_path = kSystemAnchors;
    judged.anchors = settings.ca_file.empty() ? settings.ca_path : settings.ca_file;
  }

  std::shared_ptr<EngineTalk> talk_with(trust::host::TlsContext& context, std::optional<UtcTime> now) {
    auto client = context.connect(patient_.to.host, now);
    if (!client) return nullptr;
    auto talk = std::make_shared<EngineTalk>(std::move(*client));
    (void)walk(io_, patient_.to, {}, talk);
    return talk;
  }

  /// Without this device's client certificate: nothing of this device is shown before it trusts.
  void look_at_policy() {
    if (!patient_.broker) return skip({"policy"}, "is none of this device's brokers");
    if (patient_.broker->tls.policy.mode == trust::Mode::off) {
      checks_.push_back({"policy", CheckVerdict::bad,
                         "mode = \"off\": user name, password and readings travel in clear",
                         "use mode = \"fingerprint\" or \"ca\" in [mqtt.tls] and the broker's TLS port"});
      return;
    }
    if (!facts_) return skip({"policy"}, "no certificate to judge");
    trust::host::TlsSettings settings = tls_settings(patient_.broker->tls, patient_.lineage);
    settings.client_cert.clear();
    settings.client_key.clear();
    settings.pkcs11.clear();
    const std::uint64_t before_kb = status_kb("VmRSS:");
    const std::uint64_t peak_before_kb = status_kb("VmHWM:");
    const auto context = make_context(settings);
    if (!context) {
      checks_.push_back(bad("policy", context.error()));
      return;
    }
    const auto talk = talk_with(**context, clock_.utc());
    const std::uint64_t peak_kb = status_kb("VmHWM:");
    // The peak of the whole process is all that the kernel tells: where this handshake did not raise it, it cost less.
    trust_peak_kb_ = peak_kb > peak_before_kb ? peak_kb - before_kb : 0;
    if (!talk) return skip({"policy"}, "the handshake could not begin");
    judge_policy(patient_.broker->tls, *talk);
  }

  void judge_policy(const TlsConfig& tls, EngineTalk& talk) {
    const OwnTrust own{tls.policy, patient_.lineage};
    const trust::Facts& facts = talk.client().summary().facts;
    if (talk.is_done()) {
      is_trusted_ = std::holds_alternative<trust::Trusted>(talk.client().verdict());
      checks_.push_back(check_policy(own, facts, talk.client().verdict()));
      return;
    }
    const auto first = trust::judge_certificate(own.policy, own.lineage, facts);
    if (facts.certificate == trust::Sha256{} || std::holds_alternative<trust::Acceptable>(first)) {
      const std::string alert = talk.client().peer_alert();
      const bool wants_certificate = spoken_.modern.probe.asked_for_client_certificate;
      const ClientIdentity& identity = tls.identity;
      const bool has_identity = !identity.certificate.path.empty() || !identity.pkcs11_uri.path.empty();
      is_trusted_ = wants_certificate && facts.certificate != trust::Sha256{} && has_identity;
      checks_.push_back({"policy", is_trusted_ ? CheckVerdict::good : CheckVerdict::bad,
                         "the handshake ended early" + (alert.empty() ? "" : ", the broker sent \"" + alert + "\"") +
                             (wants_certificate ? ": it wants a client certificate" : ""),
                         is_trusted_ ? "" : "set client_cert and client_key in [mqtt.tls], or see the broker's log"});
      return;
    }
    checks_.push_back(check_policy(own, facts, trust::judge(own.policy, own.lineage, facts)));
  }

  [[nodiscard]] Check check_renewal_if_possible() const {
    if (!facts_) return skipped("renewal", "no certificate to judge");
    if (!patient_.broker) return check_renewal(std::nullopt, *facts_);
    return check_renewal(OwnTrust{patient_.broker->tls.policy, patient_.lineage}, *facts_);
  }

  void log_in() {
    if (!patient_.broker || !patient_.mqtt) return skip({"mqtt"}, "credentials go to this device's own brokers only");
    if (!is_trusted_) return skip({"mqtt"}, "credentials go to a trusted broker only");
    if (patient_.mqtt->preset != mqtt::Preset::none) {
      return skip({"mqtt"},
                  "this service takes the device's own client id only, and a second connection ends the first");
    }
    auto broker = broker_of(*patient_.broker, patient_.lineage);
    if (!broker) {
      checks_.push_back(bad("mqtt", broker.error()));
      return;
    }
    const auto failure = Login(io_, clock_, std::move(*broker), *patient_.mqtt).run();
    if (failure && failure->code == mqtt::client_id_refused) {
      checks_.push_back({"mqtt", CheckVerdict::warning,
                         "the broker takes the device's own client id only: TLS is proved, user and password are not",
                         "nothing, if the device itself connects; else see the broker's log"});
      return;
    }
    if (failure) {
      checks_.push_back(bad("mqtt", *failure));
      return;
    }
    checks_.push_back({"mqtt", CheckVerdict::good,
                       "accepts " + (patient_.mqtt->user.empty() ? "this device" : "user " + patient_.mqtt->user) +
                           " as client " + patient_.mqtt->client_id + "-probe",
                       ""});
  }

  [[nodiscard]] MemoryState memory() const {
    MemoryState state;
    state.resident_kb = status_kb("VmRSS:");
    state.available_kb = read_machine_load().available_memory_kb;
    state.limit_kb = memory_limit_kb();
    state.trust_peak_kb = trust_peak_kb_.value_or(0);
    if (trust_peak_kb_ && patient_.broker) state.trust_mode = name_of_mode(patient_.broker->tls);
    return state;
  }

  [[nodiscard]] static std::string name_of_mode(const TlsConfig& tls) {
    const std::string anchors = tls.ca_builtin             ? "built in"
                                : tls.ca_file.path.empty() ? tls.ca_path.path
                                                           : tls.ca_file.path;
    switch (tls.policy.mode) {
      case trust::Mode::fingerprint: return "by fingerprint";
      case trust::Mode::ca: return "by CA, " + anchors;
      case trust::Mode::ca_fingerprint: return "by CA and fingerprint, " + anchors;
      case trust::Mode::off: break;
    }
    return "";
  }

  const Patient& patient_;
  const host::SystemClock& clock_;
  const bool needs_clock_;
  boost::asio::io_context io_{1};
  Spoken spoken_;
  std::optional<trust::Facts> facts_;  ///< of the look in CA mode
  std::optional<std::uint64_t> trust_peak_kb_;
  bool is_trusted_ = false;
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> examine(const Patient& patient, const host::SystemClock& clock) {
  return Doctor(patient, clock).run();
}

}  // namespace meterseal::app
