#pragma once

// A device for tests of the page: three-phase meter with values that do not move, a seal that can be set, and a record
// of the console lines that were run.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "meter/errors.hpp"
#include "web/device_view.hpp"
#include "web/errors.hpp"
#include "web/site.hpp"

namespace meterseal::test {

class PageDevice : public web::DeviceView {
 public:
  struct Line {
    std::string text;
    console::Caller caller;
  };

  PageDevice() {
    seal_.state = web::Seal::sealed;
    seal_.broker = "broker.example.com:8883";
    seal_.mode = "fingerprint";
    seal_.by = "the pinned certificate";
    seal_.version = "TLSv1.3";
    seal_.suite = "TLS_AES_256_GCM_SHA384";
    seal_.expires = UtcTime(seconds{1'800'000'000});
    seal_.renewal = {"renewal = \"same-key\": one with a new key will be refused; chain and name verify",
                     "follow every renewal by this CA", "TlsRenewal same-ca"};
    settings["MqttHost"] = {"broker.example.com", web::Setting::State::open, {}};
    settings["MqttPort"] = {"8883", web::Setting::State::open, {}};
    settings["MqttUser"] = {"emon_1", web::Setting::State::open, {}};
    settings["MqttPassword"] = {"canary-broker-password", web::Setting::State::open, {}};
    settings["Topic"] = {"emon_1", web::Setting::State::fixed, {}};
    settings["TelePeriod"] = {"300", web::Setting::State::open, {}};
    settings["TlsMode"] = {"fingerprint", web::Setting::State::open, {}};
    settings["MqttFingerprint1"] = {"AA:BB", web::Setting::State::open, {}};
    settings["MqttFingerprint2"] = {"", web::Setting::State::open, {}};
    settings["TlsRenewal"] = {"same-key", web::Setting::State::open, {}};
  }

  [[nodiscard]] std::string name() const override { return "House <1>"; }
  [[nodiscard]] std::optional<CivilTime> local_time() const override {
    return CivilTime{{2026, 11, 24}, 17, 5, 9, 0, 0};
  }
  [[nodiscard]] std::vector<web::MeterView> meters() override {
    web::MeterView main;
    main.name = "main";
    main.model = "Eastron SDM630";
    main.age = seconds{1};
    main.whole = {std::nullopt, 9'120, 2'078'400, 2'101'000, 306'000, 989};
    main.phases = {{231'400, 4'310, 991'000, 997'000, 110'000, 994},
                   {229'800, 1'203, 268'000, 276'000, 66'000, 971},
                   {230'600, 3'607, 819'400, 831'000, 138'000, 986}};
    main.frequency_mhz = 50'010;
    main.today_mwh = 11'482'000;
    main.yesterday_mwh = 17'903'000;
    main.total_mwh = 18'265'431'000;
    main.exported_mwh = 0;
    web::MeterView pump;
    pump.name = "heatpump";
    pump.model = "Eastron SDM120";
    pump.trouble = "no answer since 12 s: check wires, address and baud rate";
    return {main, pump};
  }
  [[nodiscard]] web::SealView seal() const override { return seal_; }
  [[nodiscard]] std::uint64_t waiting_records() const override { return 3; }
  [[nodiscard]] std::vector<web::Fact> facts() override {
    return {{"Program", "Version", "0.1.0"},
            {"Program", "Topic", "emon/1"},
            {"Program", "Uptime", "0T03:12:44"},
            {"Network", "Host name", "meter-gw"}};
  }
  [[nodiscard]] std::vector<web::Metric> metrics() override {
    return {
        {"outbox_records",
         "Records that wait to be confirmed, by the broker or as mqtt.delivery says by a receiver",
         web::Metric::Kind::gauge,
         {},
         3,
         0},
        {"tls_verdicts_total", "Brokers judged", web::Metric::Kind::counter, {{"verdict", "pin \"mismatch\""}}, 1, 0}};
  }
  [[nodiscard]] std::vector<std::string> log_lines() const override {
    return {"17:05:07.001 MQT: Connected to broker.example.com:8883 (TLS)",
            "17:05:08.002 WEB: login: admin from 192.0.2.1"};
  }
  [[nodiscard]] web::Setting setting(std::string_view command) const override {
    const auto found = settings.find(std::string(command));
    return found == settings.end() ? web::Setting{} : found->second;
  }
  [[nodiscard]] console::Replies run(std::string_view line, const console::Caller& caller) override {
    lines.push_back({std::string(line), caller});
    const std::string word(line.substr(0, line.find(' ')));
    const bool is_query = line.find(' ') == std::string_view::npos;
    if (caller.rights == console::Rights::view && !is_query)
      return {{"RESULT", R"({"Command":"Error","Input":"X","Reason":"a viewer may only ask"})"}};
    if (word == "Refused") return {{"RESULT", R"({"Command":"Error","Input":"REFUSED","Reason":"no"})"}};
    if (word == "Status0")
      return {{"STATUS", R"({"Status":{"Topic":"t"}})"}, {"STATUS1", R"({"StatusPRM":{"Uptime":"x"}})"}};
    std::string value = is_query ? setting(word).value : std::string(line.substr(line.find(' ') + 1));
    if (line == "TelePeriod 5") value = "10";
    if (line == "TlsRenewal same-ca") seal_.renewal = {"renewals by the same CA are followed, with any key", "", ""};
    if (!is_query && settings.contains(word)) settings[word].value = value == "0" ? "" : value;
    return {{"RESULT", "{\"" + word + "\":\"" + (word == "MqttPassword" ? "****" : value) + "\"}"}};
  }
  /// "MqttPort 1883" is where nobody listens.
  [[nodiscard]] bool needs_proof(const std::vector<std::string>& changed) const override {
    return std::any_of(changed.begin(), changed.end(), [](const std::string& line) {
      return line.starts_with("MqttPort") || line.starts_with("TlsMode") || line.starts_with("MqttFingerprint");
    });
  }
  void prove(const std::vector<std::string>& changed, std::function<void(web::Proof)> done) override {
    ++proofs;
    const bool fails = std::find(changed.begin(), changed.end(), "MqttPort 1883") != changed.end();
    const auto answer = [done = std::move(done), fails] {
      done(
          {fails ? web::Proof::Outcome::fails : web::Proof::Outcome::holds,
           R"({"steps":[{"name":"tcp","state":"bad","text":"nobody listens on 1883","hint":"check the port"},{"name":"policy","state":"bad","text":"served 3B:1C:9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC"}]})"});
    };
    if (answers_tasks) return answer();
    waiting_proof = answer;
  }
  [[nodiscard]] web::AuthoritiesView authorities() const override { return authorities_; }
  [[nodiscard]] Result<std::vector<web::AuthorityView>> read_authorities(std::string_view pem) const override {
    if (!pem.starts_with("-----BEGIN CERTIFICATE-----"))
      return fail(web::bad_form, "the upload", "holds no certificate in PEM");
    return std::vector<web::AuthorityView>{{"CN = Site <CA>", "3B:1C:9F", "Dec 31 23:59:59 2049 GMT"}};
  }
  /// The word "stranger" in the text makes it one.
  void prove_authorities(const std::string& pem, std::function<void(web::Proof)> done) override {
    const bool fails = pem.find("stranger") != std::string::npos;
    done({fails ? web::Proof::Outcome::fails : web::Proof::Outcome::holds,
          R"({"steps":[{"name":"policy","state":"bad","text":"an unknown CA"}]})"});
  }
  Result<void> keep_authorities(std::string_view pem, web::Proof::Outcome proved) override {
    authorities_ = {};
    if (pem.empty()) return {};
    kept_with = proved;
    authorities_ = {web::AuthoritiesView::Place::uploaded, "", *read_authorities(pem)};
    return {};
  }
  [[nodiscard]] std::string scan_json() const override {
    return R"({"own":true,"buses":[{"name":"bus1","line":"/dev/ttyUSB0 9600 8N1","port":"/dev/ttyUSB0","baud":9600,"parity":"none","meters":[{"name":"main","address":1,"profile":"SDM630","primary":true},{"name":"heatpump","address":2,"profile":"SDM120","primary":false}]}],"profiles":["SDM120","SDM630"],)" +
           scan_state + "}";
  }
  Result<void> start_scan(const web::ScanRange& range) override {
    scanned.push_back(range);
    scan_state = R"("running":true,"bus":0,"asked":2,"of":32,"found":[{"address":7,"fits":["SDM120"]}])";
    return {};
  }
  void cancel_scan() override {
    scan_state = R"("running":false,"bus":0,"asked":2,"of":32,"found":[{"address":7,"fits":["SDM120"]}])";
  }
  Result<void> change_meters(const web::MeterChange& change) override {
    if (change.port == "/dev/ttyUSB7" && !change.may_be_missing)
      return fail(meter::port_missing, "port", "the port /dev/ttyUSB7 is not there");
    if (change.kind == web::MeterChange::Kind::put && change.address == "1")
      return fail(web::bad_form, "address", "address 1 is that of \"main\" on the same bus");
    changes.push_back(change);
    return {};
  }
  void test_meter(std::size_t /*bus*/, std::uint8_t address, const std::string& /*profile*/,
                  std::function<void(std::string)> done) override {
    done(address == 9 ? R"({"error":"the meter does not answer","hint":"check A and B"})"
                      : R"({"answers":true,"values":[{"name":"Voltage","value":"231.4 V"}]})");
  }
  void start(web::Task task, const std::string& argument, std::function<void(std::string)> done) override {
    tasks.push_back({task, argument, std::move(done)});
    if (answers_tasks) finish_task();
  }
  /// A backup is the passphrase and a word; "damaged" is none.
  void back_up(const std::string& passphrase, std::function<void(Result<std::string>)> done) override {
    done("sealed with " + passphrase + "\n" + std::string("\0\xFF", 2));
  }
  void open_backup(const std::string& passphrase, const std::string& backup,
                   std::function<void(Result<std::string>)> done) override {
    if (backup.find("sealed with " + passphrase + "\n") != 0)
      return done(fail(web::bad_form, "the passphrase", "does not open this file"));
    opened = backup;
    const auto answer = [done = std::move(done)] {
      done(
          R"x({"device":"emon_1","made":1795000000,"version":"0.1.0","brokers":["broker.example.com:8883"],"meters":["main"],"users":["admin (admin)"],"tokens":[]})x");
    };
    if (answers_tasks) return answer();
    waiting_proof = answer;
  }
  Result<void> restore_opened() override {
    restored.push_back(opened);
    return {};
  }
  void finish_task() {
    const auto task = std::move(tasks.back());
    tasks.pop_back();
    task.done(
        task.kind == web::Task::fetch_fingerprint
            ? R"({"host":")" + task.argument +
                  R"(","fingerprint":"3B:1C:9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC","subject":"CN = broker","issuer":"CN = site CA","expires":"Dec 31 23:59:59 2049 GMT","key":"EC P-256","renewal":"chain and name verify","verifies":"ca"})"
            : R"({"steps":[{"name":"look-up","state":"good","text":"192.0.2.7"},{"name":"TLS","state":"bad","text":"refused","hint":"only if it is MqttFingerprint1 3B:1C:9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC"}]})");
  }

  struct Started {
    web::Task kind;
    std::string argument;
    std::function<void(std::string)> done;
  };
  web::SealView seal_;
  std::map<std::string, web::Setting> settings;
  std::vector<Line> lines;
  std::vector<Started> tasks;
  bool answers_tasks = true;
  std::string scan_state = R"("running":false,"bus":0,"asked":0,"of":0,"found":[])";
  std::vector<web::ScanRange> scanned;
  std::string opened;
  std::vector<std::string> restored;
  std::vector<web::MeterChange> changes;
  web::AuthoritiesView authorities_{web::AuthoritiesView::Place::system, "/etc/ssl/certs", {}};
  std::optional<web::Proof::Outcome> kept_with;
  int proofs = 0;
  std::function<void()> waiting_proof;
};

class PageDesk final : public web::SetupDesk {
 public:
  [[nodiscard]] Choices choices() override {
    return {{"/dev/serial/by-id/usb-A"}, {{"sdm120", "Eastron SDM120"}, {"sdm630", "Eastron SDM630"}}, "emon_1"};
  }
  void start(web::Task task, const std::string& argument, std::function<void(std::string)> done) override {
    if (task != web::Task::try_meter) return device_.start(task, argument, std::move(done));
    tried = argument;
    done(R"({"answers":true,"values":[{"name":"voltage_l1","value":"231.4 V"}]})");
  }
  /// The password "wrong" is.
  void try_broker(const Site& site, std::function<void(web::Proof)> done) override {
    const bool fails = site.password == "wrong";
    done({fails ? web::Proof::Outcome::fails : web::Proof::Outcome::holds,
          R"({"steps":[{"name":"mqtt","state":"bad","text":"the broker does not take user or password"}]})"});
  }
  [[nodiscard]] Result<void> finish(const Site& site) override {
    if (refusal) return tl::unexpected(*refusal);
    finished.push_back(site);
    return {};
  }

  void open_backup(const std::string& passphrase, const std::string& backup,
                   std::function<void(meterseal::Result<std::string>)> done) override {
    device_.open_backup(passphrase, backup, std::move(done));
  }
  meterseal::Result<void> restore_opened() override { return device_.restore_opened(); }
  [[nodiscard]] const std::vector<std::string>& restored() const { return device_.restored; }

  std::string tried;
  std::vector<Site> finished;
  std::optional<Error> refusal;

 private:
  PageDevice device_;
};

class MemoryKeeper final : public web::AccessKeeper {
 public:
  [[nodiscard]] Result<void> keep(const web::Access& access) override {
    if (refusal) return tl::unexpected(*refusal);
    kept.push_back(access.encode());
    return {};
  }
  std::vector<std::string> kept;
  std::optional<Error> refusal;
};

}  // namespace meterseal::test
